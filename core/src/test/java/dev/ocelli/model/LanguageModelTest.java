package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The decoder against transformers' LlamaForCausalLM and Qwen3ForCausalLM. */
class LanguageModelTest {
  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-tied", "qwen3"})
  void logitsAndAllGradientsAreTransformers(String name) {
    try (Golden golden = Golden.open(name)) {
      golden.assertClose(train(golden, Compute.FP32));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-tied", "qwen3"})
  void bf16IsCloseToFp32(String name) {
    try (Golden golden = Golden.open(name)) {
      golden.assertCloseInBf16(train(golden, Compute.BF16));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-tied", "qwen3"})
  void anyWrongWeightShows(String name) {
    try (Golden golden = Golden.open(name)) {
      for (String weight : golden.weights()) {
        Golden.assertWrong(weight, run(golden.perturbed(weight), golden.config()));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama,model.layers.0.self_attn.k_proj.weight,model.layers.0.self_attn.v_proj.weight",
    "llama,model.layers.1.mlp.gate_proj.weight,model.layers.1.mlp.up_proj.weight",
    "llama,model.embed_tokens.weight,lm_head.weight",
    "qwen3,model.layers.0.self_attn.q_norm.weight,model.layers.0.self_attn.k_norm.weight"
  })
  void swappedWeightsShow(String name, String one, String other) {
    try (Golden golden = Golden.open(name)) {
      // Swapping q_norm and k_norm within one layer changes nothing: q and k are multiplied by both. Across layers it shows.
      String with = other.contains("k_norm") ? other.replace("layers.0", "layers.1") : other;
      Golden.assertWrong(one + " swapped", run(golden.swapped(one, with), golden.config()));
    }
  }

  @ParameterizedTest
  @CsvSource({"llama,rope_theta,400", "llama,rms_norm_eps,0.01", "qwen3,model_type,llama", "llama-tied,rope_theta,9000"})
  void anotherSettingShows(String name, String key, String value) {
    try (Golden golden = Golden.open(name)) {
      Map<String, Object> config = new HashMap<>(golden.config());
      if (key.equals("rope_theta")) {
        config.remove("rope_parameters");
      }
      config.put(key, value.matches("[0-9.]+") ? Double.valueOf(value) : value);
      Golden.assertWrong(key + " " + value, run(golden, config));
    }
  }

  /** The head's halves in each other's place are what llama.cpp's order of rows, or a wrong rotation, would give. */
  @Test
  void anotherPairingOfRotaryPositionsShows() {
    try (Golden golden = Golden.open("llama")) {
      Scope.run(
          () -> {
            Map<String, Tensor> swapped = new HashMap<>();
            for (String part : List.of("q_proj", "k_proj")) {
              String weight = "model.layers.0.self_attn." + part + ".weight";
              Tensor rows = golden.tensor("w." + weight);
              swapped.put(weight, rows.view(-1, 2, 2, rows.size(1)).transpose(1, 2).reshape(rows.size(0), rows.size(1)));
            }
            Parameters parameters = new Parameters(Compute.FP32, n -> "all", w -> model(golden.config(), w));
            parameters.initialise(1, n -> swapped.containsKey(n) ? swapped.get(n) : golden.tensor("w." + n));
            LanguageModel model = model(golden.config(), parameters.weights());
            Golden.assertWrong("interleaved rows", golden.outputs(outputs(golden, model, model.embed(golden.in("ids")), null)));
            parameters.close();
          });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-tied", "qwen3"})
  void cachedDecodingIsTheWholeForward(String name) {
    try (Golden golden = Golden.open(name)) {
      for (int prompt : new int[] {1, 3, 6}) {
        Scope.run(
            () -> {
              LanguageModel model = model(golden.config(), golden.frozen(Compute.FP32));
              assertCachedIsWhole(model, golden.in("ids"), golden.tensor("out.logits"), prompt);
            });
      }
    }
  }

  /** @param all the model's scores without a cache */
  static void assertCachedIsWhole(LanguageModel model, Tensor ids, Tensor all, int prompt) {
    Tensor embeddings = model.embed(ids).narrow(0, 0, 1);
    Tensor whole = all.narrow(0, 0, 1);
    try (KeyValueCache cache = new KeyValueCache(model.config(), Compute.FP32, 1, 7)) {
      List<Tensor> steps = new ArrayList<>();
      steps.add(model.forward(embeddings.narrow(1, 0, prompt), null, false, cache));
      // Two tokens at once after the prompt, where there is room, see each other causally.
      for (int at = prompt; at < 7; ) {
        int count = at == prompt && at + 2 <= 7 ? 2 : 1;
        steps.add(model.forward(embeddings.narrow(1, at, count), null, false, cache));
        at += count;
      }
      assertThat(cache.length()).isEqualTo(7);
      Tensor said = model.logits(Tensors.cat(1, steps.toArray(Tensor[]::new)));
      assertThat(said.sub(whole).norm().item_double() / whole.norm().item_double()).isLessThan(1e-5);
      cache.truncate(4);
      Tensor again = model.logits(model.forward(embeddings.narrow(1, 4, 1), null, false, cache));
      assertThat(again.sub(whole.narrow(1, 4, 1)).norm().item_double()).isLessThan(1e-5 * whole.norm().item_double());
      cache.truncate(4);
      Tensor wrong = model.logits(model.forward(embeddings.narrow(1, 5, 1), null, false, cache));
      assertThat(wrong.sub(whole.narrow(1, 5, 1)).norm().item_double()).isGreaterThan(1e-3);
    }
  }

  /** Texts that join and leave while others go on are read as if each were alone. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-tied", "qwen3"})
  void textsOfDifferentLengthsDecodeTogether(String name) {
    try (Golden golden = Golden.open(name)) {
      Scope.run(
          () -> {
            LanguageModel model = model(golden.config(), golden.frozen(Compute.FP32));
            assertTogetherIsAlone(model, golden.in("ids"), golden.tensor("out.logits"));
          });
    }
  }

  static void assertTogetherIsAlone(LanguageModel model, Tensor ids, Tensor all) {
    Tensor text = model.embed(ids).narrow(0, 0, 1);
    Tensor whole = all.narrow(0, 0, 1);
    try (RowCache cache = new RowCache(model.config(), Compute.FP32)) {
      Tensor prompts = Tensors.cat(0, text.narrow(1, 0, 4), text.narrow(1, 0, 4));
      // The second text is two tokens long; what pads it is never looked at.
      model.forward(prompts, null, false, cache.add(new long[] {4, 2}, 7));
      assertStep(model, cache, text, whole, 4, 2);
      model.forward(text.narrow(1, 0, 3), null, false, cache.add(new long[] {3}, 7));
      assertStep(model, cache, text, whole, 5, 3, 3);
      cache.remove(0);
      assertStep(model, cache, text, whole, 4, 4);
      assertStep(model, cache, text, whole, 5, 5);
      assertThat(cache.rows()).isEqualTo(2);
      assertThat(cache.length(0)).isEqualTo(6);
    }
  }

  /** One token more for each row, of the text's tokens at these places. */
  private static void assertStep(LanguageModel model, RowCache cache, Tensor text, Tensor whole, int... at) {
    Tensor[] tokens = new Tensor[at.length];
    Tensor[] expected = new Tensor[at.length];
    for (int i = 0; i < at.length; i++) {
      tokens[i] = text.narrow(1, at[i], 1);
      expected[i] = whole.narrow(1, at[i], 1);
    }
    Tensor seen = model.logits(model.forward(Tensors.cat(0, tokens), null, false, cache.next()));
    Tensor right = Tensors.cat(0, expected);
    for (int i = 0; i < at.length; i++) {
      Tensor difference = seen.narrow(0, i, 1).sub(right.narrow(0, i, 1));
      assertThat(difference.norm().item_double()).as("row %d", i).isLessThan(1e-5 * right.narrow(0, i, 1).norm().item_double());
    }
  }

  private static List<Golden.Difference> train(Golden golden, Compute compute) {
    List<Golden.Difference> differences = new ArrayList<>();
    Scope.run(
        () -> {
          Parameters parameters = golden.trainable(compute, w -> model(golden.config(), w));
          LanguageModel model = model(golden.config(), parameters.weights());
          Tensor embeddings = model.embed(golden.in("ids"));
          embeddings.retain_grad();
          Map<String, Tensor> outputs = outputs(golden, model, embeddings, null);
          golden.loss(outputs).backward();
          differences.addAll(golden.outputs(outputs));
          differences.addAll(golden.gradients(Map.of("embeddings", embeddings)));
          differences.addAll(golden.gradients(parameters));
          parameters.close();
        });
    return differences;
  }

  private static List<Golden.Difference> run(Golden golden, Map<String, Object> config) {
    List<Golden.Difference> differences = new ArrayList<>();
    Scope.run(
        () -> {
          LanguageModel model = model(config, golden.frozen(Compute.FP32));
          differences.addAll(golden.outputs(outputs(golden, model, model.embed(golden.in("ids")), null)));
        });
    return differences;
  }

  static LanguageModel model(Map<String, Object> config, dev.ocelli.nn.Weights weights) {
    return new LanguageModel(ModelConfigs.language(config), weights);
  }

  /** Logits, with zeros where the golden has padding: what is computed there is nobody's. */
  static Map<String, Tensor> outputs(Golden golden, LanguageModel model, Tensor embeddings, Lora lora) {
    Tensor logits = model.logits(model.forward(embeddings, lora, false, null));
    return Map.of("logits", logits.mul(golden.in("mask").unsqueeze(2).to(logits.scalar_type())));
  }
}
