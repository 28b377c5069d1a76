package dev.ocelli.model;

import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.TensorFile;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/**
 * Where a Q-Former's tensors come from in a text encoder: BERT, MiniLM (which has BERT's names) or DistilBERT. The queries' feed-forward
 * begins as a copy of the text's; query vectors, cross-attention and projections have no source. The head that scores words has one where
 * the text encoder was saved with its own.
 */
public final class BertNames {
  private static final Pattern IN_LAYER = Pattern.compile("encoder\\.layer\\.(\\d+)\\.(.+)\\.(weight|bias)");

  /** Names within a layer: the Q-Former's, BERT's. */
  private static final Map<String, String> BERT =
      Map.ofEntries(
          Map.entry("attention.attention.query", "attention.self.query"),
          Map.entry("attention.attention.key", "attention.self.key"),
          Map.entry("attention.attention.value", "attention.self.value"),
          Map.entry("attention.output.dense", "attention.output.dense"),
          Map.entry("attention.output.LayerNorm", "attention.output.LayerNorm"),
          Map.entry("intermediate.dense", "intermediate.dense"),
          Map.entry("output.dense", "output.dense"),
          Map.entry("output.LayerNorm", "output.LayerNorm"),
          Map.entry("intermediate_query.dense", "intermediate.dense"),
          Map.entry("output_query.dense", "output.dense"),
          Map.entry("output_query.LayerNorm", "output.LayerNorm"));

  /** Names within a layer: the Q-Former's, DistilBERT's. */
  private static final Map<String, String> DISTILBERT =
      Map.ofEntries(
          Map.entry("attention.attention.query", "attention.q_lin"),
          Map.entry("attention.attention.key", "attention.k_lin"),
          Map.entry("attention.attention.value", "attention.v_lin"),
          Map.entry("attention.output.dense", "attention.out_lin"),
          Map.entry("attention.output.LayerNorm", "sa_layer_norm"),
          Map.entry("intermediate.dense", "ffn.lin1"),
          Map.entry("output.dense", "ffn.lin2"),
          Map.entry("output.LayerNorm", "output_layer_norm"),
          Map.entry("intermediate_query.dense", "ffn.lin1"),
          Map.entry("output_query.dense", "ffn.lin2"),
          Map.entry("output_query.LayerNorm", "output_layer_norm"));

  /** The head's names, which are BERT's, in DistilBERT. */
  private static final Map<String, String> DISTILBERT_HEAD =
      Map.of(
          "cls.predictions.transform.dense.weight", "vocab_transform.weight",
          "cls.predictions.transform.dense.bias", "vocab_transform.bias",
          "cls.predictions.transform.LayerNorm.weight", "vocab_layer_norm.weight",
          "cls.predictions.transform.LayerNorm.bias", "vocab_layer_norm.bias",
          "cls.predictions.bias", "vocab_projector.bias");

  private static final String POSITIONS = "embeddings.position_embeddings.weight";
  private static final String TOKEN_TYPES = "embeddings.token_type_embeddings.weight";

  private BertNames() {}

  /** Gives a Q-Former's tensor by its name, in fp32, or null where a text encoder has none: for {@code Parameters.initialise}. */
  public static Function<String, Tensor> source(TensorFile bert) {
    String prefix = bert.names().stream().anyMatch(n -> n.startsWith("distilbert.")) ? "distilbert."
        : bert.names().stream().anyMatch(n -> n.startsWith("bert.")) ? "bert." : "";
    boolean distil = bert.names().stream().anyMatch(n -> n.startsWith(prefix + "transformer.layer."));
    return name -> {
      if (DISTILBERT_HEAD.containsKey(name)) {
        // Beside the encoder, so without its prefix.
        String head = distil ? DISTILBERT_HEAD.get(name) : name;
        return bert.names().contains(found(bert, head)) ? read(bert, head) : null;
      }
      String theirs = distil ? inDistilBert(name) : inBert(name);
      if (theirs == null) {
        return null;
      }
      Tensor tensor = read(bert, prefix + theirs);
      // The Q-Former has no token types; a text alone is all of type 0.
      return name.equals(POSITIONS) && bert.names().contains(prefix + TOKEN_TYPES)
          ? tensor.add(read(bert, prefix + TOKEN_TYPES).narrow(0, 0, 1))
          : tensor;
    };
  }

  /** The name in a BERT's file, without prefix, or null. */
  static String inBert(String name) {
    return rename(name, "encoder.layer.", BERT);
  }

  /** The name in a DistilBERT's file, without prefix, or null. */
  static String inDistilBert(String name) {
    return rename(name, "transformer.layer.", DISTILBERT);
  }

  private static String rename(String name, String layers, Map<String, String> inLayer) {
    Matcher layer = IN_LAYER.matcher(name);
    if (layer.matches()) {
      String theirs = inLayer.get(layer.group(2));
      return theirs == null ? null : layers + layer.group(1) + "." + theirs + "." + layer.group(3);
    }
    return switch (name) {
      case "layernorm.weight" -> "embeddings.LayerNorm.weight";
      case "layernorm.bias" -> "embeddings.LayerNorm.bias";
      case "embeddings.word_embeddings.weight", POSITIONS -> name;
      default -> null;
    };
  }

  private static Tensor read(TensorFile file, String name) {
    String found = found(file, name);
    return Tensors.of(file.floats(found), file.info(found).shape());
  }

  /** Files from TensorFlow's days, such as bert-base-uncased's, call a norm's scale and shift gamma and beta. */
  private static String found(TensorFile file, String name) {
    String old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
    return !file.names().contains(name) && file.names().contains(old) ? old : name;
  }
}
