package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.nn.FrozenWeights;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageMeanTest {
  private static final String VALUE_BIAS = "encoder.layer.0.crossattention.attention.value.bias";

  @TempDir Path folder;

  private static Tensor features(TinyRun run) {
    int photos = run.train.photos().size();
    ByteBuffer bytes = run.train.buffer(photos);
    for (int i = 0; i < photos; i++) {
      run.train.read(i, bytes);
    }
    return run.train.tensor(bytes, Compute.FP32).to(ScalarType.Float);
  }

  private static float[] queries(QFormer model, Tensor features) {
    return Tensors.floats(model.queries(features, false));
  }

  @Test
  void itIsTheMeanOfAllPhotosAndTokens() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32);
        ImageMean mean = ImageMean.of(run.train, Compute.FP32)) {
      Scope.run(() -> assertThat(TinyRun.apart(Tensors.floats(mean.mean()), Tensors.floats(features(run).mean(0, 1)))).isLessThan(1e-6));
    }
  }

  /** The file alone, without the mean, is the model that was trained; and stage 2 begins with what stage 1 ended with. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void filesHoldTheModelForFeaturesAsTheyCome(boolean centre) {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, "qformer.centre=" + centre);
        QFormerStage stage = run.qformer()) {
      run.train(stage, "run", () -> false);
      Path saved = folder.resolve("saved");
      stage.save(saved);
      try (TensorFile file = Safetensors.open(saved.resolve("model.safetensors"))) {
        assertThat(file.names().contains(ImageMean.NAME)).isEqualTo(centre);
        Scope.run(
            () -> {
              Tensor features = features(run);
              Tensor mean = centre ? features.mean(0, 1) : null;
              float[] trained = queries(new QFormer(run.shape(0), stage.parameters().weights(), true, mean), features);
              assertThat(TinyRun.apart(queries(new QFormer(run.shape(0), new FrozenWeights(file, "", Compute.FP32), true), features), trained)).isLessThan(1e-5);
              double without = TinyRun.apart(queries(new QFormer(run.shape(0), stage.parameters().weights(), true), features), trained);
              assertThat(without > 1e-3).as("the mean matters to this test: %s", without).isEqualTo(centre);
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
            assertThat(TinyRun.apart(after.floats(VALUE_BIAS), file.floats(VALUE_BIAS))).isLessThan(1e-5);
          }
        }
      }
    }
  }
}
