package dev.ocelli.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.weights.DType;
import dev.ocelli.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Models of a few kilobytes with random weights, in folders as the hub has them: what the commands do can be seen without a download. */
public final class TinyModels {
  private static final int HIDDEN = 16;
  private static final List<String> WORDS =
      List.of(
          "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<|im_start|>", "<|im_end|>", "a", "red", "green", "blue", "yellow", "circle",
          "square", "triangle", "on", "white", "you", "are", "helpful", "what", "do", "see", "in", "this", "image", "is", "the", "shape",
          "user", "system", "assistant", ".", "?", "to");

  private final Path root;
  private final List<SafetensorsWriter.Entry> tensors = new ArrayList<>();
  private final Random random = new Random(7);

  private TinyModels(Path root) {
    this.root = root;
  }

  /** Writes the folders vision, text and language. */
  public static void write(Path root) {
    TinyModels models = new TinyModels(root);
    models.vision();
    models.text();
    models.language();
  }

  private void vision() {
    add("embeddings.cls_token", 1, 1, HIDDEN);
    add("embeddings.position_embeddings", 1, 5, HIDDEN);
    linear("embeddings.patch_embeddings.projection", HIDDEN, 3, 14, 14);
    String at = "encoder.layer.0.";
    norm(at + "norm1");
    for (String part : List.of("query", "key", "value")) {
      linear(at + "attention.attention." + part, HIDDEN, HIDDEN);
    }
    linear(at + "attention.output.dense", HIDDEN, HIDDEN);
    add(at + "layer_scale1.lambda1", HIDDEN);
    norm(at + "norm2");
    linear(at + "mlp.fc1", 4 * HIDDEN, HIDDEN);
    linear(at + "mlp.fc2", HIDDEN, 4 * HIDDEN);
    add(at + "layer_scale2.lambda1", HIDDEN);
    norm("layernorm");
    Map<String, Object> config = config("dinov2");
    config.put("image_size", 28);
    config.put("patch_size", 14);
    save("vision", config);
    json(
        "vision/preprocessor_config.json",
        Map.of(
            "image_processor_type", "BitImageProcessor", "do_resize", true, "size", Map.of("shortest_edge", 28), "do_center_crop", true,
            "crop_size", Map.of("height", 28, "width", 28), "resample", 3, "image_mean", List.of(0.5, 0.5, 0.5),
            "image_std", List.of(0.5, 0.5, 0.5)));
  }

  private void text() {
    add("embeddings.word_embeddings.weight", WORDS.size(), HIDDEN);
    add("embeddings.position_embeddings.weight", 64, HIDDEN);
    add("embeddings.token_type_embeddings.weight", 2, HIDDEN);
    norm("embeddings.LayerNorm");
    for (int i = 0; i < 2; i++) {
      String at = "encoder.layer." + i + ".";
      for (String part : List.of("query", "key", "value")) {
        linear(at + "attention.self." + part, HIDDEN, HIDDEN);
      }
      linear(at + "attention.output.dense", HIDDEN, HIDDEN);
      norm(at + "attention.output.LayerNorm");
      linear(at + "intermediate.dense", 2 * HIDDEN, HIDDEN);
      linear(at + "output.dense", HIDDEN, 2 * HIDDEN);
      norm(at + "output.LayerNorm");
    }
    Map<String, Object> config = config("bert");
    config.put("num_hidden_layers", 2);
    config.put("intermediate_size", 2 * HIDDEN);
    config.put("max_position_embeddings", 64);
    save("text", config);
    tokenizer("text");
  }

  private void language() {
    add("model.embed_tokens.weight", WORDS.size(), HIDDEN);
    String at = "model.layers.0.";
    for (String part : List.of("q", "k", "v", "o")) {
      add(at + "self_attn." + part + "_proj.weight", HIDDEN, HIDDEN);
    }
    add(at + "mlp.gate_proj.weight", 2 * HIDDEN, HIDDEN);
    add(at + "mlp.up_proj.weight", 2 * HIDDEN, HIDDEN);
    add(at + "mlp.down_proj.weight", HIDDEN, 2 * HIDDEN);
    add(at + "input_layernorm.weight", HIDDEN);
    add(at + "post_attention_layernorm.weight", HIDDEN);
    add("model.norm.weight", HIDDEN);
    Map<String, Object> config = config("llama");
    config.put("hidden_act", "silu");
    config.put("num_key_value_heads", 2);
    config.put("intermediate_size", 2 * HIDDEN);
    config.put("max_position_embeddings", 256);
    config.put("tie_word_embeddings", true);
    config.put("eos_token_id", WORDS.indexOf("<|im_end|>"));
    save("language", config);
    tokenizer("language");
    String template =
        "{% for m in messages %}<|im_start|>{{ m['role'] }} {{ m['content'] }}<|im_end|>{% endfor %}"
            + "{% if add_generation_prompt %}<|im_start|>assistant {% endif %}";
    json("language/tokenizer_config.json", Map.of("chat_template", template));
  }

