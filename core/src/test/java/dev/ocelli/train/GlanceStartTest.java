package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.model.ImageNorm;
import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GlanceStartTest {
  private static final List<String> OWN =
      List.of(
          "glance.LayerNorm.bias", "glance.LayerNorm.weight", "glance.dense.bias", "glance.dense.weight", "glance_projection.bias",
          "glance_projection.weight", "glance_text_projection.bias", "glance_text_projection.weight");

  @TempDir Path folder;

  /** Of all captions with all photos, by the glance's half: how far above the others' a photo's own two are. */
  private static double margin(TinyRun run, QFormerStage stage, ImageNorm norm) {
    double[] margin = new double[1];
    List<String> texts = new ArrayList<>();
    run.train.photos().forEach(photo -> texts.addAll(photo.captions()));
    ImageTextModel model =
        ImageTextModel.of(run.shape(0), 8, run.recipe.stage1().objectives().used(), stage.parameters().weights(), norm);
    ImageTextScores scores = new ImageTextScores(model, ImageTextHeads.Similarity.WHOLE, stage.parameters().compute(), run.words, 32, s -> s);
    Scope.run(
        () -> {
          Tensor half = model.contrast().apart(scores.images(run.train), scores.texts(texts), ImageTextHeads.Similarity.WHOLE).get(1);
          float[] cosines = Tensors.floats(half);
          for (int photo = 0; photo < 12; photo++) {
            for (int text = 0; text < 24; text++) {
              margin[0] += text / 2 == photo ? cosines[24 * photo + text] / 24 : -cosines[24 * photo + text] / (24 * 11);
            }
          }
        });
    return margin[0];
  }

  @ParameterizedTest
  @CsvSource({"fp32, true", "bf16, true", "fp32, false"})
  void theGlanceFindsBeforeTheFirstStep(String precision, boolean centre) {
    String[] changes = {"stage1.glance.rate=1e-2", "stage1.glance.dropout=0", "qformer.centre=" + centre, "qformer.whiten=" + (centre ? 0.25 : 0)};
    try (TinyRun run = new TinyRun(folder, Compute.of(precision, "cpu"), changes);
        QFormerStage stage = run.qformer();
        ImageStatistics statistics = centre ? ImageStatistics.of(run.train, 0.25, true, stage.parameters().compute()) : ImageStatistics.NONE) {
      Map<String, float[]> before = StepGolden.values(stage.parameters());
      double at = margin(run, stage, statistics.norm());
      assertThat(stage.begin(() -> false)).isTrue();
      assertThat(margin(run, stage, statistics.norm())).isGreaterThan(at + 0.15);
      Map<String, float[]> after = StepGolden.values(stage.parameters());
      assertThat(after.keySet().stream().filter(name -> !Arrays.equals(after.get(name), before.get(name)))).containsExactlyInAnyOrderElementsOf(OWN);
    }
  }

  @Test
  void equalSeedsGiveEqualStarts() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32);
        QFormerStage one = run.qformer();
        QFormerStage other = run.qformer()) {
      one.begin(() -> false);
      other.begin(() -> false);
      Map<String, float[]> values = StepGolden.values(other.parameters());
      StepGolden.values(one.parameters()).forEach((name, own) -> assertThat(own).as(name).isEqualTo(values.get(name)));
    }
  }

  @ParameterizedTest
  @CsvSource({"stage1.glance.passes=0, true", "qformer.glance=false, false"})
  void itCanBeLeftOut(String change, boolean glance) {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, change);
        QFormerStage stage = run.qformer()) {
      Map<String, float[]> before = StepGolden.values(stage.parameters());
      assertThat(stage.begin(() -> false)).isTrue();
      Map<String, float[]> after = StepGolden.values(stage.parameters());
      assertThat(after.keySet()).isEqualTo(before.keySet());
      assertThat(new TreeSet<>(after.keySet()).containsAll(OWN)).isEqualTo(glance);
      after.forEach((name, values) -> assertThat(values).as(name).isEqualTo(before.get(name)));
    }
  }

  /** A stop while photos are looked at, while captions are read, or between steps. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 10})
  void aStopLeavesAllAsItWas(int after) {
    try (TinyRun run = new TinyRun(folder, Compute.FP32);
        QFormerStage stage = run.qformer()) {
      Map<String, float[]> before = StepGolden.values(stage.parameters());
      int[] asked = new int[1];
      Trainer.Result result = run.train(stage, "stopped", () -> asked[0]++ >= after);
      assertThat(asked[0]).isEqualTo(after + 1);
      assertThat(result.finished()).isFalse();
      assertThat(result.steps()).isZero();
      StepGolden.values(stage.parameters()).forEach((name, values) -> assertThat(values).as(name).isEqualTo(before.get(name)));
      assertThat(run.losses("stopped")).isEmpty();
    }
  }

  @Test
  void aBreakDownSaysWhichRate() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, "stage1.glance.rate=1e30");
        QFormerStage stage = run.qformer()) {
      assertThatThrownBy(() -> stage.begin(() -> false)).isInstanceOf(UserError.class).hasMessageContaining("stage1.glance.rate");
    }
  }

  /** One that goes on has it in its checkpoint. */
  @Test
  void aTrainingThatGoesOnDoesNotBeginAgain() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32)) {
      try (QFormerStage stage = run.qformer()) {
        int[] asked = new int[1];
        assertThat(run.train(stage, "stopped", () -> asked[0]++ > 70).steps()).isBetween(1L, stage.settings().steps() - 1);
      }
      try (QFormerStage stage = run.qformer()) {
        run.train(stage, "stopped", () -> false);
      }
      try (QFormerStage stage = run.qformer()) {
        run.train(stage, "whole", () -> false);
      }
      assertThat(run.losses("stopped")).isEqualTo(run.losses("whole"));
    }
  }
}
