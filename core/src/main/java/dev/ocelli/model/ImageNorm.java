package dev.ocelli.model;

import org.bytedeco.pytorch.Tensor;

/**
 * Features as the Q-Former is trained on them: {@code (x - mean) whitening}. Files know nothing of it: there it is part of the weights of the
 * cross-attention's keys and values.
 *
 * @param mean what all images have in common, fp32 {@code [imageHidden]}; null: nothing is taken off, and nothing whitened
 * @param whitening {@code [imageHidden, imageHidden]}, symmetric, in the compute type; null: directions stay as they are
 */
public record ImageNorm(Tensor mean, Tensor whitening) {
  public static final ImageNorm NONE = new ImageNorm(null, null);

  /** {@code [images, patches, imageHidden]}, and so is the result. */
  Tensor apply(Tensor image) {
    if (mean == null) {
      return image;
    }
    Tensor centred = image.sub(mean);
    return whitening == null ? centred : centred.to(whitening.scalar_type()).matmul(whitening);
  }
}