  private Map<String, Object> config(String type) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("model_type", type);
    config.put("hidden_act", "gelu");
    config.put("hidden_size", HIDDEN);
    config.put("num_hidden_layers", 1);
    config.put("num_attention_heads", 2);
    config.put("vocab_size", WORDS.size());
    return config;
  }

  private void linear(String name, long... shape) {
    add(name + ".weight", shape);
    add(name + ".bias", shape[0]);
  }

  private void norm(String name) {
    add(name + ".weight", HIDDEN);
    add(name + ".bias", HIDDEN);
  }

  private void add(String name, long... shape) {
    int size = 1;
    for (long length : shape) {
      size *= (int) length;
    }
    ByteBuffer bytes = ByteBuffer.allocate(4 * size).order(ByteOrder.LITTLE_ENDIAN);
    boolean around1 = name.toLowerCase(java.util.Locale.ROOT).contains("norm") && name.endsWith("weight");
    for (int i = 0; i < size; i++) {
      bytes.putFloat((around1 ? 1 : 0) + 0.2f * (float) random.nextGaussian());
    }
    bytes.flip();
    tensors.add(new SafetensorsWriter.Entry(name, DType.F32, shape, bytes::duplicate));
  }

  private void save(String folder, Map<String, Object> config) {
    json(folder + "/config.json", config);
    SafetensorsWriter.write(root.resolve(folder).resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    tensors.clear();
  }

  /** Whole words only; a BERT's markers around a text. */
  private void tokenizer(String folder) {
    Map<String, Object> vocabulary = new LinkedHashMap<>();
    WORDS.forEach(word -> vocabulary.put(word, vocabulary.size()));
    List<Map<String, Object>> added = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      added.add(
          Map.of(
              "id", i, "content", WORDS.get(i), "single_word", false, "lstrip", false, "rstrip", false, "normalized", false, "special",
              true));
    }
    Map<String, Object> cls = Map.of("SpecialToken", Map.of("id", "[CLS]", "type_id", 0));
    Map<String, Object> sep = Map.of("SpecialToken", Map.of("id", "[SEP]", "type_id", 0));
    Map<String, Object> post =
        Map.of(
            "type", "TemplateProcessing",
            "single", List.of(cls, Map.of("Sequence", Map.of("id", "A", "type_id", 0)), sep),
            "pair",
                List.of(cls, Map.of("Sequence", Map.of("id", "A", "type_id", 0)), Map.of("Sequence", Map.of("id", "B", "type_id", 1)), sep),
            "special_tokens",
                Map.of(
                    "[CLS]", Map.of("id", "[CLS]", "ids", List.of(2), "tokens", List.of("[CLS]")),
                    "[SEP]", Map.of("id", "[SEP]", "ids", List.of(3), "tokens", List.of("[SEP]"))));
    Map<String, Object> tokenizer = new LinkedHashMap<>();
    tokenizer.put("version", "1.0");
    tokenizer.put("added_tokens", added);
    tokenizer.put("normalizer", Map.of("type", "Lowercase"));
    tokenizer.put("pre_tokenizer", Map.of("type", "BertPreTokenizer"));
    if (folder.equals("text")) {
      tokenizer.put("post_processor", post);
    }
    tokenizer.put("decoder", Map.of("type", "WordPiece", "prefix", "##", "cleanup", true));
    tokenizer.put(
        "model",
        Map.of(
            "type", "WordPiece", "unk_token", "[UNK]", "continuing_subword_prefix", "##", "max_input_chars_per_word", 100, "vocab",
            vocabulary));
    json(folder + "/tokenizer.json", tokenizer);
  }

  private void json(String file, Object value) {
    try {
      Path path = root.resolve(file);
      Files.createDirectories(path.getParent());
      new ObjectMapper().writeValue(path.toFile(), value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
