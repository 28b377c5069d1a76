package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The encoders against transformers' ViTModel, Dinov2Model and ResNetModel. */
class VisionTest {
  @ParameterizedTest
  @ValueSource(strings = {"vit", "dinov2", "resnet"})
  void featuresAndAllGradientsAreTransformers(String name) {
    Scope.run(
        () -> {
          Golden golden = Golden.open(name);
          VisionEncoder[] model = new VisionEncoder[1];
          // Running statistics are no parameters, and libtorch refuses them with a gradient.
          Function<Weights, Weights> apart = trained -> (kind, shape, names, rows) ->
              (names[0].contains("running_") ? golden.frozen(Compute.FP32) : trained).get(kind, shape, names, rows);
          Parameters parameters = golden.trainable(Compute.FP32, w -> ModelConfigs.vision(golden.config(), apart.apply(w)));
          model[0] = ModelConfigs.vision(golden.config(), apart.apply(parameters.weights()));
          Map<String, Tensor> inputs = inputs(golden, Compute.FP32);
          Map<String, Tensor> outputs = outputs(model[0], inputs);
          golden.loss(outputs).backward();
          List<Golden.Difference> differences = new ArrayList<>(golden.outputs(outputs));
          differences.addAll(golden.gradients(inputs));
          differences.addAll(golden.gradients(parameters));
          golden.assertClose(differences);
          parameters.close();
          golden.close();
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"vit", "dinov2", "resnet"})
  void theGridHasAllTokens(String name) {
    try (Golden golden = Golden.open(name)) {
      Scope.run(
          () -> {
            VisionEncoder encoder = encoder(golden, Compute.FP32);
            for (int[] size : new int[][] {{32, 32}, {40, 24}, {33, 47}}) {
              VisionEncoder.Grid grid = encoder.grid(size[0], size[1]);
              long tokens = encoder.forward(Tensors.zeros(ScalarType.Float, 1, 3, size[0], size[1])).size(1);
              assertThat(grid.before() + grid.patches()).isEqualTo((int) tokens);
              assertThat(grid.rows()).isBetween(size[0] / grid.side(), size[0] / grid.side() + 1);
              assertThat(grid.columns()).isBetween(size[1] / grid.side(), size[1] / grid.side() + 1);
            }
          });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vit", "dinov2", "resnet"})
  void bf16IsCloseToFp32(String name) {
    try (Golden golden = Golden.open(name)) {
      Scope.run(
          () -> {
            Map<String, Tensor> inputs = inputs(golden, Compute.BF16);
            Map<String, Tensor> outputs = outputs(encoder(golden, Compute.BF16), inputs);
            golden.loss(outputs).backward();
            List<Golden.Difference> differences = new ArrayList<>(golden.outputs(outputs));
            differences.addAll(golden.gradients(inputs));
            golden.assertCloseInBf16(differences);
          });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vit", "dinov2", "resnet"})
  void anyWrongWeightShows(String name) {
    try (Golden golden = Golden.open(name)) {
      for (String weight : golden.weights()) {
        if (weight.endsWith("key.bias")) {
          continue; // softmax doesn't see it
        }
        Golden.assertWrong(weight, run(golden.perturbed(weight)));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "vit,encoder.layer.0.attention.attention.query.weight,encoder.layer.0.attention.attention.key.weight",
    "vit,encoder.layer.0.layernorm_before.weight,encoder.layer.0.layernorm_after.weight",
    "dinov2,encoder.layer.1.attention.attention.query.weight,encoder.layer.1.attention.attention.value.weight",
    "dinov2,encoder.layer.1.layer_scale1.lambda1,encoder.layer.1.layer_scale2.lambda1",
    "resnet,embedder.embedder.normalization.running_mean,embedder.embedder.normalization.bias"
  })
  void swappedWeightsShow(String name, String one, String other) {
    try (Golden golden = Golden.open(name)) {
      Golden.assertWrong(one + " and " + other + " swapped", run(golden.swapped(one, other)));
    }
  }

  @Test
  void positionsThatAreNotInterpolatedAsTransformersDoesShow() {
    try (Golden golden = Golden.open("dinov2")) {
      Scope.run(
          () -> {
            // The same pixels in a grid of the same count of patches turned on its side: other positions, other features.
            Tensor turned = golden.in("other").narrow(3, 0, 16).transpose(2, 3).contiguous();
            Tensor features = encoder(golden, Compute.FP32).forward(turned);
            Golden.assertWrong("positions of the turned picture", golden.outputs(Map.of("other", features)));
          });
    }
  }

  @Test
  void severalLayersAreThoseOfTransformersBackbone() {
    try (Golden golden = Golden.open("dinov2");
        Golden layers = Golden.open("dinov2-layers")) {
      layers.assertClose(lastTwo(golden, layers, EncoderLayers.Join.HIDDEN));
      layers.assertClose(lastTwo(golden, layers, EncoderLayers.Join.TOKENS));
      for (String weight : List.of("layernorm.weight", "encoder.layer.0.mlp.fc2.weight", "encoder.layer.1.norm1.bias")) {
        Golden.assertWrong(weight, lastTwo(golden.perturbed(weight), layers, EncoderLayers.Join.HIDDEN));
      }
    }
  }

  private static List<Golden.Difference> lastTwo(Golden golden, Golden layers, EncoderLayers.Join join) {
    List<Golden.Difference> differences = new ArrayList<>();
    Scope.run(
        () -> {
          VisionEncoder encoder = ModelConfigs.vision(golden.config(), new EncoderLayers(2, join), golden.frozen(Compute.FP32));
          Tensor both = encoder.forward(layers.in("pixels"));
          assertThat(encoder.hidden()).isEqualTo((int) both.size(2));
          int dimension = join == EncoderLayers.Join.HIDDEN ? 2 : 1;
          long half = both.size(dimension) / 2;
          differences.addAll(layers.outputs(Map.of("first", both.narrow(dimension, 0, half), "second", both.narrow(dimension, half, half))));
        });
    return differences;
  }

  @Test
  void attentionOnTokensFallsOnPatches() {
    try (Golden golden = Golden.open("dinov2")) {
      Scope.run(
          () -> {
            Weights weights = golden.frozen(Compute.FP32);
            float[] tokens = {9, 1, 2, 3, 8, 10, 20, 30};
            assertThat(ModelConfigs.vision(golden.config(), EncoderLayers.LAST, weights).onPatches(tokens)).containsExactly(1, 2, 3, 8, 10, 20, 30);
            EncoderLayers two = new EncoderLayers(2, EncoderLayers.Join.TOKENS);
            assertThat(ModelConfigs.vision(golden.config(), two, weights).onPatches(tokens)).containsExactly(11, 22, 33);
          });
    }
  }

  @Test
  void moreLayersThanThereAreAreRefused() {
    EncoderLayers three = new EncoderLayers(3, EncoderLayers.Join.HIDDEN);
    try (Golden vit = Golden.open("vit");
        Golden resnet = Golden.open("resnet")) {
      assertThatThrownBy(() -> ModelConfigs.vision(vit.config(), three, vit.frozen(Compute.FP32)))
          .isInstanceOf(UserError.class).hasMessageContaining("features.layers is 3").hasMessageContaining("2 layers");
      assertThatThrownBy(() -> ModelConfigs.vision(resnet.config(), three, resnet.frozen(Compute.FP32)))
          .isInstanceOf(UserError.class).hasMessageContaining("ResNet");
    }
  }

  private static List<Golden.Difference> run(Golden golden) {
    List<Golden.Difference> differences = new ArrayList<>();
    Scope.run(() -> differences.addAll(golden.outputs(outputs(encoder(golden, Compute.FP32), inputs(golden, Compute.FP32)))));
    return differences;
  }

  private static VisionEncoder encoder(Golden golden, Compute compute) {
    return ModelConfigs.vision(golden.config(), golden.frozen(compute));
  }

  private static Map<String, Tensor> inputs(Golden golden, Compute compute) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    inputs.put("pixels", golden.leaf("pixels", compute));
    if (golden.has("in.other")) {
      inputs.put("other", golden.leaf("other", compute));
    }
    return inputs;
  }

  private static Map<String, Tensor> outputs(VisionEncoder model, Map<String, Tensor> inputs) {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    inputs.forEach((name, pixels) -> outputs.put(name.equals("pixels") ? "features" : name, model.forward(pixels)));
    return outputs;
  }
}
