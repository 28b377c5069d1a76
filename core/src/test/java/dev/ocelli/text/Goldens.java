package dev.ocelli.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Reads what tools/goldens/text.py wrote. */
final class Goldens {
  static final ObjectMapper JSON = new ObjectMapper();

  private Goldens() {}

  static JsonNode read(String name) {
    try (InputStream in = Goldens.class.getResourceAsStream("/goldens/text/" + name)) {
      return JSON.readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> map(JsonNode node) {
    return JSON.convertValue(node, Map.class);
  }

  static JsonNode read(Path file) {
    try {
      return JSON.readTree(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static int[] ids(JsonNode node) {
    return JSON.convertValue(node, int[].class);
  }
}
