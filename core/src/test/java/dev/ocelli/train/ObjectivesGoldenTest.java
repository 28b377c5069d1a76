package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.model.AttentionMask;
import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.Objective;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.TextBatch;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.weights.TensorFile;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The three losses and all their gradients against the paper's formulas in plain PyTorch (tools/goldens/objectives.py). */
class ObjectivesGoldenTest {
  private static final int SPACE = 5;
  private static final double SMOOTHING = 0.1;

  private static TensorFile golden;

  /** A thing to do wrong, in the objective that its name begins with. */
  private enum Mistake {
    NONE,
    ITC_TEXTS_SHIFTED,
    ITC_TWINS_COMPETE,
    ITC_MEAN_OF_QUERIES,
    ITM_UNIMODAL_MASK,
    ITM_CAUSAL_MASK,
    ITM_PADDING_SEEN,
    ITM_FIRST_QUERY_ALONE,
    ITM_TEXT_STATES,
    ITM_LABELS_SWAPPED,
    ITM_NEGATIVES_SWAPPED,
    ITG_QUERIES_NOT_SEEN,
    ITG_STARTS_WITH_CLS,
    ITG_TOLD_ITSELF,
    ITG_NOT_SMOOTHED,
    ITG_MEAN_PER_TEXT,
    APART_NOT_AT_ALL,
    GLANCE_NOT_AT_ALL,
    GLANCE_AT_FIRST_ALONE,
    GLANCE_AT_ANOTHER,
    GLANCE_WITH_PADDING,
    GLANCE_WITH_THE_QUERIES
  }

  /** Those that {@link Matching} can't make itself. */
  private static final Set<Mistake> WRITTEN_OUT =
      EnumSet.of(
          Mistake.ITM_UNIMODAL_MASK, Mistake.ITM_CAUSAL_MASK, Mistake.ITM_FIRST_QUERY_ALONE, Mistake.ITM_TEXT_STATES, Mistake.ITM_LABELS_SWAPPED);

  private record Result(double loss, Map<String, float[]> gradients) {}

  private static QFormer.Config config(boolean apart, boolean glance) {
    return new QFormer.Config(8, 2, 2, 12, 17, 9, 3, 6, 2, 0, apart, glance, 1e-12, 0, 0);
  }

  @BeforeAll
  static void open() {
    golden = StepGolden.file("objectives");
  }

  @AfterAll
  static void close() {
    golden.close();
  }

  private static int[] numbers(String name) {
    return StepGolden.ints(StepGolden.tensor(golden, "in." + name));
  }

  private static TextBatch text() {
    int[] lengths = numbers("lengths");
    long[] ids = Arrays.stream(numbers("ids")).asLongStream().toArray();
    return new TextBatch(ids, lengths, ids.length / lengths.length);
  }

  private static Result run(String name, Compute compute, Mistake mistake, String perturbed) {
    JsonNode weights = StepGolden.json(golden, "cases").get(name);
    ImageTextModel[] model = new ImageTextModel[1];
    boolean apart = name.equals("apart") && mistake != Mistake.APART_NOT_AT_ALL;
    boolean glance = name.equals("glance") && mistake != Mistake.GLANCE_NOT_AT_ALL;
    Consumer<Weights> build = w -> model[0] = ImageTextModel.of(config(apart, glance), SPACE, EnumSet.allOf(Objective.class), w);
    try (Parameters parameters = new Parameters(compute, n -> "all", build)) {
      build.accept(parameters.weights());
      assertThat(parameters.initialise(1, n -> start(n, perturbed, mistake))).isEmpty();
      double[] loss = new double[1];
      Scope.run(
          () -> {
            QFormer.Look look = look(model[0], mistake);
            QFormer.Pass seen = model[0].qformer().see(look, true);
            Tensor total = Tensors.zeros(ScalarType.Float);
            if (weights.get(0).asDouble() > 0) {
              total = total.add(Tensors.scale(contrast(model[0], seen, mistake), weights.get(0).asDouble()));
            }
            if (weights.get(1).asDouble() > 0) {
              total = total.add(Tensors.scale(match(model[0], look, mistake), weights.get(1).asDouble()));
            }
            if (weights.get(2).asDouble() > 0) {
              total = total.add(Tensors.scale(tell(model[0], seen, mistake), weights.get(2).asDouble()));
            }
            total.backward();
            loss[0] = total.item_double();
          });
      parameters.gatherGradients();
      return new Result(loss[0], gradients(parameters));
    }
  }

  private static QFormer.Look look(ImageTextModel model, Mistake mistake) {
    QFormer.Look look = model.qformer().look(StepGolden.tensor(golden, "in.image"));
    return mistake == Mistake.GLANCE_AT_ANOTHER
        ? new QFormer.Look(look.keyValues(), look.glance().roll(new long[] {1}, new long[] {0}))
        : look;
  }

