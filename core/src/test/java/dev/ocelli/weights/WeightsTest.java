package dev.ocelli.weights;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.Progress;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The three starter models, fetched for real. */
@Tag("weights")
class WeightsTest {
  private final Pull pull = new Pull(Pull.Settings.fromEnvironment());

  @Test
  void smolLm2() {
    PulledModel model = pull.pull("HuggingFaceTB/SmolLM2-135M-Instruct", Progress.NONE);
    assertThat(model.config())
        .containsEntry("hidden_size", 576)
        .containsEntry("num_hidden_layers", 30)
        .containsEntry("vocab_size", 49152)
        .containsEntry("tie_word_embeddings", true);
    try (TensorFile file = model.open()) {
      assertThat(file.names()).hasSize(272);
      assertThat(file.floats("model.embed_tokens.weight")).hasSize(49152 * 576);
      assertThat(file.info("model.layers.29.mlp.down_proj.weight").shape()).containsExactly(576, 1536);
    }
  }

  @Test
  void miniLm() {
    PulledModel model = pull.pull("sentence-transformers/all-MiniLM-L6-v2", Progress.NONE);
    assertThat(model.config()).containsEntry("model_type", "bert").containsEntry("hidden_size", 384);
    assertThat(model.files()).containsKeys("config.json", "tokenizer.json", "tokenizer_config.json");
    try (TensorFile file = model.open()) {
      assertThat(file.info("embeddings.word_embeddings.weight").shape()).containsExactly(30522, 384);
    }
  }

  @Test
  void dinov2() {
    PulledModel model = pull.pull("facebook/dinov2-small", Progress.NONE);
    assertThat(model.config())
        .containsEntry("hidden_size", 384)
        .containsEntry("num_hidden_layers", 12)
        .containsEntry("num_attention_heads", 6)
        .containsEntry("patch_size", 14)
        .containsEntry("image_size", 518);
    try (TensorFile file = model.open()) {
      assertThat(file.info("embeddings.position_embeddings").shape()).containsExactly(1, 1370, 384);
      for (int layer = 0; layer < 12; layer++) {
        for (String matrix : new String[] {"attention.query", "attention.key", "attention.value", "output.dense"}) {
          assertThat(file.info("encoder.layer." + layer + ".attention." + matrix + ".weight").shape()).containsExactly(384, 384);
        }
        assertThat(file.info("encoder.layer." + layer + ".mlp.fc1.weight").shape()).containsExactly(1536, 384);
        assertThat(file.info("encoder.layer." + layer + ".mlp.fc2.weight").shape()).containsExactly(384, 1536);
      }
      assertThat(file.names()).noneMatch(name -> name.contains("onnx::") || name.startsWith("decoder"));
    }
  }
}
