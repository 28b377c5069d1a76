package dev.ocelli.train;

import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.TextBatch;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Image-grounded text generation (BLIP-2, section 3.1; ITG): the text is told word by word, each word from the queries and the words before
 * it. A start token takes the place of [CLS]; the final [SEP] is told too.
 */
final class GroundedText {
  private GroundedText() {}

  /** How many tokens are to be told. */
  static int tokens(TextBatch text, int from, int to) {
    int tokens = 0;
    for (int row = from; row < to; row++) {
      tokens += text.lengths()[row] - 1;
    }
    return tokens;
  }

  /**
   * Summed cross-entropy of the next tokens.
   *
   * @param image what the queries saw, a row a text
   * @param text of which the rows {@code from} to {@code to} are told
   * @param smoothing of the labels
   */
  static Tensor loss(
      ImageTextModel model, QFormer.Pass image, TextBatch text, int from, int to, double smoothing, Compute compute, boolean training) {
    int width = text.tokens() - 1;
    int tokens = tokens(text, from, to);
    long[] told = new long[(to - from) * (width - 1)];
    long[] asking = new long[tokens];
    long[] labels = new long[tokens];
    int at = 0;
    for (int row = from; row < to; row++) {
      int start = row * text.tokens();
      int out = row - from;
      System.arraycopy(text.ids(), start + 1, told, out * (width - 1), width - 1);
      for (int i = 1; i < text.lengths()[row]; i++) {
        asking[at] = (long) out * width + i - 1;
        labels[at++] = text.ids()[start + i];
      }
    }
    return Scope.of(
        () -> {
          Tensor ids = compute.place(Tensors.of(told, to - from, width - 1));
          Tensor states = model.qformer().tell(model.words().start(), ids, image, training).states();
          Tensor asked = states.flatten(0, 1).index_select(0, compute.place(Tensors.of(asking, tokens)));
          Tensor wanted = compute.place(Tensors.of(labels, tokens));
          return torch.cross_entropy_loss(model.words().logits(asked), wanted, new TensorOptional(), 2, -100, smoothing);
        });
  }
}
