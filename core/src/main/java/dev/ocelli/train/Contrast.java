package dev.ocelli.train;

import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
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
            twins = logits.is_cuda() ? twins.to(logits.device(), ScalarType.Bool) : twins;
            logits = logits.masked_fill(twins, new Scalar(-1e4));
          }
          Tensor imageToText = crossEntropy(logits, twins, smoothing);
          Tensor textToImage = crossEntropy(logits.t(), twins, smoothing);
          return Tensors.scale(imageToText.add(textToImage), 0.5);
        });
  }

  /** torch's own would give a share of the smoothed label to the masked twins too, and with it a loss in the tens. */
  private static Tensor crossEntropy(Tensor logits, Tensor twins, double smoothing) {
    Tensor log = torch.log_softmax(logits, 1);
    Tensor own = log.diagonal().mean();
    if (smoothing == 0) {
      return own.neg();
    }
    Tensor others = twins == null ? log.mean(1) : log.masked_fill(twins, new Scalar(0.0)).sum(1).div(competing(twins));
    return Tensors.scale(own, 1 - smoothing).add(Tensors.scale(others.mean(), smoothing)).neg();
  }

  /** How many pairs compete in each row, {@code [pairs]}. */
  private static Tensor competing(Tensor twins) {
    return twins.logical_not().sum(1).to(ScalarType.Float);
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
