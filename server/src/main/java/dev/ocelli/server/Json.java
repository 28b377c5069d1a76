package dev.ocelli.server;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/** JSON in and out. */
final class Json {
  private static final int DEEPEST = 64;

  /** Names, values and brackets of a body: each takes a hundred bytes when read, and a client sends two. */
  private static final int MOST_PARTS = 100_000;

  /** A picture in base64 is one long string; the body's own limit holds for it. */
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxStringLength(Integer.MAX_VALUE)
                          .maxNestingDepth(DEEPEST)
                          .maxNumberLength(40)
                          .maxTokenCount(MOST_PARTS)
                          .build())
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .build();

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  static byte[] bytes(JsonNode node) {
    try {
      return MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static String text(JsonNode node) {
    return node.toString();
  }

  /** Whether the first character that isn't blank opens an object. */
  static boolean begins(byte[] body) {
    int at = 0;
    while (at < body.length && body[at] <= ' ' && body[at] > 0) {
      at++;
    }
    return at < body.length && body[at] == '{';
  }

  /** A request's body, whatever its content type says. */
  static ObjectNode read(byte[] body) {
    try {
      JsonNode node = MAPPER.readTree(body);
      if (node instanceof ObjectNode object) {
        return object;
      }
    } catch (StreamConstraintsException e) {
      throw ApiError.invalid(400, "invalid_json", "The body's JSON is nested too deep, has too many parts or too long a number.");
    } catch (JsonProcessingException e) {
      throw ApiError.invalid(400, "invalid_json", "The body isn't JSON: " + e.getOriginalMessage().lines().findFirst().orElse("") + ".");
    } catch (IOException e) {
      throw ApiError.invalid(400, "invalid_json", "The body isn't JSON.");
    }
    throw ApiError.invalid(400, "invalid_json", "The body must be a JSON object.");
  }
}
