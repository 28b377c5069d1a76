package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.FrozenWeights;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters against PEFT, from the very file that PEFT writes. */
class LoraTest {
  @ParameterizedTest
  @ValueSource(strings = {"lora-attention", "lora-all", "lora-query-value"})
  void logitsAndGradientsArePefts(String name) {
    try (Golden golden = Golden.open(name)) {
      golden.assertClose(train(golden, Compute.FP32));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"lora-attention", "lora-all", "lora-query-value"})
  void bf16IsCloseToFp32(String name) {
    try (Golden golden = Golden.open(name)) {
      golden.assertCloseInBf16(train(golden, Compute.BF16));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"lora-attention", "lora-all", "lora-query-value"})
  void mergedAnswersAlike(String name) {
    try (Golden golden = Golden.open(name);
        Golden base = Golden.open("llama");
        TensorFile adapter = adapter(name)) {
      Scope.run(
          () -> {
            LanguageModel model = base(base, Compute.FP32);
            LanguageModel merged = model.merged(lora(golden, adapter, config(golden)));
            Map<String, Tensor> outputs = LanguageModelTest.outputs(golden, merged, merged.embed(golden.in("ids")), null);
            golden.assertClose(golden.outputs(outputs));
          });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"lora-attention", "lora-all", "lora-query-value"})
  void anyWrongWeightShowsAndSoDoesTheScale(String name) {
    try (Golden golden = Golden.open(name);
        TensorFile adapter = adapter(name)) {
      for (String weight : adapter.names()) {
        Golden.assertWrong(weight, run(golden, EditedFile.perturbed(adapter, weight), config(golden)));
      }
      Lora.Config c = config(golden);
      Golden.assertWrong("alpha", run(golden, adapter, new Lora.Config(c.rank(), c.rank(), 0, c.targets())));
      String query = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
      String value = query.replace("q_proj", "v_proj");
      Golden.assertWrong("A of q and v swapped", run(golden, EditedFile.swapped(adapter, query, value), c));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"lora-attention", "lora-all", "lora-query-value"})
  void namesArePeftsAndNoOthers(String name) {
    try (Golden golden = Golden.open(name);
        Golden base = Golden.open("llama");
        TensorFile adapter = adapter(name)) {
      Set<String> names = new HashSet<>();
      LanguageModel.Config model = ModelConfigs.language(base.config());
      new Lora(
          config(golden),
          model,
          (kind, shape, all, rows) -> {
            names.addAll(List.of(all));
            return new RandomWeights(1, Compute.FP32).get(kind, shape, all, rows);
          });
      assertThat(names).isEqualTo(adapter.names());
    }
  }

  @Test
  void trainingBeginsFromTheModelAsItWas() {
    try (Golden base = Golden.open("llama")) {
      Scope.run(
          () -> {
            LanguageModel model = base(base, Compute.FP32);
            Lora lora = new Lora(new Lora.Config(2, 4, 0.5, Lora.PROJECTIONS), model.config(), new RandomWeights(3, Compute.FP32));
            Tensor embeddings = model.embed(base.in("ids"));
            float[] plain = Tensors.floats(model.forward(embeddings, null, false, null));
            assertThat(Tensors.floats(model.forward(embeddings, lora, true, null))).containsExactly(plain);
          });
    }
  }

  @Test
  void refusesWhatItCannotAdapt() {
    assertThatThrownBy(() -> new Lora.Config(2, 4, 0, Set.of("q_proj", "embed_tokens")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("embed_tokens")
        .hasMessageContaining("k_proj");
    assertThatThrownBy(() -> new Lora.Config(0, 4, 0, Set.of("q_proj"))).isInstanceOf(UserError.class).hasMessageContaining("rank is 0");
  }

  private static List<Golden.Difference> train(Golden golden, Compute compute) {
    List<Golden.Difference> differences = new ArrayList<>();
    try (Golden base = Golden.open("llama");
        TensorFile adapter = adapter(golden.name())) {
      Scope.run(
          () -> {
            LanguageModel model = base(base, compute);
            Parameters parameters = new Parameters(compute, n -> "lora", w -> new Lora(config(golden), model.config(), w));
            assertThat(parameters.initialise(1, n -> Tensors.of(adapter.floats(n), adapter.info(n).shape()))).isEmpty();
            Lora lora = new Lora(config(golden), model.config(), parameters.weights());
            Tensor embeddings = model.embed(golden.in("ids")).detach().set_requires_grad(true);
            Map<String, Tensor> outputs = LanguageModelTest.outputs(golden, model, embeddings, lora);
            golden.loss(outputs).backward();
            differences.addAll(golden.outputs(outputs));
            differences.addAll(golden.gradients(Map.of("embeddings", embeddings)));
            differences.addAll(golden.gradients(parameters));
            parameters.close();
          });
    }
    return differences;
  }

  private static List<Golden.Difference> run(Golden golden, TensorFile adapter, Lora.Config config) {
    List<Golden.Difference> differences = new ArrayList<>();
    try (Golden base = Golden.open("llama")) {
      Scope.run(
          () -> {
            LanguageModel model = base(base, Compute.FP32);
            Tensor embeddings = model.embed(golden.in("ids"));
            differences.addAll(golden.outputs(LanguageModelTest.outputs(golden, model, embeddings, lora(golden, adapter, config))));
          });
    }
    return differences;
  }

  private static LanguageModel base(Golden base, Compute compute) {
    return new LanguageModel(ModelConfigs.language(base.config()), base.frozen(compute));
  }

  private static Lora lora(Golden golden, TensorFile adapter, Lora.Config config) {
    try (Golden base = Golden.open("llama")) {
      return new Lora(config, ModelConfigs.language(base.config()), new FrozenWeights(adapter, "", Compute.FP32));
    }
  }

  private static TensorFile adapter(String name) {
    return Safetensors.open(Golden.path(name + ".adapter_model.safetensors"));
  }

  /** Of PEFT's adapter_config.json. */
  private static Lora.Config config(Golden golden) {
    Map<String, Object> c = golden.config();
    Set<String> targets = new HashSet<>();
    ((List<?>) c.get("target_modules")).forEach(target -> targets.add((String) target));
    return new Lora.Config((int) c.get("r"), ((Number) c.get("lora_alpha")).doubleValue(), (double) c.get("lora_dropout"), targets);
  }
}
