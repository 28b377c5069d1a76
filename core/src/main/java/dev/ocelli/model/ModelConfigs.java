package dev.ocelli.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.nn.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Models' sizes out of transformers' config.json. Where transformers would compute something that Ocelli doesn't, that is refused here, by
 * the setting's name, rather than answered wrongly.
 */
public final class ModelConfigs {
  private static final List<String> VISION = List.of("vit", "dinov2", "resnet");
  private static final List<String> LANGUAGE = List.of("llama", "qwen3");
  private static final List<String> TEXT = List.of("bert", "distilbert");

  private ModelConfigs() {}

  /** The settings in a config.json. */
  public static Map<String, Object> read(Path file) {
    try {
      return new JsonMapper().readValue(Files.readAllBytes(file), new TypeReference<>() {});
    } catch (JsonProcessingException e) {
      throw new UserError(file + " is no valid JSON object (" + e.getOriginalMessage() + "). Fetch it again.", e);
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /** As {@link #vision(Map, EncoderLayers, Weights)}, of which the last layer is looked at. */
  public static VisionEncoder vision(Map<String, Object> config, Weights weights) {
    return vision(config, EncoderLayers.LAST, weights);
  }

  /** The vision encoder that a config.json describes. */
  public static VisionEncoder vision(Map<String, Object> config, EncoderLayers layers, Weights weights) {
    if (!type(config, VISION).equals("resnet")) {
      return new Vit(vit(config), layers, weights);
    }
    if (layers.last() > 1) {
      throw UserError.of("features.layers is %d, but the layers of a ResNet differ in size, so they can't be joined. Set it to 1.", layers.last());
    }
    return new ResNet(resnet(config), weights);
  }

  /** Of {@code model_type} vit or dinov2. */
  public static Vit.Config vit(Map<String, Object> config) {
    boolean dino = type(config, List.of("vit", "dinov2")).equals("dinov2");
    only(config, "hidden_act", "gelu");
    only(config, "num_channels", 3);
    only(config, "qkv_bias", true);
    only(config, "use_swiglu_ffn", false);
    int hidden = whole(config, "hidden_size");
    return new Vit.Config(
        dino ? Vit.Family.DINOV2 : Vit.Family.VIT,
        hidden,
        whole(config, "num_hidden_layers"),
        divisor(config, "num_attention_heads", hidden),
        dino ? hidden * whole(config, "mlp_ratio", 4) : whole(config, "intermediate_size"),
        whole(config, "image_size"),
        whole(config, "patch_size"),
        number(config, "layer_norm_eps", dino ? 1e-6 : 1e-12));
  }

  /** Of {@code model_type} resnet, with bottleneck blocks. */
  public static ResNet.Config resnet(Map<String, Object> config) {
    type(config, List.of("resnet"));
    only(config, "layer_type", "bottleneck");
    only(config, "hidden_act", "relu");
    only(config, "num_channels", 3);
    only(config, "downsample_in_first_stage", false);
    only(config, "downsample_in_bottleneck", false);
    int[] sizes = wholes(config, "hidden_sizes");
    int[] depths = wholes(config, "depths");
    if (sizes.length != depths.length) {
      throw UserError.of("config.json has %d hidden_sizes but %d depths; a ResNet needs one of each a stage.", sizes.length, depths.length);
    }
    return new ResNet.Config(whole(config, "embedding_size", 64), sizes, depths);
  }

  /** Of {@code model_type} llama (SmolLM2 and TinyLlama say so too) or qwen3. */
  public static LanguageModel.Config language(Map<String, Object> config) {
    boolean qwen = type(config, LANGUAGE).equals("qwen3");
    only(config, "hidden_act", "silu");
    only(config, "attention_bias", false);
    only(config, "mlp_bias", false);
    only(config, "use_sliding_window", false);
    int hidden = whole(config, "hidden_size");
    int heads = whole(config, "num_attention_heads");
    return new LanguageModel.Config(
        whole(config, "vocab_size"),
        hidden,
        whole(config, "num_hidden_layers"),
        heads,
        divisor(config, "num_key_value_heads", heads),
        config.get("head_dim") == null ? headSize(config, qwen, hidden, heads) : whole(config, "head_dim"),
        whole(config, "intermediate_size"),
        number(config, "rms_norm_eps", 1e-6),
        ropeBase(config),
        Boolean.TRUE.equals(config.get("tie_word_embeddings")),
        qwen,
        whole(config, "max_position_embeddings"));
  }

  /**
   * A Q-Former of the size of a text encoder, to begin from its weights through {@link BertNames}.
   *
   * @param config of {@code model_type} bert (MiniLM says so too) or distilbert
   * @param queries how many query vectors
   * @param imageHidden size of the vision encoder's features
   * @param crossEvery cross-attention in every so many layers
   * @param crossFirst the first layer that has it
   */
  public static QFormer.Config bert(Map<String, Object> config, int queries, int imageHidden, int crossEvery, int crossFirst) {
    boolean distil = type(config, TEXT).equals("distilbert");
    only(config, distil ? "activation" : "hidden_act", "gelu");
    only(config, "position_embedding_type", "absolute");
    int hidden = whole(config, distil ? "dim" : "hidden_size");
    double dropout = number(config, distil ? "dropout" : "hidden_dropout_prob", 0.1);
    return new QFormer.Config(
        hidden,
        whole(config, distil ? "n_layers" : "num_hidden_layers"),
        divisor(config, distil ? "n_heads" : "num_attention_heads", hidden),
        whole(config, distil ? "hidden_dim" : "intermediate_size"),
        whole(config, "vocab_size"),
        whole(config, "max_position_embeddings"),
        queries,
        imageHidden,
        crossEvery,
        crossFirst,
        false,
        false,
        distil ? 1e-12 : number(config, "layer_norm_eps", 1e-12),
        dropout,
        dropout);
  }

  private static int headSize(Map<String, Object> config, boolean qwen, int hidden, int heads) {
    return qwen ? 128 : hidden / divisor(config, "num_attention_heads", hidden);
  }

  private static double ropeBase(Map<String, Object> config) {
    Map<?, ?> rope = Map.of();
    for (String key : List.of("rope_scaling", "rope_parameters")) {
      if (config.get(key) instanceof Map<?, ?> map) {
        Object kind = map.containsKey("rope_type") ? map.get("rope_type") : map.get("type");
        if (kind != null && !kind.equals("default")) {
          throw UserError.of("config.json asks for rotary positions of type \"%s\" in %s; Ocelli has the default ones only.", kind, key);
        }
        rope = map;
      }
    }
    Object nested = rope.get("rope_theta");
    return nested instanceof Number number ? number.doubleValue() : number(config, "rope_theta", 10000);
  }

  private static String type(Map<String, Object> config, List<String> allowed) {
    Object type = config.get("model_type");
    if (!allowed.contains(type)) {
      throw UserError.of("config.json has model_type \"%s\"; it can be %s here.", type, String.join(", ", allowed));
    }
    if (config.get("quantization_config") instanceof Map<?, ?> quantised && !"bitsandbytes".equals(quantised.get("quant_method"))) {
      // Codes without their scales would be read as if they were the weights.
      throw UserError.of(
          "config.json says that the weights are quantised (quantization_config, %s). Choose the model in bf16, fp16 or fp32, or as GGUF.",
          quantised.get("quant_method"));
    }
    return (String) type;
  }

  /** Refuses any other value than the one that the model's code assumes; an absent one is transformers' default, the same. */
  private static void only(Map<String, Object> config, String key, Object value) {
    Object found = config.get(key);
    if (found != null && !found.equals(value)) {
      throw UserError.of("config.json has %s \"%s\"; Ocelli's %s allows %s only.", key, found, config.get("model_type"), value);
    }
  }

  private static int whole(Map<String, Object> config, String key) {
    if (config.get(key) instanceof Integer value && value > 0) {
      return value;
    }
    throw UserError.of("config.json has %s \"%s\" where a whole number above 0 is needed.", key, config.get(key));
  }

  private static int whole(Map<String, Object> config, String key, int absent) {
    return config.get(key) == null ? absent : whole(config, key);
  }

  /** A count that must divide another. Absent: as many (a Llama without grouped queries says nothing). */
  private static int divisor(Map<String, Object> config, String key, int whole) {
    int value = key.equals("num_key_value_heads") ? whole(config, key, whole) : whole(config, key);
    if (whole % value != 0) {
      throw UserError.of("config.json has %s %d, which doesn't divide %d.", key, value, whole);
    }
    return value;
  }

  private static int[] wholes(Map<String, Object> config, String key) {
    if (config.get(key) instanceof List<?> list && list.stream().allMatch(v -> v instanceof Integer i && i > 0) && !list.isEmpty()) {
      return list.stream().mapToInt(v -> (Integer) v).toArray();
    }
    throw UserError.of("config.json has %s \"%s\" where a list of whole numbers above 0 is needed.", key, config.get(key));
  }

  private static double number(Map<String, Object> config, String key, double absent) {
    Object found = config.get(key);
    if (found == null || found instanceof Number) {
      return found == null ? absent : ((Number) found).doubleValue();
    }
    throw UserError.of("config.json has %s \"%s\" where a number is needed.", key, found);
  }
}
