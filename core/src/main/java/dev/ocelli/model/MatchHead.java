package dev.ocelli.model;

import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Weights;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Whether an image and a text belong together (BLIP-2, section 3.1): a linear layer gives each query two scores, and their mean over the
 * queries is the answer. Its name is that of transformers' {@code Blip2ForImageTextRetrieval}.
 */
public final class MatchHead {
  private final Linear head;

  /** @param hidden size of the Q-Former */
  public MatchHead(int hidden, Weights weights) {
    head = weights.linear("itm_head", hidden, 2);
  }

  /**
   * Scores of "no match" and of "match".
   *
   * @param states {@code [pairs, queries + tokens, hidden]}, from {@link QFormer#together} under the bidirectional mask
   * @return fp32 {@code [pairs, 2]}
   */
  public Tensor logits(Tensor states, int queries) {
    return Scope.of(() -> head.apply(states.narrow(1, 0, queries)).to(ScalarType.Float).mean(1));
  }

  /** Logarithm of how many times likelier "match" is than "no match", {@code [pairs]}. */
  public static Tensor logOdds(Tensor logits) {
    return Scope.of(() -> logits.select(1, 1).sub(logits.select(1, 0)));
  }

  /** The logits' share of "match", 0 to 1, {@code [pairs]}. */
  public static Tensor probability(Tensor logits) {
    return Scope.of(() -> torch.softmax(logits, 1).select(1, 1));
  }
}
