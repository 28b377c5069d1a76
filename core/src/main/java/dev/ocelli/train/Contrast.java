package dev.ocelli.train;

import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.Arrays;
import java.util.stream.IntStream;
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
   * @param similarity cosines of pairs' photos with their captions, {@code [pairs, pairs * each]}: a pair's captions stand side by side
   * @param scale one over the temperature, {@code [1]}
   * @param photos which photo each pair is of; several captions of one photo are no negatives of each other, nor is it twice of itself
   * @param smoothing of the labels
   */
  public static Tensor loss(Tensor similarity, Tensor scale, int[] photos, double smoothing) {
    int each = Math.toIntExact(similarity.size(1) / photos.length);
    int[] pairs = IntStream.range(0, photos.length * each).map(text -> text / each).toArray();
    int[] captioned = Arrays.stream(pairs).map(pair -> photos[pair]).toArray();
    return Scope.of(
        () -> {
          Tensor logits = similarity.mul(scale);
          Tensor pair = place(logits, pairs);
          // Each caption in turn is the one that its photo is to find.
          Tensor text = place(logits, IntStream.range(0, pairs.length).toArray());
          Tensor asking = each == 1 ? logits : logits.index_select(0, pair);
          Tensor imageToText = crossEntropy(asking, text, place(logits, captioned), place(logits, captioned), smoothing);
          Tensor textToImage = crossEntropy(logits.t(), pair, place(logits, captioned), place(logits, photos), smoothing);
          return Tensors.scale(imageToText.add(textToImage), 0.5);
        });
  }

  /**
   * torch's own would give a share of the smoothed label to what doesn't compete, too, and with it a loss in the tens.
   *
   * @param own the right column of each row
   * @param rows the photo of each row; columns of the same photo don't compete, but for the row's own
   * @param columns the photo of each column
   */
  private static Tensor crossEntropy(Tensor logits, Tensor own, Tensor rows, Tensor columns, double smoothing) {
    Tensor twins = rows.unsqueeze(1).eq(columns).scatter(1, own.unsqueeze(1), new Scalar(0.0));
    Tensor log = torch.log_softmax(logits.masked_fill(twins, new Scalar(-1e4)), 1);
    Tensor right = log.gather(1, own.unsqueeze(1)).mean();
    if (smoothing == 0) {
      return right.neg();
    }
    Tensor others = log.masked_fill(twins, new Scalar(0.0)).sum(1).div(twins.logical_not().sum(1).to(ScalarType.Float));
    return Tensors.scale(right, 1 - smoothing).add(Tensors.scale(others.mean(), smoothing)).neg();
  }

  private static Tensor place(Tensor beside, int[] numbers) {
    return Tensors.of(numbers, numbers.length).to(beside.device(), ScalarType.Long);
  }
}
