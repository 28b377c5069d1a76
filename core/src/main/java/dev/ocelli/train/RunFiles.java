package dev.ocelli.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.Lora;
import dev.ocelli.model.Objective;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The files of trained parts, under the names that transformers and PEFT open:
 *
 * <pre>
 *   qformer/config.json, model.safetensors           Blip2QFormerModel, with query_tokens and the glance (and in stage 1 the text half) beside it
 *   projector.safetensors                            linear_1, linear_2
 *   adapter/adapter_config.json, adapter_model.safetensors   PEFT
 * </pre>
 */
final class RunFiles {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectWriter PRETTY = JSON.writerWithDefaultPrettyPrinter();

  private RunFiles() {}

  /** The Q-Former of stage 1 with its text half and the heads of its objectives. */
  static void writeImageText(
      Path folder, QFormer.Config qformer, int projection, Set<Objective> objectives, List<Parameters.Named> tensors) {
    Map<String, Object> config = config(qformer, true);
    config.put("ocelli_projection", projection);
    config.put("ocelli_objectives", objectives.stream().map(o -> o.name().toLowerCase(Locale.ROOT)).toList());
    writeModel(folder, config, tensors);
  }

  /** What {@link #writeImageText} wrote, once its weights are there. */
  static ImageTextModel readImageText(Path folder, Weights weights) {
    Path file = folder.resolve("config.json");
    Map<String, Object> config = readJson(file);
    Set<Objective> objectives = EnumSet.noneOf(Objective.class);
    // Runs from before there was a choice were trained by contrast.
    if (config.getOrDefault("ocelli_objectives", List.of("itc")) instanceof List<?> names) {
      for (Object name : names) {
        try {
          objectives.add(Objective.valueOf(String.valueOf(name).toUpperCase(Locale.ROOT)));
        } catch (IllegalArgumentException e) {
          throw new UserError(file + ": ocelli_objectives names \"" + name + "\"; it can be itc, itm, itg.", e);
        }
      }
    }
    return ImageTextModel.of(readQFormer(folder), whole(config, file, "ocelli_projection"), objectives, weights);
  }

