package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.TensorFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The contrast loss against PyTorch's cross-entropy over the pairs that compete. */
class ContrastTest {
  private record Result(double loss, float[] similarity, float[] scale) {
    double error(TensorFile golden, String name) {
      double error = Math.abs(loss - golden.floats(name + ".loss")[0]);
      error = Math.max(error, apart(similarity, golden.floats(name + ".g.similarity")));
      return Math.max(error, apart(scale, golden.floats(name + ".g.scale")));
    }

    private static double apart(float[] one, float[] other) {
      return IntStream.range(0, one.length).mapToDouble(i -> Math.abs(one[i] - other[i])).max().orElseThrow();
    }
  }

  private static Result run(TensorFile golden, int[] photos, double smoothing, int shift) {
    return run(golden, "in.similarity", photos, smoothing, shift);
  }

  private static Result run(TensorFile golden, String input, int[] photos, double smoothing, int shift) {
    return run(golden, input, texts -> Fits.of(photos, texts), smoothing, shift);
  }

  private static Result run(TensorFile golden, String input, IntFunction<Fits> fits, double smoothing, int shift) {
    Result[] result = new Result[1];
    Scope.run(
        () -> {
          Tensor similarity = StepGolden.tensor(golden, input).set_requires_grad(true);
          Tensor scale = StepGolden.tensor(golden, "in.scale").set_requires_grad(true);
          Tensor seen = shift == 0 ? similarity : similarity.roll(new long[] {shift}, new long[] {1});
          Tensor loss = Contrast.loss(seen, scale, fits.apply((int) seen.size(1)), smoothing);
          loss.backward();
          result[0] = new Result(loss.item_double(), Tensors.floats(similarity.grad()), Tensors.floats(scale.grad()));
        });
    return result[0];
  }

  private static int[] photos(TensorFile golden, boolean twins) {
    int[] photos = StepGolden.ints(StepGolden.tensor(golden, "in.photos"));
    return twins ? photos : IntStream.range(0, photos.length).toArray();
  }

  @ParameterizedTest
  @CsvSource({"plain,0.0", "plain,0.1", "twins,0.0", "twins,0.1"})
  void lossAndGradientsArePyTorchs(String kind, double smoothing) {
    try (TensorFile golden = StepGolden.file("contrast")) {
      boolean twins = kind.equals("twins");
      String name = kind + "-" + smoothing;
      assertThat(run(golden, photos(golden, twins), smoothing, 0).error(golden, name)).isLessThan(1e-5);
      assertThat(run(golden, photos(golden, twins), smoothing, 1).error(golden, name)).as("labels shifted").isGreaterThan(1e-2);
      assertThat(run(golden, photos(golden, !twins), smoothing, 0).error(golden, name)).as("twins").isGreaterThan(1e-2);
      assertThat(run(golden, photos(golden, twins), 0.1 - smoothing, 0).error(golden, name)).as("smoothing").isGreaterThan(1e-2);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.1})
  void severalCaptionsOfAPhotoEachCount(double smoothing) {
    try (TensorFile golden = StepGolden.file("contrast")) {
      String name = "several-" + smoothing;
      assertThat(run(golden, "in.several", photos(golden, true), smoothing, 0).error(golden, name)).isLessThan(1e-5);
      assertThat(run(golden, "in.several", photos(golden, true), smoothing, 3).error(golden, name)).as("labels shifted").isGreaterThan(1e-2);
      assertThat(run(golden, "in.several", photos(golden, false), smoothing, 0).error(golden, name)).as("twins").isGreaterThan(1e-2);
      assertThat(run(golden, "in.several", photos(golden, true), 0.1 - smoothing, 0).error(golden, name)).as("smoothing").isGreaterThan(1e-2);
    }
  }

