package dev.ocelli.text;

import dev.ocelli.Progress;
import dev.ocelli.weights.Gguf;
import dev.ocelli.weights.Pull;
import dev.ocelli.weights.PulledModel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The starter weights' tokenizers, pulled as a user's would be. */
final class StarterFiles {
  private StarterFiles() {}

  static Path minilmTokenizer() {
    return pull("sentence-transformers/all-MiniLM-L6-v2").files().get("tokenizer.json");
  }

  static Map<String, Object> smollmGgufMetadata() {
    Map<String, Object> metadata = new LinkedHashMap<>();
    try (Gguf gguf = Gguf.open(pull("HuggingFaceTB/SmolLM2-135M-Instruct").weights())) {
      gguf.keys().forEach(key -> metadata.put(key, gguf.value(key)));
    }
    return metadata;
  }

  private static PulledModel pull(String name) {
    return new Pull(Pull.Settings.fromEnvironment()).pull(name, Progress.NONE);
  }
}
