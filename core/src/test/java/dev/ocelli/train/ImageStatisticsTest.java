package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import dev.ocelli.model.ImageNorm;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.FrozenWeights;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageStatisticsTest {
  private static final String VALUE = "encoder.layer.0.crossattention.attention.value.";

  @TempDir Path folder;

  /** More than are summed at once. */
  private static PhotoFeatures many(TinyRun run) {
    return run.train.with(Stream.of(run.train, run.validation).flatMap(part -> part.photos().stream()).toList());
  }

  private static Tensor features(PhotoFeatures photos) {
    ByteBuffer bytes = photos.buffer(photos.photos().size());
    for (int i = 0; i < photos.photos().size(); i++) {
      photos.read(i, bytes);
    }
    return photos.tensor(bytes, Compute.FP32).to(ScalarType.Float);
  }

  private static float[] queries(QFormer model, Tensor features) {
    return Tensors.floats(model.queries(features, false));
  }

  @Test
  void theMeanIsThatOfAllPhotosAndTokens() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32);
        ImageStatistics statistics = ImageStatistics.of(many(run), 0, false, Compute.FP32)) {
      Scope.run(() -> assertThat(TinyRun.apart(Tensors.floats(statistics.norm().mean()), Tensors.floats(features(many(run)).mean(0, 1)))).isLessThan(1e-6));
      assertThat(statistics.norm().whitening()).isNull();
    }
  }

  @Test
  void aGlancesMeanIsThatOfClassTokensAndOfTheOthersMeans() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32);
        ImageStatistics statistics = ImageStatistics.of(many(run), 0.25, true, Compute.FP32)) {
      Scope.run(
          () -> {
            Tensor all = features(many(run));
            Tensor wanted = Tensors.cat(0, all.select(1, 0).mean(0), all.narrow(1, 1, all.size(1) - 1).mean(0, 1));
            assertThat(TinyRun.apart(Tensors.floats(statistics.norm().glance()), Tensors.floats(wanted))).isLessThan(1e-6);
          });
    }
  }

  /** With the covariance C, whitening T by a power p commutes with C, and T^(1/p) C is a multiple of one: v^-p to the 1/p is 1/v. */
  @ParameterizedTest
  @ValueSource(doubles = {0.25, 0.5})
  void directionsAreDividedByTheirVarianceToThePower(double power) {
    try (TinyRun run = new TinyRun(folder, Compute.FP32);
        ImageStatistics statistics = ImageStatistics.of(many(run), power, false, Compute.FP32)) {
      Scope.run(
          () -> {
            Tensor all = features(many(run)).to(ScalarType.Double).flatten(0, 1);
            Tensor centred = all.sub(all.mean(0));
            Tensor covariance = centred.t().mm(centred).div(new Scalar((double) all.size(0)));
            Tensor whitening = statistics.norm().whitening().to(ScalarType.Double);
            Tensor evened = covariance;
            for (int i = 0; i < Math.round(1 / power); i++) {
              evened = whitening.mm(evened);
            }
            Tensor multiple = torch.eye(evened.size(0)).to(ScalarType.Double).mul(evened.diagonal().mean());
            assertThat(TinyRun.apart(Tensors.floats(evened.to(ScalarType.Float)), Tensors.floats(multiple.to(ScalarType.Float)))).isLessThan(1e-3);
            double variance = centred.mm(whitening).square().mean().item().toDouble();
            assertThat(Math.abs(variance - 1)).isLessThan(1e-4);
          });
    }
  }

  /** The file alone is the model that was trained; and stage 2 begins with what stage 1 ended with. */
  @ParameterizedTest
  @CsvSource({"false, 0, false", "true, 0, false", "true, 0.25, false", "false, 0, true", "true, 0, true", "true, 0.25, true"})
  void filesHoldTheModelForFeaturesAsTheyCome(boolean centre, double whiten, boolean glance) {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, "qformer.centre=" + centre, "qformer.whiten=" + whiten, "qformer.glance=" + glance);
        QFormerStage stage = run.qformer();
        ImageStatistics statistics = centre ? ImageStatistics.of(run.train, whiten, glance, Compute.FP32) : ImageStatistics.NONE) {
      run.train(stage, "run", () -> false);
      Path saved = folder.resolve("saved");
      stage.save(saved);
      try (TensorFile file = Safetensors.open(saved.resolve("model.safetensors"))) {
        assertThat(file.names().contains(ImageStatistics.MEAN)).isEqualTo(centre);
        assertThat(file.names().contains(ImageStatistics.WHITENING)).isEqualTo(whiten > 0);
        assertThat(file.names().contains(ImageStatistics.GLANCE)).isEqualTo(centre && glance);
        Scope.run(
            () -> {
              Tensor features = features(run.train);
              float[] trained = queries(new QFormer(run.shape(0), stage.parameters().weights(), true, statistics.norm()), features);
              assertThat(TinyRun.apart(queries(new QFormer(run.shape(0), new FrozenWeights(file, "", Compute.FP32), true), features), trained)).isLessThan(1e-5);
              ImageNorm norm = statistics.norm();
              for (ImageNorm less :
                  List.of(ImageNorm.NONE, new ImageNorm(norm.mean(), null, norm.glance()), new ImageNorm(norm.mean(), norm.whitening(), null))) {
                double without = TinyRun.apart(queries(new QFormer(run.shape(0), stage.parameters().weights(), true, less), features), trained);
                assertThat(without > 1e-3).as("it matters to this test: %s", without).isEqualTo(!less.equals(norm));
              }
            });
        Function<String, Tensor> source = name -> file.names().contains(name) ? Tensors.of(file.floats(name), file.info(name).shape()) : null;
        try (CaptionStage next = run.caption(source)) {
          Map<String, float[]> before = StepGolden.values(stage.parameters());
          for (Parameters.Named named : next.parameters().named()) {
            if (before.containsKey(named.name())) {
              float[] now = Tensors.floats(named.master());
              assertThat(now).as(named.name()).hasSameSizeAs(before.get(named.name()));
              assertThat(TinyRun.apart(now, before.get(named.name()))).as(named.name()).isLessThan(1e-5);
            }
          }
          next.save(folder.resolve("vlm"));
          try (TensorFile after = Safetensors.open(folder.resolve("vlm/qformer/model.safetensors"))) {
            for (String tensor : glance ? List.of(VALUE + "weight", VALUE + "bias", "glance.dense.bias") : List.of(VALUE + "weight", VALUE + "bias")) {
              assertThat(TinyRun.apart(after.floats(tensor), file.floats(tensor))).isLessThan(1e-5);
            }
          }
        }
      }
    }
  }

  @Test
  void whiteningWithoutCentringIsRefused() {
    assertThatThrownBy(() -> new Recipes().read("photos", List.of("qformer.centre=false")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("qformer.whiten needs qformer.centre");
  }
}
