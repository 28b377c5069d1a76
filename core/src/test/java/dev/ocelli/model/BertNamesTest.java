package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.DType;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.SafetensorsWriter;
import dev.ocelli.weights.TensorFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A Q-Former that begins from a text encoder answers about text as that encoder does. */
class BertNamesTest {
  @ParameterizedTest
  @CsvSource({"bert,''", "bert,bert.", "distilbert,''", "distilbert,distilbert."})
  void textHalfAnswersAsTheEncoderDoesWhateverItsPrefix(String name, String prefix) {
    try (Golden golden = Golden.open(name)) {
      golden.assertClose(text(golden, prefix));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "distilbert"})
  void anyWrongWeightShows(String name) {
    try (Golden golden = Golden.open(name)) {
      for (String weight : golden.weights()) {
        if (!weight.matches(".*\\.(key|k_lin)\\.bias")) { // softmax doesn't see it
          Golden.assertWrong(weight, text(golden.perturbed(weight), ""));
        }
      }
    }
  }

  @Test
  void anEncoderOfAnotherSizeIsRefusedByName() {
    try (Golden golden = Golden.open("bert")) {
      Map<String, Object> config = new HashMap<>(golden.config());
      config.put("intermediate_size", 24);
      assertThatThrownBy(
              () -> {
                QFormer.Config sizes = ModelConfigs.bert(config, 4, 14, 2, 0);
                try (Parameters parameters = new Parameters(Compute.FP32, n -> "qformer", w -> new QFormer(sizes, w, true))) {
                  parameters.initialise(1, BertNames.source(new Unprefixed(golden.file(), "")));
                }
              })
          .isInstanceOf(UserError.class)
          .hasMessageContaining("encoder.layer.0.intermediate")
          .hasMessageContaining("[20, 16]")
          .hasMessageContaining("[24, 16]");
    }
  }

  /** Encoders saved with their head for masked words keep it beside themselves; others have none. */
  @ParameterizedTest
  @CsvSource({
    "bert.encoder.layer.0.x, cls.predictions.transform.LayerNorm.weight, cls.predictions.bias",
    "bert.encoder.layer.0.x, cls.predictions.transform.LayerNorm.gamma, cls.predictions.bias",
    "distilbert.transformer.layer.0.x, vocab_layer_norm.weight, vocab_projector.bias",
    "encoder.layer.0.x, , "
  })
  void theHeadThatScoresWordsIsTheEncodersOwn(String layer, String norm, String bias, @TempDir Path folder) {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>(List.of(entry(layer, 1)));
    if (norm != null) {
      entries.addAll(List.of(entry(norm, 2), entry(bias, 3)));
    }
    SafetensorsWriter.write(folder.resolve("model.safetensors"), entries, Map.of());
    try (TensorFile file = Safetensors.open(folder.resolve("model.safetensors"))) {
      Scope.run(
          () -> {
            Tensor scale = BertNames.source(file).apply("cls.predictions.transform.LayerNorm.weight");
            Tensor shift = BertNames.source(file).apply("cls.predictions.bias");
            if (norm == null) {
              assertThat(scale).isNull();
              assertThat(shift).isNull();
            } else {
              assertThat(Tensors.floats(scale)).containsExactly(2);
              assertThat(Tensors.floats(shift)).containsExactly(3);
            }
            assertThat(BertNames.source(file).apply("decoder_start")).isNull();
          });
    }
  }

  private static SafetensorsWriter.Entry entry(String name, float value) {
    ByteBuffer bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).flip();
    return new SafetensorsWriter.Entry(name, DType.F32, new long[] {1}, bytes::duplicate);
  }

  private static List<Golden.Difference> text(Golden golden, String prefix) {
    List<Golden.Difference> differences = new ArrayList<>();
    QFormer.Config config = ModelConfigs.bert(golden.config(), 4, 14, 2, 0);
    Scope.run(
        () -> {
          Parameters parameters = new Parameters(Compute.FP32, n -> "qformer", w -> new QFormer(config, w, true));
          List<String> random = parameters.initialise(1, BertNames.source(new Unprefixed(golden.file(), prefix)));
          assertThat(random).isNotEmpty().allMatch(n -> n.equals("query_tokens") || n.contains("crossattention"));
          assertQueriesBeginAsText(parameters);
          QFormer model = new QFormer(config, parameters.weights(), true);
          Tensor mask = golden.in("mask");
          Tensor text = model.text(golden.in("ids"), mask.to(ScalarType.Bool), false).mul(mask.unsqueeze(2).to(ScalarType.Float));
          differences.addAll(golden.outputs(Map.of("text", text)));
          parameters.close();
        });
    return differences;
  }

  private static void assertQueriesBeginAsText(Parameters parameters) {
    Map<String, Tensor> named = new HashMap<>();
    parameters.named().forEach(n -> named.put(n.name(), n.master()));
    for (String name : named.keySet()) {
      if (name.contains("_query.")) {
        assertThat(named.get(name).equal(named.get(name.replace("_query.", ".")))).as(name).isTrue();
      }
    }
  }
}
