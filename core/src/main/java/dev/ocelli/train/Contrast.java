package dev.ocelli.train;

import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Image-text contrast (BLIP-2, section 3.1; ITC): in a batch each photo is to find its own caption among all captions, and each caption its
 * photo.
 */
final class Contrast {
  private Contrast() {}

  /** The mean over several similarities, each of which is to find by itself. */
  static Tensor loss(List<Tensor> similarities, Tensor scale, Fits fits, double smoothing) {
    Tensor same = fits.matrix(similarities.get(0));
    Tensor sum = similarities.stream().map(s -> loss(s, scale, fits.each(), same, smoothing)).reduce(Tensor::add).orElseThrow();
    return Tensors.scale(sum, 1.0 / similarities.size());
  }

  /**
   * The mean of both directions' cross-entropies.
   *
   * @param similarity cosines of pairs' photos with their captions, {@code [pairs, pairs * each]}: a pair's captions stand side by side
   * @param scale one over the temperature, {@code [1]}
   * @param fits several captions of one photo are no negatives of each other, nor is it twice of itself
   * @param smoothing of the labels
   */
  static Tensor loss(Tensor similarity, Tensor scale, Fits fits, double smoothing) {
    return loss(List.of(similarity), scale, fits, smoothing);
  }

  /** @param same true where a caption fits a photo, {@code [pairs, pairs * each]} */
  private static Tensor loss(Tensor similarity, Tensor scale, long each, Tensor same, double smoothing) {
    return Scope.of(
        () -> {
          Tensor logits = similarity.mul(scale);
          long n = logits.size(0);
          // Each caption in turn is the one that its photo is to find: [pairs, each].
          Tensor own = logits.view(n, n, each).diagonal(0, 0, 1).t();
          Tensor imageToText = crossEntropy(own, logits, same, smoothing);
          Tensor textToImage = crossEntropy(own.reshape(n * each, 1), logits.t(), same.t(), smoothing);
          return Tensors.scale(imageToText.add(textToImage), 0.5);
        });
  }

  /**
   * torch's own would give a share of the smoothed label to what doesn't compete, too, and with it a loss in the tens.
   *
   * @param own the right ones' logits, of which each row has several to choose in turn, {@code [rows, choices]}
   * @param logits {@code [rows, columns]}
   * @param same true where a column fits the row; of these only the choice itself competes
   */
  private static Tensor crossEntropy(Tensor own, Tensor logits, Tensor same, double smoothing) {
    Tensor others = logits.masked_fill(same, new Scalar(-1e4)).logsumexp(new long[] {1}, true);
    Tensor all = torch.logaddexp(own, others);
    Tensor right = own.sub(all).mean();
    if (smoothing == 0) {
      return right.neg();
    }
    Tensor count = same.logical_not().sum(1).unsqueeze(1).to(ScalarType.Float).add(new Scalar(1.0));
    Tensor sum = own.add(logits.masked_fill(same, new Scalar(0.0)).sum(1).unsqueeze(1));
    Tensor spread = sum.div(count).sub(all).mean();
    return Tensors.scale(right, 1 - smoothing).add(Tensors.scale(spread, smoothing)).neg();
  }
}
