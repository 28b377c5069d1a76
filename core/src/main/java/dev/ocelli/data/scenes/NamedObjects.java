package dev.ocelli.data.scenes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Where the things that captions name are, read from a folder of scenes. */
public final class NamedObjects {
  private NamedObjects() {}

  /**
   * A group as captions name it.
   *
   * @param noun as in "cat" or "cats"
   * @param boxes of each of its objects
   */
  public record Named(String noun, List<Box> boxes) {}

  /** Of each picture, by its name, the groups. */
  public static Map<String, List<Named>> read(Path folder) {
    Path file = folder.resolve("scenes.jsonl");
    if (!Files.exists(file)) {
      throw UserError.of("%s has no scenes.jsonl, which says where things are. Draw scenes: ocelli data scenes --out DIR", folder);
    }
    Map<String, List<Named>> all = new LinkedHashMap<>();
    ObjectMapper json = new ObjectMapper();
    int line = 0;
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      for (String text = lines.readLine(); text != null; text = lines.readLine()) {
        line++;
        JsonNode scene = json.readTree(text);
        List<Named> groups = new ArrayList<>();
        for (JsonNode group : scene.path("groups")) {
          groups.add(named(group));
        }
        all.put(scene.path("image").asText(), groups);
      }
    } catch (IOException | IllegalArgumentException e) {
      // JsonProcessingException is an IOException; an object nobody draws is the other one.
      throw new UserError(
          "Can't read " + file + ", line " + line + ": " + (e instanceof IOException io ? AtomicFile.reason(io) : e.getMessage())
              + ". Draw the scenes anew.",
          e);
    }
    return all;
  }

  private static Named named(JsonNode group) {
    ObjectKind kind = ObjectKind.valueOf(group.path("object").asText().toUpperCase(Locale.ROOT));
    List<Box> boxes = new ArrayList<>();
    for (JsonNode b : group.path("boxes")) {
      boxes.add(new Box(b.path(0).asInt(), b.path(1).asInt(), b.path(2).asInt(), b.path(3).asInt()));
    }
    return new Named(boxes.size() == 1 ? kind.word() : kind.plural(), List.copyOf(boxes));
  }
}
