package dev.ocelli.model;

import dev.ocelli.UserError;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Sizes of the article's models, for random weights where the real ones can't be had: what their config.json says, in its own words. */
final class KnownConfigs {
  static final String MINILM = "sentence-transformers/all-MiniLM-L6-v2";

  private static final Map<String, Map<String, Object>> ALL =
      Map.of(
          "google/vit-base-patch16-224",
          Map.of(
              "model_type", "vit", "hidden_size", 768, "num_hidden_layers", 12, "num_attention_heads", 12, "intermediate_size", 3072,
              "image_size", 224, "patch_size", 16, "layer_norm_eps", 1e-12, "hidden_act", "gelu"),
          "facebook/dinov2-small",
          Map.of(
              "model_type", "dinov2", "hidden_size", 384, "num_hidden_layers", 12, "num_attention_heads", 6, "mlp_ratio", 4,
              "image_size", 518, "patch_size", 14, "layer_norm_eps", 1e-6, "hidden_act", "gelu"),
          "microsoft/resnet-50",
          Map.of(
              "model_type", "resnet", "embedding_size", 64, "hidden_sizes", List.of(256, 512, 1024, 2048), "depths", List.of(3, 4, 6, 3),
              "layer_type", "bottleneck", "hidden_act", "relu"),
          "distilbert/distilbert-base-uncased",
          Map.of(
              "model_type", "distilbert", "dim", 768, "n_layers", 6, "n_heads", 12, "hidden_dim", 3072, "max_position_embeddings", 512,
              "vocab_size", 30522),
          "google-bert/bert-base-uncased",
          Map.of(
              "model_type", "bert", "hidden_size", 768, "num_hidden_layers", 12, "num_attention_heads", 12, "intermediate_size", 3072,
              "max_position_embeddings", 512, "vocab_size", 30522, "layer_norm_eps", 1e-12),
          MINILM,
          Map.of(
              "model_type", "bert", "hidden_size", 384, "num_hidden_layers", 6, "num_attention_heads", 12, "intermediate_size", 1536,
              "max_position_embeddings", 512, "vocab_size", 30522, "layer_norm_eps", 1e-12));

  private KnownConfigs() {}

  static Map<String, Object> of(String name) {
    Map<String, Object> config = ALL.get(name);
    if (config == null) {
      throw UserError.of("Random weights need a known size; %s isn't one of %s.", name, new TreeSet<>(ALL.keySet()));
    }
    return config;
  }
}
