package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.model.LanguageModel;
import dev.ocelli.model.Lora;
import dev.ocelli.model.Projector;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.FrozenWeights;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.train.StepGolden.Curve;
import dev.ocelli.train.StepGolden.Mistake;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Twelve steps of stage 2, of two micro-batches each, against PyTorch, transformers and PEFT from the same weights. */
class CaptionStepsTest {
  private static final QFormer.Config QFORMER = new QFormer.Config(8, 2, 2, 12, 17, 9, 3, 6, 2, 0, false, false, 1e-12, 0, 0);
  private static final LanguageModel.Config LANGUAGE = new LanguageModel.Config(29, 12, 2, 4, 2, 4, 16, 1e-5, 10000, true, false, 64);
  private static final Lora.Config LORA = new Lora.Config(2, 3, 0, Set.of("q_proj", "k_proj", "v_proj", "o_proj"));

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "adam"})
  void twelveStepsArePyTorchs(String name) {
    try (StepGolden golden = StepGolden.open("stage2", name)) {
      Curve curve = train(golden, Compute.FP32, Mistake.NONE);
      System.out.printf(
          "stage 2 %s fp32: losses off by %.1e, norms %.1e, end %.1e%n",
          name, golden.lossError(curve), golden.normError(curve), golden.endError(curve));
      assertThat(golden.lossError(curve)).isLessThan(1e-5);
      assertThat(golden.normError(curve)).isLessThan(1e-4);
      assertThat(golden.endError(curve)).isLessThan(1e-4);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "adam"})
  void bf16IsAsCloseAsPyTorchsOwn(String name) {
    try (StepGolden golden = StepGolden.open("stage2", name)) {
      double[] errors = golden.bf16Errors(train(golden, Compute.BF16, Mistake.NONE));
      System.out.printf("stage 2 %s bf16: losses off by %.1e, PyTorch's autocast %.1e%n", name, errors[0], errors[1]);
      assertThat(errors[0]).isLessThan(Math.max(3e-2, 2 * errors[1]));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "adam"})
  void anyMistakeShows(String name) {
    try (StepGolden golden = StepGolden.open("stage2", name)) {
      for (Mistake mistake : Mistake.values()) {
        if (mistake != Mistake.NONE && mistake != Mistake.TWINS_NOT_MASKED) {
          Curve curve = train(golden, Compute.FP32, mistake);
          System.out.printf(
              "stage 2 %s with %s: losses off by %.1e, end %.1e%n", name, mistake, golden.lossError(curve), golden.endError(curve));
          assertThat(golden.lossError(curve)).as(mistake.toString()).isGreaterThan(1e-4);
          assertThat(golden.endError(curve)).as(mistake.toString()).isGreaterThan(1e-3);
        }
      }
    }
  }

  private static Curve train(StepGolden golden, Compute compute, Mistake mistake) {
    LanguageModel language = new LanguageModel(LANGUAGE, new FrozenWeights(golden.shared(), "lm.", compute));
    Vlm[] vlm = new Vlm[1];
    Consumer<Weights> build =
        w ->
            vlm[0] =
                new Vlm(
                    new QFormer(QFORMER, w, false),
                    new Projector(8, 12, w.in("projector.")),
                    language,
                    new Lora(LORA, LANGUAGE, w),
                    compute);
    try (Parameters parameters = new Parameters(compute, CaptionStepsTest::part, build);
        Adam adam = golden.adam(parameters, mistake)) {
      build.accept(parameters.weights());
      assertThat(parameters.initialise(1, golden::start)).isEmpty();
      double[] losses = new double[golden.steps()];
      double[] norms = new double[golden.steps()];
      JsonNode all = StepGolden.json(golden.shared(), "examples");
      for (int step = 0; step < losses.length; step++) {
        parameters.zeroGradients();
        losses[step] = step(golden, vlm[0], parameters, all.get(step), step, mistake);
        norms[step] = golden.move(parameters, adam, step, mistake);
      }
      return new Curve(losses, norms, StepGolden.values(parameters));
    }
  }

  private static double step(StepGolden golden, Vlm vlm, Parameters parameters, JsonNode micros, int step, Mistake mistake) {
    List<List<Vlm.Example>> batches = new ArrayList<>();
    micros.forEach(rows -> batches.add(examples(rows)));
    if (mistake == Mistake.ONE_LABEL_SHIFTED && step == 3) {
      int[] answer = batches.get(0).get(0).answer();
      answer[answer.length - 1] = (answer[answer.length - 1] + 1) % LANGUAGE.vocabulary();
    }
    int tokens = batches.stream().mapToInt(CaptionStepsTest::tokens).sum();
    double[] total = new double[1];
    for (int m = 0; m < batches.size(); m++) {
      int micro = m;
      List<Vlm.Example> rows = batches.get(m);
      Scope.run(
          () -> {
            Tensor image = vlm.image(golden.tensor("in.image").select(0, step).select(0, micro), true);
            int share = mistake == Mistake.MEAN_PER_MICRO_BATCH ? batches.size() * tokens(rows) : tokens;
            Tensor loss = Tensors.scale(vlm.loss(image, rows, true), 1.0 / share);
            loss.backward();
            total[0] += loss.item_double();
          });
      parameters.gatherGradients();
    }
    return total[0];
  }

  private static int tokens(List<Vlm.Example> rows) {
    return rows.stream().mapToInt(e -> e.answer().length).sum();
  }

  private static List<Vlm.Example> examples(JsonNode rows) {
    List<Vlm.Example> examples = new ArrayList<>();
    rows.forEach(row -> examples.add(new Vlm.Example(ids(row.get(0)), ids(row.get(1)), ids(row.get(2)))));
    return examples;
  }

  private static int[] ids(JsonNode node) {
    return StreamSupport.stream(node.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  private static String part(String name) {
    if (name.contains("lora_")) {
      return CaptionStage.LORA;
    }
    return name.startsWith("projector.") ? CaptionStage.PROJECTOR : CaptionStage.QFORMER;
  }
}
