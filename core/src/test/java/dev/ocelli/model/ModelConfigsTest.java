package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigsTest {
  /** As SmolLM2-135M's, without what is not read. */
  private static final Map<String, Object> SMOL =
      Map.ofEntries(
          Map.entry("model_type", "llama"),
          Map.entry("vocab_size", 49152),
          Map.entry("hidden_size", 576),
          Map.entry("num_hidden_layers", 30),
          Map.entry("num_attention_heads", 9),
          Map.entry("num_key_value_heads", 3),
          Map.entry("intermediate_size", 1536),
          Map.entry("rms_norm_eps", 1e-5),
          Map.entry("rope_theta", 100000),
          Map.entry("tie_word_embeddings", true),
          Map.entry("hidden_act", "silu"),
          Map.entry("attention_bias", false),
          Map.entry("max_position_embeddings", 8192));

  @Test
  void llamaInBothSpellingsOfItsRotaryBase() {
    LanguageModel.Config config = ModelConfigs.language(SMOL);
    assertThat(config).isEqualTo(new LanguageModel.Config(49152, 576, 30, 9, 3, 64, 1536, 1e-5, 100000, true, false, 8192));
    Map<String, Object> newer = new HashMap<>(SMOL);
    newer.remove("rope_theta");
    newer.put("rope_parameters", Map.of("rope_theta", 100000.0, "rope_type", "default"));
    assertThat(ModelConfigs.language(newer)).isEqualTo(config);
  }

  @ParameterizedTest
  @CsvSource({"model_type,gpt2,'llama, qwen3'", "hidden_act,gelu,silu", "hidden_size,many,whole number", "num_key_value_heads,4,9"})
  void whatTheDecoderIsNotIsRefusedByName(String key, String value, String allowed) {
    Map<String, Object> config = new HashMap<>(SMOL);
    config.put(key, value.matches("\\d+") ? Integer.valueOf(value) : value);
    assertThatThrownBy(() -> ModelConfigs.language(config))
        .isInstanceOf(UserError.class).hasMessageContaining(key).hasMessageContaining(value).hasMessageContaining(allowed);
  }

  @Test
  void biasesAndScaledPositionsAreRefused() {
    for (String key : List.of("attention_bias", "mlp_bias")) {
      Map<String, Object> config = new HashMap<>(SMOL);
      config.put(key, true);
      assertThatThrownBy(() -> ModelConfigs.language(config)).isInstanceOf(UserError.class).hasMessageContaining(key);
    }
    for (String key : List.of("rope_type", "type")) {
      Map<String, Object> config = new HashMap<>(SMOL);
      config.put("rope_scaling", Map.of(key, "yarn", "factor", 4.0));
      assertThatThrownBy(() -> ModelConfigs.language(config))
          .isInstanceOf(UserError.class).hasMessageContaining("yarn").hasMessageContaining("rope_scaling");
    }
  }

  @Test
  void visionEncodersByTheirTypes() {
    Map<String, Object> dino = new HashMap<>(Map.of(
        "model_type", "dinov2", "hidden_size", 384, "num_hidden_layers", 12, "num_attention_heads", 6, "mlp_ratio", 4, "image_size", 518,
        "patch_size", 14, "hidden_act", "gelu", "use_swiglu_ffn", false, "qkv_bias", true));
    assertThat(ModelConfigs.vit(dino)).isEqualTo(new Vit.Config(Vit.Family.DINOV2, 384, 12, 6, 1536, 518, 14, 1e-6));
    dino.put("quantization_config", Map.of("quant_method", "fp8"));
    assertThatThrownBy(() -> ModelConfigs.vit(dino)).isInstanceOf(UserError.class).hasMessageContaining("quantised").hasMessageContaining("fp8");
    dino.remove("quantization_config");
    dino.put("use_swiglu_ffn", true);
    assertThatThrownBy(() -> ModelConfigs.vit(dino)).isInstanceOf(UserError.class).hasMessageContaining("use_swiglu_ffn");
    assertThatThrownBy(() -> ModelConfigs.vision(Map.of("model_type", "clip"), null))
        .isInstanceOf(UserError.class).hasMessageContaining("clip").hasMessageContaining("vit, dinov2, resnet");
    Map<String, Object> resnet = new HashMap<>(Map.of(
        "model_type", "resnet", "embedding_size", 64, "hidden_sizes", List.of(256, 512), "depths", List.of(3, 4),
        "layer_type", "bottleneck"));
    assertThat(ModelConfigs.resnet(resnet).sizes()).containsExactly(256, 512);
    resnet.put("layer_type", "basic");
    assertThatThrownBy(() -> ModelConfigs.resnet(resnet)).isInstanceOf(UserError.class).hasMessageContaining("basic");
  }

  @Test
  void textEncodersInBothSpellings() {
    Map<String, Object> bert = Map.of(
        "model_type", "bert", "hidden_size", 384, "num_hidden_layers", 6, "num_attention_heads", 12, "intermediate_size", 1536,
        "vocab_size", 30522, "max_position_embeddings", 512, "layer_norm_eps", 1e-12, "hidden_act", "gelu", "hidden_dropout_prob", 0.1);
    Map<String, Object> distil = Map.of(
        "model_type", "distilbert", "dim", 384, "n_layers", 6, "n_heads", 12, "hidden_dim", 1536, "vocab_size", 30522,
        "max_position_embeddings", 512, "activation", "gelu", "dropout", 0.1);
    QFormer.Config expected = new QFormer.Config(384, 6, 12, 1536, 30522, 512, 32, 768, 2, 1, false, false, 1e-12, 0.1, 0.1);
    assertThat(ModelConfigs.bert(bert, 32, 768, 2, 1)).isEqualTo(expected);
    assertThat(ModelConfigs.bert(distil, 32, 768, 2, 1)).isEqualTo(expected);
  }

  @Test
  void aFileThatIsNoJsonIsNamed(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("config.json");
    assertThatThrownBy(() -> ModelConfigs.read(file)).isInstanceOf(UserError.class).hasMessageContaining("config.json");
    Files.writeString(file, "{\"model_type\": ");
    assertThatThrownBy(() -> ModelConfigs.read(file)).isInstanceOf(UserError.class).hasMessageContaining("no valid JSON");
    Files.writeString(file, "{\"model_type\": \"llama\", \"depths\": [1, 2]}");
    assertThat(ModelConfigs.read(file)).containsEntry("model_type", "llama").containsEntry("depths", List.of(1, 2));
  }
}