  /** @param text whether the text half is among the tensors */
  private static Map<String, Object> config(QFormer.Config c, boolean text) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("model_type", "blip_2_qformer");
    config.put("architectures", List.of("Blip2QFormerModel"));
    config.put("hidden_size", c.hidden());
    config.put("num_hidden_layers", c.layers());
    config.put("num_attention_heads", c.heads());
    config.put("intermediate_size", c.intermediate());
    config.put("vocab_size", c.vocabulary());
    config.put("max_position_embeddings", c.positions());
    config.put("encoder_hidden_size", c.imageHidden());
    config.put("cross_attention_frequency", c.crossEvery());
    config.put("layer_norm_eps", c.epsilon());
    config.put("hidden_dropout_prob", c.dropout());
    config.put("attention_probs_dropout_prob", 0.0);
    config.put("hidden_act", "gelu");
    config.put("use_qformer_text_input", text);
    config.put("ocelli_queries", c.queries());
    config.put("ocelli_cross_attention_first", c.crossFirst());
    config.put("ocelli_queries_apart", c.apart());
    config.put("ocelli_glance", c.glance());
    return config;
  }

  /** A model of its own: {@code model.safetensors} alone. */
  static void writeWeights(Path folder, List<Parameters.Named> tensors, Predicate<String> which) {
    write(folder.resolve("model.safetensors"), tensors, which, "", Map.of());
  }

  private static void writeModel(Path folder, Map<String, Object> config, List<Parameters.Named> tensors) {
    write(folder.resolve("model.safetensors"), tensors, name -> !name.startsWith("projector.") && !name.startsWith("base_model."), "", Map.of());
    writeJson(folder.resolve("config.json"), config);
  }

  static QFormer.Config readQFormer(Path folder) {
    Path file = folder.resolve("config.json");
    Map<String, Object> c = readJson(file);
    return new QFormer.Config(
        whole(c, file, "hidden_size"),
        whole(c, file, "num_hidden_layers"),
        whole(c, file, "num_attention_heads"),
        whole(c, file, "intermediate_size"),
        whole(c, file, "vocab_size"),
        whole(c, file, "max_position_embeddings"),
        whole(c, file, "ocelli_queries"),
        whole(c, file, "encoder_hidden_size"),
        whole(c, file, "cross_attention_frequency"),
        whole(c, file, "ocelli_cross_attention_first"),
        Boolean.TRUE.equals(c.get("ocelli_queries_apart")),
        Boolean.TRUE.equals(c.get("ocelli_glance")),
        number(c, file, "layer_norm_eps"),
        number(c, file, "hidden_dropout_prob"),
        0); // words are embedded only while stage 1 trains, which goes by its recipe
  }

  /** @param base the language model that the adapters were trained on; the hash of its bytes goes with them */
  static void writeVlm(
      Path folder, QFormer.Config qformer, Lora.Config lora, Pretrained.Identity base, List<Parameters.Named> tensors) {
    writeModel(folder.resolve("qformer"), config(qformer, false), tensors);
    write(folder.resolve("projector.safetensors"), tensors, name -> name.startsWith("projector."), "projector.", Map.of());
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("peft_type", "LORA");
    config.put("task_type", "CAUSAL_LM");
    config.put("base_model_name_or_path", base.name());
    config.put("r", lora.rank());
    config.put("lora_alpha", lora.alpha());
    config.put("lora_dropout", lora.dropout());
    config.put("target_modules", new TreeSet<>(lora.targets()));
    config.put("bias", "none");
    config.put("fan_in_fan_out", false);
    config.put("inference_mode", true);
    write(folder.resolve("adapter").resolve("adapter_model.safetensors"), tensors, name -> name.startsWith("base_model."), "",
        Map.of("base_model_sha256", base.sha256()));
    writeJson(folder.resolve("adapter").resolve("adapter_config.json"), config);
  }

  static Lora.Config readLora(Path folder) {
    Path file = folder.resolve("adapter").resolve("adapter_config.json");
    Map<String, Object> c = readJson(file);
    if (!(c.get("target_modules") instanceof List<?> targets)) {
      throw UserError.of("%s has no list target_modules.", file);
    }
    return new Lora.Config(
        whole(c, file, "r"),
        number(c, file, "lora_alpha"),
        number(c, file, "lora_dropout"),
        new TreeSet<>(targets.stream().map(String::valueOf).toList()));
  }

  /** A record as it stands in our JSON files. */
  static Object snakeCase(Object value) {
    return JSON.copy().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).valueToTree(value);
  }

  static void writeJson(Path file, Object value) {
    try {
      AtomicFile.write(file, PRETTY.writeValueAsString(value) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static Map<String, Object> readJson(Path file) {
    try {
      return JSON.readValue(Files.readAllBytes(file), new TypeReference<LinkedHashMap<String, Object>>() {});
    } catch (JsonProcessingException e) {
      throw new UserError(file + " is no valid JSON object (" + e.getOriginalMessage() + ").", e);
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  private static void write(
      Path file, List<Parameters.Named> tensors, Predicate<String> which, String prefix, Map<String, String> about) {
    Map<String, String> metadata = new LinkedHashMap<>(about);
    // transformers and PEFT refuse files that don't say so.
    metadata.put("format", "pt");
    SafetensorsWriter.write(
        file,
        tensors.stream()
            .filter(t -> which.test(t.name()))
            .map(
                t ->
                    new SafetensorsWriter.Entry(
                        t.name().substring(prefix.length()),
                        Tensors.fileType(t.master()),
                        Tensors.shape(t.master()),
                        () -> Tensors.memory(t.master())))
            .toList(),
        metadata);
  }

  private static int whole(Map<String, Object> config, Path file, String key) {
    return (int) number(config, file, key);
  }

  private static double number(Map<String, Object> config, Path file, String key) {
    if (config.get(key) instanceof Number number) {
      return number.doubleValue();
    }
    throw UserError.of("%s has no number %s.", file, key);
  }
}