  private static Tensor start(String name, String perturbed, Mistake mistake) {
    Tensor tensor = StepGolden.tensor(golden, "w." + name);
    if (mistake == Mistake.GLANCE_AT_FIRST_ALONE && name.equals("glance.dense.weight")) {
      return Tensors.cat(1, tensor.narrow(1, 0, 6), torch.zeros_like(tensor.narrow(1, 6, 6)));
    }
    if (!name.equals(perturbed)) {
      return tensor;
    }
    Tensor wave = torch.arange(new Scalar(tensor.numel())).cos().view(Tensors.shape(tensor));
    return tensor.add(Tensors.scale(wave, 0.01));
  }

  private static Tensor contrast(ImageTextModel model, QFormer.Pass seen, Mistake mistake) {
    TextBatch text = text();
    Tensor images = model.contrast().images(seen.states());
    Tensor real = text.real(Compute.FP32);
    Tensor states = model.qformer().text(text.ids(Compute.FP32), real, true);
    Tensor texts = model.contrast().texts(states, mistake == Mistake.GLANCE_WITH_PADDING ? torch.ones_like(real) : real);
    Tensor used = mistake == Mistake.ITC_TEXTS_SHIFTED ? texts.roll(new long[] {1}, new long[] {0}) : texts;
    var kind = mistake == Mistake.ITC_MEAN_OF_QUERIES ? ImageTextHeads.Similarity.MEAN : ImageTextHeads.Similarity.BEST;
    int[] photos = mistake == Mistake.ITC_TWINS_COMPETE ? new int[] {0, 1, 2, 3, 4} : numbers("photos");
    List<Tensor> similarities =
        mistake == Mistake.GLANCE_WITH_THE_QUERIES
            ? List.of(model.contrast().similarity(images, used, kind))
            : model.contrast().apart(images, used, kind);
    return Contrast.loss(similarities, model.contrast().scale(), Fits.of(photos, photos.length), SMOOTHING);
  }

  private static Tensor match(ImageTextModel model, QFormer.Look look, Mistake mistake) {
    boolean swapped = mistake == Mistake.ITM_NEGATIVES_SWAPPED;
    Matching.Negatives negatives =
        new Matching.Negatives(numbers(swapped ? "negative_texts" : "negative_images"), numbers(swapped ? "negative_images" : "negative_texts"));
    Tensor ids = text().ids(Compute.FP32);
    Tensor real = text().real(Compute.FP32);
    if (mistake == Mistake.ITM_PADDING_SEEN) {
      real = torch.ones_like(real);
    }
    if (!WRITTEN_OUT.contains(mistake)) {
      Tensor sum = Matching.loss(model, look, List.of(0, 1, 2, 3, 4), negatives, 0, 5, ids, real, true);
      return Tensors.scale(sum, 1.0 / negatives.count());
    }
    List<Matching.Trial> trials = Stream.concat(negatives.ofPhotos(0, 5).stream(), negatives.ofTexts(0, 5).stream()).toList();
    Tensor texts = Tensors.of(trials.stream().mapToInt(Matching.Trial::text).toArray(), trials.size());
    Tensor images = Tensors.of(trials.stream().mapToInt(Matching.Trial::image).toArray(), trials.size());
    AttentionMask mask =
        switch (mistake) {
          case ITM_UNIMODAL_MASK -> AttentionMask.UNIMODAL;
          case ITM_CAUSAL_MASK -> AttentionMask.MULTIMODAL_CAUSAL;
          default -> AttentionMask.BIDIRECTIONAL;
        };
    Tensor states = model.qformer().together(look.rows(images), ids.index_select(0, texts), real.index_select(0, texts), mask, true);
    Tensor from = mistake == Mistake.ITM_TEXT_STATES ? states.narrow(1, 3, 3) : states;
    Tensor logits = model.match().logits(from, mistake == Mistake.ITM_FIRST_QUERY_ALONE ? 1 : 3);
    boolean swappedLabels = mistake == Mistake.ITM_LABELS_SWAPPED;
    Tensor labels = Tensors.of(trials.stream().mapToInt(t -> t.match() != swappedLabels ? 1 : 0).toArray(), trials.size());
    return torch.cross_entropy_loss(logits, labels, new TensorOptional(), 1, -100, 0);
  }

