package dev.ocelli.train;

import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Image-text contrast (BLIP-2, section 3.1; ITC): in a batch each photo is to find its own caption among all captions, and each caption its
 * photo.
 */
public final class Contrast {
  private Contrast() {}

  /**
   * The mean of both directions' cross-entropies.
   *
   * @param similarity cosines {@code [pairs, pairs]}, own pairs on the diagonal
   * @param scale one over the temperature, {@code [1]}
   * @param photos which photo each pair is of; several captions of one photo are no negatives of each other
   * @param smoothing of the labels
   */
  public static Tensor loss(Tensor similarity, Tensor scale, int[] photos, double smoothing) {
    return Scope.of(
        () -> {
          Tensor logits = similarity.mul(scale);
          Tensor twins = twins(photos);
          if (twins != null) {
            logits = logits.masked_fill(logits.is_cuda() ? twins.to(logits.device(), ScalarType.Bool) : twins, new Scalar(-1e4));
          }
          Tensor own = torch.arange(new Scalar((double) photos.length), logits.options()).to(ScalarType.Long);
          Tensor imageToText = crossEntropy(logits, own, smoothing);
          Tensor textToImage = crossEntropy(logits.t(), own, smoothing);
          return Tensors.scale(imageToText.add(textToImage), 0.5);
        });
  }

  private static Tensor crossEntropy(Tensor logits, Tensor own, double smoothing) {
    return torch.cross_entropy_loss(logits, own, new TensorOptional(), 1, -100, smoothing);
  }

  /** True where two pairs are of one photo but not the same pair; null where there are none. */
  private static Tensor twins(int[] photos) {
    int n = photos.length;
    float[] twins = new float[n * n];
    boolean any = false;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        if (i != j && photos[i] == photos[j]) {
          twins[i * n + j] = 1;
          any = true;
        }
      }
    }
    return any ? Tensors.of(twins, n, n).to(ScalarType.Bool) : null;
  }
}
