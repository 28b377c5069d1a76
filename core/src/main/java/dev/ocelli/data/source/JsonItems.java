package dev.ocelli.data.source;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.Utf8Reader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BiPredicate;

/** Goes through a long JSON file item by item. */
final class JsonItems {
  private static final ObjectMapper JSON = new ObjectMapper();

  private JsonItems() {}

  /**
   * The items of a file: of a list at its top or under a name at its top, or else one after another, as in JSONL.
   *
   * @param name of the list, or null for that at the top
   * @param item gets the items until it says false, with their numbers from 1, or their lines in JSONL
   * @return whether there is such a list
   */
  static boolean read(Path file, String name, BiPredicate<Long, JsonNode> item) {
    long number = 0;
    try (JsonParser parser = new JsonFactory().createParser(new Utf8Reader(file))) {
      parser.setCodec(JSON);
      JsonToken first = parser.nextToken();
      if (name != null) {
        if (first != JsonToken.START_OBJECT || !find(parser, name)) {
          return false;
        }
        first = JsonToken.START_ARRAY;
      }
      boolean list = first == JsonToken.START_ARRAY;
      if (list) {
        parser.nextToken();
      }
      for (; parser.currentToken() != null && parser.currentToken() != JsonToken.END_ARRAY; parser.nextToken()) {
        number = list ? number + 1 : parser.currentTokenLocation().getLineNr();
        if (!item.test(number, parser.readValueAsTree())) {
          return true;
        }
      }
      if (list && parser.currentToken() == null) {
        throw UserError.of("%s ends within its list, behind item %d. It is cut short: copy it again.", file, number);
      }
      return true;
    } catch (JsonProcessingException e) {
      throw new UserError(
          String.format("%s, line %d: not JSON (%s).", file, e.getLocation() == null ? 0 : e.getLocation().getLineNr(), e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  private static boolean find(JsonParser parser, String name) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      boolean found = parser.currentName().equals(name);
      JsonToken value = parser.nextToken();
      if (found && value == JsonToken.START_ARRAY) {
        return true;
      }
      parser.skipChildren();
    }
    return false;
  }

  /** Text or a number as text, or "" where there is none. */
  static String text(JsonNode item, String name) {
    return item.path(name).asText("").strip();
  }
}
