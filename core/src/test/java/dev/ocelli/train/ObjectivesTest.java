package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ocelli.data.Draws;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Mixtures of objectives, micro-batches with exact gradients, and the draws of hard negatives. */
class ObjectivesTest {
  private static final String[] ALL = {"stage1.objectives.itm=1", "stage1.objectives.itg=1"};

  @TempDir Path folder;

  private record Step(Stage.Loss loss, float[] gradient) {}

  /** The first step's loss and gradients. */
  private Step step(Compute compute, String... changes) {
    try (TinyRun run = new TinyRun(folder, compute, changes);
        QFormerStage stage = run.qformer()) {
      Stage.Loss[] loss = new Stage.Loss[1];
      Scope.run(() -> loss[0] = stage.run(stage.prepare(0), 0));
      return new Step(loss[0], Tensors.floats(stage.parameters().gradient()));
    }
  }

  private static String[] with(String[] some, String... more) {
    String[] all = Arrays.copyOf(some, some.length + more.length);
    System.arraycopy(more, 0, all, some.length, more.length);
    return all;
  }

  @ParameterizedTest
  @CsvSource({"fp32,4,1e-5", "fp32,5,1e-5", "fp32,1,1e-5", "bf16,5,2e-2"})
  void microBatchesGiveTheWholeBatchsLossesAndGradients(String precision, int size, double limit) {
    Compute compute = Compute.of(precision, "cpu");
    String[] changes = with(ALL, "stage1.batch=12", "stage1.captions=all", "stage1.label_smoothing=0.1");
    Step whole = step(compute, changes);
    Step micro = step(compute, with(changes, "stage1.micro_batch=" + size));
    assertThat(micro.loss.parts()).containsOnlyKeys("itc", "itm", "itg");
    micro.loss.parts().forEach((name, loss) -> assertThat(loss).as(name).isCloseTo(whole.loss.parts().get(name), within(10 * limit)));
    assertThat(TinyRun.apart(micro.gradient, whole.gradient)).isLessThan(limit);
  }

  /** Contrast alone reads a photo's further captions, and its micro-batches are exact with them, too. */
  @Test
  void furtherCaptionsCountInContrastAlone() {
    String[] changes = with(ALL, "stage1.batch=12", "stage1.captions_at_once=3");
    Step whole = step(Compute.FP32, changes);
    Step micro = step(Compute.FP32, with(changes, "stage1.micro_batch=5"));
    assertThat(TinyRun.apart(micro.gradient, whole.gradient)).isLessThan(1e-5);
    Map<String, Double> one = step(Compute.FP32, with(ALL, "stage1.batch=12")).loss.parts();
    assertThat(whole.loss.parts().get("itg")).isCloseTo(one.get("itg"), within(1e-6));
    assertThat(whole.loss.parts().get("itm")).isCloseTo(one.get("itm"), within(1e-6));
    // Three times as many captions to choose from: the loss of a photo's choice alone is greater by log 3, half of which counts.
    assertThat(whole.loss.parts().get("itc")).isBetween(one.get("itc") + 0.3, one.get("itc") + 0.8);
  }

  /** Each pair of each step sees vectors of its own choice, and micro-batches, which read them later, the same ones. */
  @Test
  void aStepLooksAtSomeOfThePatches() {
    String[] changes = with(ALL, "stage1.batch=12", "stage1.patches=0.5");
    Step whole = step(Compute.FP32, changes);
    Step micro = step(Compute.FP32, with(changes, "stage1.micro_batch=5"));
    assertThat(TinyRun.apart(micro.gradient, whole.gradient)).isLessThan(1e-5);
    assertThat(TinyRun.apart(step(Compute.FP32, with(ALL, "stage1.batch=12")).gradient, whole.gradient)).isGreaterThan(1e-2);
    try (TinyRun run = new TinyRun(folder, Compute.FP32, changes);
        QFormerStage stage = run.qformer()) {
      Objectives.Batch batch = stage.prepare(0);
      int tokens = run.train.store().tokens();
      int size = run.train.store().hidden() * 2;
      ByteBuffer expected = ByteBuffer.allocate(batch.features().position());
      for (int row = 0; row < batch.size(); row++) {
        ByteBuffer photo = ByteBuffer.allocate(tokens * size);
        run.train.read(batch.photos()[row], photo);
        int[] chosen = batch.patches()[row];
        assertThat(chosen).hasSize(Math.round(tokens / 2f)).doesNotHaveDuplicates().isSorted().as("which the glance needs").startsWith(0);
        Arrays.stream(chosen).forEach(token -> expected.put(photo.array(), token * size, size));
      }
      assertThat(batch.features().duplicate().flip()).isEqualTo(expected.flip());
      assertThat(Arrays.stream(batch.patches()).map(Arrays::toString).distinct().count()).isGreaterThan(1);
      assertThat(Arrays.deepToString(stage.prepare(1).patches())).isNotEqualTo(Arrays.deepToString(batch.patches()));
    }
  }