  private static Tensor tell(ImageTextModel model, QFormer.Pass seen, Mistake mistake) {
    TextBatch text = text();
    double smoothing = mistake == Mistake.ITG_NOT_SMOOTHED ? 0 : SMOOTHING;
    QFormer.Pass past = seen;
    if (mistake == Mistake.ITG_QUERIES_NOT_SEEN) {
      past = new QFormer.Pass(seen.states(), seen.keyValues().stream().map(torch::zeros_like).toList());
    }
    if (mistake == Mistake.ITG_MEAN_PER_TEXT) {
      Tensor sum = Tensors.zeros(ScalarType.Float);
      for (int row = 0; row < 5; row++) {
        int at = row;
        QFormer.Pass one = new QFormer.Pass(seen.states(), seen.keyValues().stream().map(kv -> kv.narrow(0, at, 1)).toList());
        Tensor loss = GroundedText.loss(model, one, text, row, row + 1, smoothing, Compute.FP32, true);
        sum = sum.add(Tensors.scale(loss, 1.0 / GroundedText.tokens(text, row, row + 1) / 5));
      }
      return sum;
    }
    if (mistake == Mistake.ITG_STARTS_WITH_CLS || mistake == Mistake.ITG_TOLD_ITSELF) {
      Tensor ids = text.ids(Compute.FP32);
      boolean itself = mistake == Mistake.ITG_TOLD_ITSELF;
      Tensor states = model.qformer().tell(itself ? model.words().start() : null, ids, past, true).states().narrow(1, itself ? 1 : 0, 6);
      Tensor labels = ids.masked_fill(text.real(Compute.FP32).logical_not(), new Scalar(-100)).narrow(1, itself ? 0 : 1, 6);
      Tensor logits = model.words().logits(states.flatten(0, 1));
      return torch.cross_entropy_loss(logits, labels.flatten(), new TensorOptional(), 1, -100, smoothing);
    }
    Tensor sum = GroundedText.loss(model, past, text, 0, 5, smoothing, Compute.FP32, true);
    return Tensors.scale(sum, 1.0 / GroundedText.tokens(text, 0, 5));
  }

  private static Map<String, float[]> gradients(Parameters parameters) {
    Map<String, float[]> found = new LinkedHashMap<>();
    long base = parameters.master().data_ptr().address();
    for (Parameters.Named named : parameters.named()) {
      long start = (named.master().data_ptr().address() - base) / Float.BYTES;
      found.put(named.name(), Tensors.floats(parameters.gradient().narrow(0, start, named.master().numel())));
    }
    return found;
  }

  /** The most that the loss, or any tensor's gradient by its norm, is off. */
  private static double error(String name, Result ours) {
    double loss = golden.floats(name + ".loss")[0];
    double error = Math.abs(ours.loss - loss) / loss;
    double all = 0;
    for (String tensor : ours.gradients.keySet()) {
      all += Math.pow(norm(gradient(name, tensor, ours)), 2);
    }
    for (Map.Entry<String, float[]> entry : ours.gradients.entrySet()) {
      float[] theirs = gradient(name, entry.getKey(), ours);
      double norm = norm(theirs);
      float[] apart = new float[theirs.length];
      for (int i = 0; i < apart.length; i++) {
        apart[i] = entry.getValue()[i] - theirs[i];
      }
      // Softmax doesn't see a key's bias: its gradient is rounding errors.
      error = Math.max(error, norm(apart) / (norm < 1e-5 * Math.sqrt(all) ? Math.sqrt(all) : norm));
    }
    return error;
  }

  private static float[] gradient(String name, String tensor, Result ours) {
    String key = name + ".g." + tensor;
    return golden.names().contains(key) ? golden.floats(key) : new float[ours.gradients.get(tensor).length];
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += (double) v * v;
    }
    return Math.sqrt(sum);
  }

  @ParameterizedTest
  @ValueSource(strings = {"itc", "itm", "itg", "all", "apart", "glance"})
  void lossAndAllGradientsArePyTorchs(String name) {
    double error = error(name, run(name, Compute.FP32, Mistake.NONE, null));
    System.out.printf("%s fp32: off by %.1e%n", name, error);
    assertThat(error).isLessThan(1e-5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"itc", "itm", "itg", "all", "apart", "glance"})
  void bf16IsClose(String name) {
    Result ours = run(name, Compute.BF16, Mistake.NONE, null);
    Result exact = run(name, Compute.FP32, Mistake.NONE, null);
    double apart = 0;
    double all = 0;
    for (String tensor : ours.gradients.keySet()) {
      for (int i = 0; i < ours.gradients.get(tensor).length; i++) {
        apart += Math.pow(ours.gradients.get(tensor)[i] - exact.gradients.get(tensor)[i], 2);
        all += Math.pow(exact.gradients.get(tensor)[i], 2);
      }
    }
    System.out.printf("%s bf16: loss off by %.1e, all gradients by %.1e%n", name, Math.abs(ours.loss / exact.loss - 1), Math.sqrt(apart / all));
    assertThat(ours.loss).isCloseTo(exact.loss, org.assertj.core.data.Percentage.withPercentage(0.5));
    assertThat(Math.sqrt(apart / all)).isLessThan(2e-2);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void anyMistakeShows(Mistake mistake) {
    String name = mistake.name().split("_")[0].toLowerCase(java.util.Locale.ROOT);
    double error = error(name, run(name, Compute.FP32, mistake, null));
    System.out.printf("%s: off by %.1e%n", mistake, error);
    assertThat(error).isGreaterThan(1e-2);
  }

  @Test
  void anyWrongWeightShows() {
    for (String name : List.of("itc", "itm", "itg", "glance")) {
      for (String tensor : new TreeSet<>(golden.names())) {
        String weight = tensor.startsWith(name + ".g.") ? tensor.substring(name.length() + 3) : null;
        if (weight != null && !weight.endsWith("key.bias")) {
          assertThat(error(name, run(name, Compute.FP32, Mistake.NONE, weight))).as(name + " with another " + weight).isGreaterThan(1e-4);
        }
      }
    }
  }
}
