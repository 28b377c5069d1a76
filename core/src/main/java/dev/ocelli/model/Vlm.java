package dev.ocelli.model;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The vision-language model: what the Q-Former's queries saw stands among the words of a conversation.
 *
 * <pre>
 *   photo → features → QFormer → Projector → 32 embeddings
 *                                                │
 *   &lt;SYSTEM&gt; words &lt;QUERY&gt; words &lt;IMAGE&gt; ────────┘ &lt;OUTPUT&gt; words of the answer
 *   └────────── before ─────────┘        └ after ┘ └─ answer ─┘   through LanguageModel with Lora
 * </pre>
 *
 * @param lora null: the language model as it was
 */
public record Vlm(QFormer qformer, Projector projector, LanguageModel language, Lora lora, Compute compute) {
  /** One conversation with the place of the picture; the answer ends with the token that ends a turn. */
  public record Example(int[] before, int[] after, int[] answer) {}

  /**
   * @param features of the encoder {@code [batch, patches, imageHidden]}
   * @return {@code [batch, queries, language hidden]}
   */
  public Tensor image(Tensor features, boolean training) {
    return Scope.of(() -> projector.apply(qformer.queries(features, training)).to(language.type()));
  }

  /**
   * The summed cross-entropy of the answers' tokens. Only these are scored: hidden states elsewhere never meet the head.
   *
   * @param image {@code [batch, queries, hidden]}, as {@link #image} gives
   * @param examples one a row of {@code image}
   */
  public Tensor loss(Tensor image, List<Example> examples, boolean training) {
    int queries = (int) image.size(1);
    int batch = examples.size();
    // The last token of an answer is predicted but never read.
    int tokens = examples.stream().mapToInt(e -> e.before.length + queries + e.after.length + e.answer.length - 1).max().orElseThrow();
    int scored = examples.stream().mapToInt(e -> e.answer.length).sum();
    long[] ids = new long[batch * tokens];
    long[] slots = new long[batch * queries];
    long[] asking = new long[scored];
    long[] labels = new long[scored];
    int at = 0;
    for (int row = 0; row < batch; row++) {
      Example e = examples.get(row);
      int start = row * tokens;
      copy(e.before, e.before.length, ids, start);
      for (int q = 0; q < queries; q++) {
        slots[row * queries + q] = start + e.before.length + q;
      }
      int tail = start + e.before.length + queries;
      copy(e.after, e.after.length, ids, tail);
      copy(e.answer, e.answer.length - 1, ids, tail + e.after.length);
      for (int i = 0; i < e.answer.length; i++) {
        asking[at] = tail + e.after.length - 1L + i;
        labels[at++] = e.answer[i];
      }
    }
    return Scope.of(
        () -> {
          Tensor words = language.embed(compute.place(Tensors.of(ids, (long) batch * tokens)));
          Tensor all = words.index_copy(0, compute.place(Tensors.of(slots, slots.length)), image.flatten(0, 1));
          Tensor hidden = language.forward(all.view(batch, tokens, -1), lora, training, null);
          Tensor answers = hidden.flatten(0, 1).index_select(0, compute.place(Tensors.of(asking, scored)));
          Tensor logits = language.logits(answers).to(ScalarType.Float);
          return torch.cross_entropy_loss(logits, compute.place(Tensors.of(labels, scored)), new TensorOptional(), 2, -100, 0);
        });
  }

  /**
   * The embeddings of a conversation up to where the answer begins.
   *
   * @param image {@code [batch, queries, hidden]}
   * @return {@code [batch, tokens, hidden]}
   */
  public Tensor prompt(Tensor image, int[] before, int[] after) {
    return Scope.of(
        () ->
            Tensors.cat(1, words(before).expand(image.size(0), -1, -1), image, words(after).expand(image.size(0), -1, -1)));
  }

  private Tensor words(int[] ids) {
    return language.embed(compute.place(Tensors.of(ids, 1, ids.length)));
  }

  private static void copy(int[] from, int length, long[] to, int at) {
    for (int i = 0; i < length; i++) {
      to[at + i] = from[i];
    }
  }
}