  /** With dropout too: the vectors whose slopes are known and those that are computed again drop the same. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void cachedContrastIsTheGraphOfAllMicroBatches(boolean learnTemperature) {
    String[] changes = {
      "qformer.centre=false", "qformer.whiten=0", "stage1.batch=12", "stage1.micro_batch=5", "qformer.dropout=0.3", "stage1.learn_temperature=" + learnTemperature,
      // Two settings that also must reach the graph, in one of the two cases.
      "qformer.apart=" + learnTemperature, "stage1.similarity=" + (learnTemperature ? "whole" : "best")
    };
    Step cached = step(Compute.FP32, changes);
    try (TinyRun run = new TinyRun(folder, Compute.FP32, changes);
        QFormerStage stage = run.qformer()) {
      ImageTextModel[] model = new ImageTextModel[1];
      Consumer<Weights> build =
          w -> model[0] = ImageTextModel.of(run.shape(0.3), run.recipe.qformer().projection(), run.recipe.stage1().objectives().used(), w);
      try (Parameters parameters = new Parameters(Compute.FP32, n -> n.equals("logit_scale") ? "other" : partOf(stage, n), build)) {
        build.accept(parameters.weights());
        Map<String, float[]> values = StepGolden.values(stage.parameters());
        parameters.initialise(1, n -> Tensors.of(values.get(n), values.get(n).length));
        Scope.run(() -> graph(run, model[0], stage.prepare(0)).backward());
        for (Parameters.Named named : stage.parameters().named()) {
          if (learnTemperature || !named.name().equals("logit_scale")) {
            float[] plain = gradient(parameters, named.name(), parameters.gradient());
            float[] ours = gradient(stage.parameters(), named.name(), Tensors.of(cached.gradient, cached.gradient.length));
            if (!named.name().endsWith("key.bias") && norm(plain) > 1e-6) {
              assertThat(TinyRun.apart(ours, plain)).as(named.name()).isLessThan(1e-5);
            }
          }
        }
      }
    }
  }

  private static String partOf(QFormerStage stage, String name) {
    return stage.parameters().named().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow().part();
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += (double) v * v;
    }
    return Math.sqrt(sum);
  }

  private static float[] gradient(Parameters parameters, String name, Tensor gradient) {
    long base = parameters.master().data_ptr().address();
    Parameters.Named named = parameters.named().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
    long start = (named.master().data_ptr().address() - base) / Float.BYTES;
    return Tensors.floats(gradient.narrow(0, start, named.master().numel()));
  }

  private static Tensor graph(TinyRun run, ImageTextModel model, Objectives.Batch batch) {
    // A batch that memory needn't hold at once comes without features.
    assertThat(batch.features()).isNull();
    ByteBuffer buffer = run.train.buffer(batch.size());
    for (int i = 0; i < batch.size(); i++) {
      run.train.read(batch.photos()[i], batch.views()[i], buffer);
    }
    Tensor features = run.train.tensor(buffer, Compute.FP32);
    Tensor ids = batch.text().ids(Compute.FP32);
    Tensor real = batch.text().real(Compute.FP32);
    Tensor[] images = new Tensor[3];
    Tensor[] texts = new Tensor[3];
    for (int i = 0; i < 3; i++) {
      int from = 5 * i;
      int n = Math.min(12, from + 5) - from;
      torch.manual_seed(Draws.bits(run.recipe.seed(), "stage 1 dropout", 0, from));
      images[i] = model.contrast().images(model.qformer().queries(features.narrow(0, from, n), true));
      Tensor there = real.narrow(0, from, n);
      texts[i] = model.contrast().texts(model.qformer().text(ids.narrow(0, from, n), there, true), there);
    }
    List<Tensor> similarities =
        model.contrast().apart(Tensors.cat(0, images), Tensors.cat(0, texts), QFormerStage.similarityOf(run.recipe));
    return Contrast.loss(similarities, model.contrast().scale(), batch.fits(), 0);
  }

  @Test
  void aMixtureIsTheWeightedSumOfItsParts() {
    Step all = step(Compute.FP32, ALL);
    Map<String, Double> parts = all.loss.parts();
    assertThat(all.loss.total()).isCloseTo(parts.get("itc") + parts.get("itm") + parts.get("itg"), within(1e-6));
    float[] sum = new float[all.gradient.length];
    for (String objective : List.of("itc", "itm", "itg")) {
      Step more = step(Compute.FP32, with(ALL, "stage1.objectives." + objective + "=2"));
      assertThat(more.loss.total()).isCloseTo(all.loss.total() + parts.get(objective), within(1e-6));
      assertThat(TinyRun.apart(more.gradient, all.gradient)).as(objective).isGreaterThan(1e-4);
      for (int i = 0; i < sum.length; i++) {
        sum[i] += more.gradient[i] / 4;
      }
    }
    assertThat(TinyRun.apart(sum, all.gradient)).isLessThan(1e-5);
  }

  @Test
  void aloneAnObjectiveHasTheLossThatItHasInAMixture() {
    Map<String, Double> all = step(Compute.FP32, ALL).loss.parts();
    assertThat(step(Compute.FP32).loss.parts()).containsOnlyKeys("itc").hasEntrySatisfying("itc", l -> assertThat(l).isCloseTo(all.get("itc"), within(1e-6)));
    Stage.Loss told = step(Compute.FP32, "stage1.objectives.itc=0", "stage1.objectives.itg=1").loss;
    assertThat(told.parts()).containsOnlyKeys("itg");
    assertThat(told.total()).isPositive();
    assertThat(step(Compute.FP32, "stage1.objectives.itc=0", "stage1.objectives.itm=3").loss.parts()).containsOnlyKeys("itm");
  }

  @ParameterizedTest
  @ValueSource(doubles = {1, 0.5, 0})
  void aWrongPartnerIsNeverOfTheSamePhotoAndOftenAHardOne(double hard) {
    int[] photos = {0, 1, 0, 2, 3, 3};
    int n = photos.length;
    float[] similarity = new float[n * n];
    similarity[0 * n + 3] = 5; // photo 0 fits text 3
    similarity[4 * n + 0] = 5; // photo 4 fits text 0
    similarity[0 * n + 2] = 50; // but this is the same photo's other caption
    int[] texts = new int[n];
    int[] images = new int[n];
    for (int step = 0; step < 4000; step++) {
      Matching.Negatives drawn = Matching.draw(similarity, hard, Fits.of(photos, photos.length), 42, step);
      for (int row = 0; row < n; row++) {
        assertThat(photos[drawn.texts()[row]]).isNotEqualTo(photos[row]);
        assertThat(photos[drawn.images()[row]]).isNotEqualTo(photos[row]);
      }
      texts[drawn.texts()[0]]++;
      images[drawn.images()[0]]++;
    }
    // Of three that are as good as nothing beside one that fits; without similarity, of four.
    double fits = Math.exp(5) / (Math.exp(5) + 3);
    assertThat(texts[3] / 4000.0).isCloseTo(hard * fits + (1 - hard) / 4, within(0.03));
    assertThat(images[4] / 4000.0).isCloseTo(hard * fits + (1 - hard) / 4, within(0.03));
  }

  @Test
  void drawsFollowTheSeedStepAndRow() {
    int[] photos = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    Matching.Negatives one = Matching.draw(null, 1, Fits.of(photos, photos.length), 42, 7);
    assertThat(Matching.draw(null, 1, Fits.of(photos, photos.length), 42, 7)).usingRecursiveComparison().isEqualTo(one);
    assertThat(Matching.draw(null, 1, Fits.of(photos, photos.length), 43, 7).texts()).isNotEqualTo(one.texts());
    assertThat(Matching.draw(null, 1, Fits.of(photos, photos.length), 42, 8).images()).isNotEqualTo(one.images());
    assertThat(one.images()).isNotEqualTo(one.texts());
    int[] counts = new int[10];
    for (int step = 0; step < 9000; step++) {
      counts[Matching.draw(null, 1, Fits.of(photos, photos.length), 42, step).texts()[4]]++;
    }
    assertThat(counts[4]).isZero();
    assertThat(Arrays.stream(counts).filter(c -> c > 0)).hasSize(9).allMatch(c -> c > 850 && c < 1150);
  }

  @Test
  void withoutAnotherPhotoOnlyTheRightPairsAreTried() {
    Matching.Negatives none = Matching.draw(null, 1, Fits.of(new int[] {3, 3}, 2), 42, 0);
    assertThat(none.ofPhotos(0, 2)).containsExactly(new Matching.Trial(0, 0, true), new Matching.Trial(1, 1, true));
    assertThat(none.ofTexts(0, 2)).isEmpty();
    assertThat(none.count()).isEqualTo(2);
  }
}
