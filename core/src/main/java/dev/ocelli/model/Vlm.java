package dev.ocelli.model;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The vision-language model: what the Q-Former saw stands among the words of a conversation.
 *
 * <pre>
 *   photo → features → QFormer → Projector → 32 embeddings, one more with a glance
 *                                                │
 *   &lt;SYSTEM&gt; words &lt;QUERY&gt; words &lt;IMAGE&gt; ────────┘ &lt;OUTPUT&gt; words of the answer
 *   └────────── before ─────────┘        └ after ┘ └─ answer ─┘   through LanguageModel with Lora
 * </pre>
 *
 * @param lora null: the language model as it was
 */
public record Vlm(QFormer qformer, Projector projector, LanguageModel language, Lora lora, Compute compute) {
  /**
   * One conversation with the place of the picture.
   *
   * @param answer ends with the token that ends a turn
   * @param others further answers in the first one's place, none of which sees another: what is before them is computed once for all
   * @param more further turns, which see all before them; none where there are others
   */
  public record Example(int[] before, int[] after, int[] answer, List<int[]> others, List<Turn> more) {
    public Example {
      if (!others.isEmpty() && !more.isEmpty()) {
        throw new IllegalArgumentException("Which of the answers would a further turn follow?");
      }
    }

    public Example(int[] before, int[] after, int[] answer, List<Turn> more) {
      this(before, after, answer, List.of(), more);
    }

    public Example(int[] before, int[] after, int[] answer) {
      this(before, after, answer, List.of(), List.of());
    }

    /** The first turn's, one of them unless there are others. */
    List<int[]> answers() {
      return Stream.concat(Stream.of(answer), others.stream()).toList();
    }

    /** An example for each answer. */
    List<Example> apart() {
      return others.isEmpty() ? List.of(this) : answers().stream().map(said -> new Example(before, after, said)).toList();
    }

    /** How many tokens are to be said, in all answers and turns. */
    public int answered() {
      return lengths(answers()) + more.stream().mapToInt(turn -> turn.answer.length).sum();
    }

    /** Tokens of the whole conversation, its picture taking {@code vectors} of them. */
    public int tokens(int vectors) {
      return vectors + before.length + after.length + lengths(answers())
          + more.stream().mapToInt(t -> t.words.length + t.answer.length).sum();
    }

    private static int lengths(List<int[]> answers) {
      return answers.stream().mapToInt(said -> said.length).sum();
    }
  }

  /**
   * A further question and its answer.
   *
   * @param words from behind the end of the answer before to where this answer begins
   * @param answer ends with the token that ends a turn
   */
  public record Turn(int[] words, int[] answer) {}

  /**
   * @param features of the encoder {@code [batch, patches, imageHidden]}
   * @return {@code [batch, vectors, language hidden]}
   */
  public Tensor image(Tensor features, boolean training) {
    return Scope.of(() -> projector.apply(qformer.queries(features, training)).to(language.type()));
  }

  /**
   * The summed cross-entropy of the answers' tokens. Only these are scored: hidden states elsewhere never meet the head.
   *
   * @param image {@code [batch, vectors, hidden]}, as {@link #image} gives
   * @param examples one a row of {@code image}, each with one answer a turn
   */
  public Tensor loss(Tensor image, List<Example> examples, boolean training) {
    Sequences s = Sequences.of(examples, (int) image.size(1), false);
    if (s.branches() != null) {
      throw new IllegalArgumentException("Several answers in one place are for backward alone.");
    }
    return Scope.of(
        () -> {
          Tensor all = embeddings(s, image);
          Tensor hidden = language.forward(all.view(s.batch(), s.own(), -1), lora, training, null);
          Tensor answers = hidden.flatten(0, 1).index_select(0, place(s.asking()));
          Tensor labels = place(s.labels());
          Tensor loss = compute.place(Tensors.zeros(ScalarType.Float));
          // Long answers have more logits than fit at once.
          for (long from = 0; from < labels.size(0); from += AnswerLoss.BLOCK) {
            long start = from;
            long n = Math.min(AnswerLoss.BLOCK, labels.size(0) - from);
            Tensor before = loss;
            loss =
                Scope.of(
                    () -> {
                      Tensor logits = language.logits(answers.narrow(0, start, n)).to(ScalarType.Float);
                      return before.add(torch.cross_entropy_loss(logits, labels.narrow(0, start, n), new TensorOptional(), 2, -100, 0));
                    });
          }
          return loss;
        });
  }

  /**
   * {@link #loss} and its backward in one, many times faster than by autograd: the decoder's part is a {@link DecoderPass}. Gradients are
   * added to those of the adapters, the projector and the Q-Former. Examples may have several answers in one place.
   *
   * @param image as {@link #image} gives, with its graph
   * @param weight what the summed loss counts in the gradients
   * @return the summed loss, unweighted
   */
  public double backward(Tensor image, List<Example> examples, double weight) {
    Sequences s = Sequences.of(examples, (int) image.size(1), true);
    double[] loss = new double[1];
    Tensor slope =
        Scope.noGrad(
            () -> {
              try (DecoderPass pass = new DecoderPass(language, lora, s)) {
                Tensor last = pass.forward(embeddings(s, image.detach()), true);
                Tensor asking = place(s.asking());
                AnswerLoss answers = AnswerLoss.of(language, last.index_select(0, asking), s.labels(), weight, compute);
                loss[0] = answers.loss();
                // Added, since several answers begin behind the same token.
                Tensor all = pass.backward(torch.zeros_like(last).index_add_(0, asking, answers.slope()));
                return all.index_select(0, place(s.slots())).view_as(image).to(image.scalar_type());
              }
            });
    image.backward(slope, new BoolOptional(), false, new TensorArrayRefOptional());
    return loss[0];
  }

  /** {@code [prefix + batch * own, hidden]}. */
  private Tensor embeddings(Sequences s, Tensor image) {
    return language.embed(place(s.ids())).index_copy(0, place(s.slots()), image.flatten(0, 1));
  }

  private Tensor place(long[] indices) {
    return compute.place(Tensors.of(indices, indices.length));
  }

  /**
   * The embeddings of conversations up to where the answer begins; all have equally many words before the picture, and after it.
   *
   * @param image {@code [batch, vectors, hidden]}
   * @param before ids conversation by conversation
   * @param after ids conversation by conversation
   * @return {@code [batch, tokens, hidden]}
   */
  public Tensor prompts(Tensor image, int[] before, int[] after) {
    return Scope.of(() -> Tensors.cat(1, words(before, image.size(0)), image, words(after, image.size(0))));
  }

  /** As {@link #prompts}, with the same words around every picture. */
  public Tensor prompt(Tensor image, int[] before, int[] after) {
    return Scope.of(
        () ->
            Tensors.cat(1, words(before, 1).expand(image.size(0), -1, -1), image, words(after, 1).expand(image.size(0), -1, -1)));
  }

  /** What reads the words that conversations begin with once. */
  public Prefix prefix() {
    return new Prefix(language, lora, compute);
  }

  private Tensor words(int[] ids, long rows) {
    return language.embed(compute.place(Tensors.of(ids, rows, ids.length / rows)));
  }
}
