package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.train.StepGolden.Curve;
import dev.ocelli.train.StepGolden.Mistake;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Twelve steps of stage 1 against PyTorch's from the same weights. */
class ContrastStepsTest {
  private static final QFormer.Config QFORMER = new QFormer.Config(8, 2, 2, 12, 17, 9, 3, 6, 2, 0, false, false, 1e-12, 0, 0);
  private static final List<String> NEW = List.of("query_tokens", "crossattention", "_query.", "projection", "logit_scale");

  @ParameterizedTest
  @ValueSource(strings = {"best", "mean", "whole", "fixed", "smooth"})
  void twelveStepsArePyTorchs(String name) {
    try (StepGolden golden = StepGolden.open("stage1", name)) {
      Curve curve = train(golden, Compute.FP32, Mistake.NONE);
      System.out.printf(
          "stage 1 %s fp32: losses off by %.1e, norms %.1e, end %.1e%n",
          name, golden.lossError(curve), golden.normError(curve), golden.endError(curve));
      assertThat(golden.lossError(curve)).isLessThan(1e-5);
      assertThat(golden.normError(curve)).isLessThan(1e-4);
      assertThat(golden.endError(curve)).isLessThan(1e-4);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"best", "mean", "whole", "fixed", "smooth"})
  void bf16IsAsCloseAsPyTorchsOwn(String name) {
    try (StepGolden golden = StepGolden.open("stage1", name)) {
      double[] errors = golden.bf16Errors(train(golden, Compute.BF16, Mistake.NONE));
      System.out.printf("stage 1 %s bf16: losses off by %.1e, PyTorch's autocast %.1e%n", name, errors[0], errors[1]);
      assertThat(errors[0]).isLessThan(Math.max(3e-2, 2 * errors[1]));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"best", "mean", "whole", "fixed", "smooth"})
  void anyMistakeShows(String name) {
    try (StepGolden golden = StepGolden.open("stage1", name)) {
      boolean plain = name.equals("fixed"); // which has no warm-up and no clipping to forget
      for (Mistake mistake : Mistake.values()) {
        if (mistake != Mistake.NONE && mistake != Mistake.MEAN_PER_MICRO_BATCH
            && !(plain && Set.of(Mistake.WARM_UP_OFF, Mistake.CLIP_OFF).contains(mistake))) {
          Curve curve = train(golden, Compute.FP32, mistake);
          System.out.printf(
              "stage 1 %s with %s: losses off by %.1e, end %.1e%n", name, mistake, golden.lossError(curve), golden.endError(curve));
          assertThat(golden.lossError(curve)).as(mistake.toString()).isGreaterThan(1e-4);
          assertThat(golden.endError(curve)).as(mistake.toString()).isGreaterThan(1e-3);
        }
      }
    }
  }

  private static Curve train(StepGolden golden, Compute compute, Mistake mistake) {
    JsonNode c = golden.settings();
    boolean learn = c.get("learn").asBoolean();
    QFormer[] qformer = new QFormer[1];
    ImageTextHeads[] heads = new ImageTextHeads[1];
    Consumer<Weights> build =
        w -> {
          qformer[0] = new QFormer(QFORMER, w, true);
          heads[0] = new ImageTextHeads(QFORMER, 6, w);
        };
    try (Parameters parameters = new Parameters(compute, n -> part(n, learn), build);
        Adam adam = golden.adam(parameters, mistake)) {
      build.accept(parameters.weights());
      assertThat(parameters.initialise(1, golden::start)).isEmpty();
      double[] losses = new double[golden.steps()];
      double[] norms = new double[golden.steps()];
      for (int i = 0; i < losses.length; i++) {
        int step = i;
        parameters.zeroGradients();
        Scope.run(
            () -> {
              int[] photos = StepGolden.ints(golden.tensor("in.photos").select(0, step));
              Tensor ids = golden.tensor("in.ids").select(0, step);
              Tensor real = golden.tensor("in.mask").select(0, step).to(ScalarType.Bool);
              if (mistake == Mistake.ONE_LABEL_SHIFTED && step == 3) {
                ids = ids.roll(new long[] {1}, new long[] {0});
                real = real.roll(new long[] {1}, new long[] {0});
              }
              if (mistake == Mistake.TWINS_NOT_MASKED) {
                Arrays.setAll(photos, p -> p);
              }
              Tensor images = heads[0].images(qformer[0].queries(golden.tensor("in.image").select(0, step), true));
              Tensor texts = heads[0].texts(qformer[0].text(ids, real, true), real);
              var kind = ImageTextHeads.Similarity.valueOf(c.get("similarity").asText().toUpperCase(Locale.ROOT));
              Tensor scale = learn ? heads[0].scale() : heads[0].scale().detach();
              Tensor loss = Contrast.loss(heads[0].similarity(images, texts, kind), scale, Fits.of(photos, photos.length), c.get("smoothing").asDouble());
              loss.backward();
              losses[step] = loss.item_double();
            });
        parameters.gatherGradients();
        norms[step] = golden.move(parameters, adam, step, mistake);
      }
      return new Curve(losses, norms, StepGolden.values(parameters));
    }
  }

  private static String part(String name, boolean learn) {
    if (name.equals("logit_scale") && !learn) {
      return QFormerStage.FIXED;
    }
    return NEW.stream().anyMatch(name::contains) ? QFormerStage.NEW : QFormerStage.BODY;
  }
}
