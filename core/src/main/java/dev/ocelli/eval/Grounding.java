package dev.ocelli.eval;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.text.ChatPrompt;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * Answers "fluent, but does it look?": the loss of each photo's first caption, once with its own photo and once, by one fixed derangement,
 * with another's.
 *
 * @param answer a caption's tokens, with the end of the turn
 * @param normalise what a caption goes through before
 * @param progress of the photos, each twice
 */
public record Grounding(
    Vlm vlm, ChatPrompt.Ids prompt, Function<String, int[]> answer, UnaryOperator<String> normalise, Progress progress) {
  private static final int AT_ONCE = 20;
  private static final int SHIFT = 37;

  /** Over all the photos given; at least two. */
  public GroundingScores score(PhotoFeatures photos) {
    int n = photos.photos().size();
    if (n < 2) {
      throw UserError.of("Grounding compares photos with each other, but this part of the data has %d.", n);
    }
    List<Vlm.Example> examples = examples(photos);
    int tokens = tokens(examples);
    int shift = n > SHIFT ? SHIFT : 1;
    try (Progress.Task task = progress.start("grounding", 2L * n, "photos")) {
      double own = sum(photos, examples, 0, task::advance) / tokens;
      double shuffled = sum(photos, examples, shift, task::advance) / tokens;
      return new GroundingScores(own, shuffled, shuffled - own, n, tokens);
    }
  }

  /** The mean loss with their own photos alone, for which one photo is enough. */
  public double own(PhotoFeatures photos) {
    List<Vlm.Example> examples = examples(photos);
    return sum(photos, examples, 0, done -> {}) / tokens(examples);
  }

  /** The mean loss a token of what is to be said about photos, row by row. */
  public double loss(PhotoFeatures photos, List<Vlm.Example> examples) {
    return sum(photos, examples, 0, done -> {}) / tokens(examples);
  }

  private List<Vlm.Example> examples(PhotoFeatures photos) {
    List<Vlm.Example> examples = new ArrayList<>();
    for (var photo : photos.photos()) {
      examples.add(new Vlm.Example(prompt.before(), prompt.after(), answer.apply(normalise.apply(photo.captions().get(0)))));
    }
    return examples;
  }

  private static int tokens(List<Vlm.Example> examples) {
    return examples.stream().mapToInt(Vlm.Example::answered).sum();
  }

  private double sum(PhotoFeatures photos, List<Vlm.Example> examples, int shift, LongConsumer done) {
    int n = examples.size();
    double[] total = new double[1];
    for (int from = 0; from < n; from += AT_ONCE) {
      int to = Math.min(n, from + AT_ONCE);
      ByteBuffer buffer = photos.buffer(to - from);
      for (int i = from; i < to; i++) {
        photos.read((i + shift) % n, buffer);
      }
      List<Vlm.Example> some = examples.subList(from, to);
      Tensor loss =
          Scope.noGrad(() -> vlm.loss(vlm.image(photos.tensor(buffer, vlm.compute()), false), some, false));
      try (loss) {
        total[0] += loss.item_double();
      }
      done.accept(to - from);
    }
    return total[0];
  }
}
