package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The Q-Former against transformers' Blip2QFormerModel, and with the article's placing of cross-attention against plain PyTorch. */
class QFormerTest {
  @ParameterizedTest
  @ValueSource(strings = {"qformer", "qformer-article"})
  void queriesTextAndAllGradientsAreTransformers(String name) {
    try (Golden golden = Golden.open(name)) {
      golden.assertClose(train(golden, Compute.FP32));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qformer", "qformer-article"})
  void bf16IsCloseToFp32(String name) {
    try (Golden golden = Golden.open(name)) {
      golden.assertCloseInBf16(train(golden, Compute.BF16));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qformer", "qformer-article"})
  void anyWrongWeightShows(String name) {
    try (Golden golden = Golden.open(name)) {
      for (String weight : golden.weights()) {
        if (!weight.endsWith("key.bias")) { // softmax doesn't see it
          Golden.assertWrong(weight, run(golden.perturbed(weight), config(golden), golden.in("mask")));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "encoder.layer.0.attention.attention.query.weight,encoder.layer.0.attention.attention.key.weight",
    "encoder.layer.0.crossattention.attention.key.weight,encoder.layer.0.crossattention.attention.value.weight",
    "encoder.layer.1.intermediate_query.dense.weight,encoder.layer.1.intermediate.dense.weight",
    "encoder.layer.2.attention.output.LayerNorm.weight,encoder.layer.2.crossattention.output.LayerNorm.weight"
  })
  void swappedWeightsShow(String one, String other) {
    try (Golden golden = Golden.open("qformer")) {
      Golden.assertWrong(one + " swapped", run(golden.swapped(one, other), config(golden), golden.in("mask")));
    }
  }

  @Test
  void whereTheQueriesLookIsTransformers() {
    try (Golden golden = Golden.open("qformer")) {
      List<Golden.Difference> differences = attention(golden);
      assertThat(differences).hasSize(1);
      golden.assertClose(differences);
      for (String weight : List.of("query_tokens", "encoder.layer.0.crossattention.attention.query.weight", "encoder.layer.2.crossattention.attention.key.weight",
          "encoder.layer.1.output_query.dense.weight", "encoder.layer.2.attention.output.dense.bias")) {
        Golden.assertWrong(weight, attention(golden.perturbed(weight)));
      }
    }
  }

  private static List<Golden.Difference> attention(Golden golden) {
    List<Golden.Difference> differences = new ArrayList<>();
    Scope.run(
        () -> {
          QFormer model = new QFormer(config(golden), golden.frozen(Compute.FP32), true);
          differences.addAll(golden.outputs(Map.of("attention", model.attention(model.look(golden.in("image"))))));
        });
    return differences;
  }

  @Test
  void anIgnoredPaddingMaskShows() {
    try (Golden golden = Golden.open("qformer")) {
      Golden.assertWrong("no padding mask", run(golden, config(golden), golden.in("mask").fill_(new Scalar(1))));
    }
  }

  @Test
  void crossAttentionInFewerLayersShows() {
    try (Golden golden = Golden.open("qformer")) {
      QFormer.Config c = config(golden);
      QFormer.Config later =
          new QFormer.Config(c.hidden(), c.layers(), c.heads(), c.intermediate(), c.vocabulary(), c.positions(), c.queries(),
              c.imageHidden(), c.crossEvery(), 2, c.apart(), c.glance(), c.epsilon(), c.dropout(), c.wordDropout());
      Golden.assertWrong("cross-attention from layer 2", run(golden, later, golden.in("mask")));
    }
  }

  private static List<Golden.Difference> train(Golden golden, Compute compute) {
    List<Golden.Difference> differences = new ArrayList<>();
    Scope.run(
        () -> {
          Parameters parameters = golden.trainable(compute, w -> new QFormer(config(golden), w, true));
          Tensor image = golden.leaf("image", compute);
          Map<String, Tensor> outputs = outputs(golden, config(golden), parameters.weights(), image, golden.in("mask"));
          golden.loss(outputs).backward();
          differences.addAll(golden.outputs(outputs));
          differences.addAll(golden.gradients(Map.of("image", image)));
          differences.addAll(golden.gradients(parameters));
          parameters.close();
        });
    return differences;
  }

  private static List<Golden.Difference> run(Golden golden, QFormer.Config config, Tensor mask) {
    List<Golden.Difference> differences = new ArrayList<>();
    Scope.run(() -> differences.addAll(golden.outputs(outputs(golden, config, golden.frozen(Compute.FP32), golden.in("image"), mask))));
    return differences;
  }

  /** Rows of padding say nothing: the golden has zeros there. */
  private static Map<String, Tensor> outputs(Golden golden, QFormer.Config config, Weights weights, Tensor image, Tensor mask) {
    QFormer model = new QFormer(config, weights, true);
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    outputs.put("queries", model.queries(image, false));
    Tensor text = model.text(golden.in("ids"), mask.to(ScalarType.Bool), false);
    outputs.put("text", text.mul(golden.in("mask").unsqueeze(2).to(text.scalar_type())));
    return outputs;
  }

  static QFormer.Config config(Golden golden) {
    Map<String, Object> c = golden.config();
    return new QFormer.Config(
        (int) c.get("hidden_size"), (int) c.get("num_hidden_layers"), (int) c.get("num_attention_heads"), (int) c.get("intermediate_size"),
        (int) c.get("vocab_size"), (int) c.get("max_position_embeddings"), (int) c.get("queries"), (int) c.get("encoder_hidden_size"),
        (int) c.get("cross_attention_frequency"), (int) c.get("cross_first"), false, false, (double) c.get("layer_norm_eps"), 0.1, 0.1);
  }
}
