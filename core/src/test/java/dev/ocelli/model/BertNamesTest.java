package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
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
