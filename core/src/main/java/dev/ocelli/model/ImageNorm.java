package dev.ocelli.model;

import org.bytedeco.pytorch.Tensor;

/**
 * Features as the Q-Former is trained on them: {@code (x - mean) whitening}. Files know nothing of it: there it is part of the weights of the
 * cross-attention's keys and values, and of the glance.
 *
 * @param mean what all images have in common, fp32 {@code [imageHidden]}; null: nothing is taken off, and nothing whitened
 * @param whitening {@code [imageHidden, imageHidden]}, symmetric, in the compute type; null: directions stay as they are
 * @param glance what the inputs of all images' {@link Glance} have in common, fp32 {@code [2 * imageHidden]}; null as {@code mean}. They are
 *     never whitened: a linear map found less so
 */
public record ImageNorm(Tensor mean, Tensor whitening, Tensor glance) {
  public static final ImageNorm NONE = new ImageNorm(null, null, null);

  /** {@code [images, patches, imageHidden]}, and so is the result. */
  Tensor apply(Tensor image) {
    if (mean == null) {
      return image;
    }
    Tensor centred = image.sub(mean);
    return whitening == null ? centred : centred.to(whitening.scalar_type()).matmul(whitening);
  }

  /** What a glance of features as they come maps, fp32 {@code [images, 2 * imageHidden]}. */
  Tensor glance(Tensor image) {
    Tensor input = Glance.input(image);
    return glance == null ? input : input.sub(glance);
  }
}