  /** Photos that have captions in common: as if they were the same one, but where their other captions are in the batch. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.1})
  void aCaptionInTheSameWordsIsNoNegative(double smoothing) {
    try (TensorFile golden = StepGolden.file("contrast")) {
      int[] twins = photos(golden, true);
      int[] apart = photos(golden, false);
      List<String> captions = IntStream.of(twins).mapToObj(p -> "caption " + p).toList();
      SharedCaptions shared = SharedCaptions.of(photos(captions), UnaryOperator.identity());
      Result result = run(golden, "in.similarity", texts -> Fits.of(apart, captions, shared), smoothing, 0);
      assertThat(result.error(golden, "twins-" + smoothing)).isLessThan(1e-5);
      assertThat(result.error(golden, "plain-" + smoothing)).isGreaterThan(1e-2);
    }
  }

  private static List<Photo> photos(List<String> captions) {
    return captions.stream().map(caption -> new Photo(caption, Path.of(caption), List.of(caption), Part.TRAIN)).toList();
  }

  @Test
  void whatFitsWhatIsSaidByAllCaptionsOfAPhoto() {
    Path none = Path.of("none");
    List<Photo> photos =
        List.of(
            new Photo("a", none, List.of("A dog", "a cat"), Part.TRAIN), new Photo("b", none, List.of("a cat", "a bird", "A BIRD"), Part.TRAIN),
            new Photo("c", none, List.of("a cow"), Part.TRAIN));
    SharedCaptions shared = SharedCaptions.of(photos, text -> text.toLowerCase(Locale.ROOT));
    assertThat(shared.photos("a cat")).containsExactly(0, 1);
    assertThat(shared.photos("a bird")).as("twice of one photo").isEmpty();
    assertThat(shared.photos("a dog")).isEmpty();
    // Photo 0 has "a cat" too, though this batch shows it with "a dog"; nobody else has "a dog".
    Fits fits = Fits.of(new int[] {0, 1, 2}, List.of("a dog", "a cat", "a cow"), shared);
    boolean[][] expected = {{true, true, false}, {false, true, false}, {false, false, true}};
    for (int pair = 0; pair < 3; pair++) {
      for (int text = 0; text < 3; text++) {
        assertThat(fits.fit(pair, text)).as(pair + " and " + text).isEqualTo(expected[pair][text]);
      }
    }
    // The first photo has both captions of this batch, the second one of them.
    Matching.Negatives some = Matching.draw(null, 1, Fits.of(new int[] {0, 1}, List.of("a dog", "a cat"), shared), 42, 0);
    assertThat(some.texts()).containsExactly(-1, 0);
    assertThat(some.ofPhotos(0, 2)).containsExactly(new Matching.Trial(0, 0, true), new Matching.Trial(1, 1, true), new Matching.Trial(1, 0, false));
    for (int step = 0; step < 50; step++) {
      Matching.Negatives drawn = Matching.draw(null, 1, fits, 42, step);
      assertThat(drawn.texts()[0]).isEqualTo(2);
      assertThat(drawn.images()[1]).isEqualTo(2);
    }
  }

  /** A batch of one photo's captions alone has nothing to tell apart. */
  @ParameterizedTest
  @CsvSource({"0.0", "0.1"})
  void captionsOfOnePhotoDoNotCompete(double smoothing) {
    try (TensorFile golden = StepGolden.file("contrast")) {
      Result result = run(golden, new int[6], smoothing, 0);
      assertThat(result.loss).isCloseTo(0, within(1e-6));
      assertThat(result.similarity).containsOnly(0f);
    }
  }

  @Test
  void schedulesAreTransformersAfterTheWarmUp() {
    try (TensorFile golden = StepGolden.file("schedule")) {
      for (String name : golden.names()) {
        String[] of = name.split("-");
        Schedule schedule = new Schedule(of[0], Long.parseLong(of[1]), Long.parseLong(of[2]));
        float[] factors = golden.floats(name);
        for (int step = 0; step < factors.length; step++) {
          boolean warming = step < schedule.warmup();
          // Theirs is step / warmup, so that the first step is lost.
          double expected = warming ? (step + 1.0) / (schedule.warmup() + 1.0) : factors[step];
          assertThat(schedule.factor(step)).as(name + " step " + step).isCloseTo(expected, within(1e-6));
          assertThat(schedule.factor(step)).isGreaterThanOrEqualTo(warming ? factors[step] : 0);
        }
        assertThat(schedule.factor(0)).isPositive();
        assertThat(schedule.factor(schedule.steps() + 5)).isCloseTo(of[0].equals("cosine") ? 0 : 1, within(1e-12));
      }
    }
  }
}
