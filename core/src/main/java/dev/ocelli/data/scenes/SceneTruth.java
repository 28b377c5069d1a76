package dev.ocelli.data.scenes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What is in a scene, as {@code scenes.jsonl} says it: as much of it as captions are judged by.
 *
 * @param directions in which each group lies from each other, by {@link Pair}; only where that is clear
 */
public record SceneTruth(List<Thing> things, Map<Pair, Direction> directions) {
  /** One group. */
  public record Thing(ObjectKind kind, Colour colour, int count) {}

  /** Two groups by their places in the list. */
  public record Pair(int subject, int reference) {}

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FILE = "scenes.jsonl";

  /** Whether a data folder says what is in its pictures. */
  public static boolean isIn(Path data) {
    return Files.isRegularFile(data.resolve(FILE));
  }

  /** All scenes of a data folder, by the name of the picture. */
  public static Map<String, SceneTruth> read(Path data) {
    Path file = data.resolve(FILE);
    Map<String, SceneTruth> truths = new HashMap<>();
    int number = 0;
    try {
      for (String line : Files.readAllLines(file)) {
        number++;
        JsonNode node = JSON.readTree(line);
        truths.put(node.path("image").asText(), of(node));
      }
      return truths;
    } catch (IllegalArgumentException | IOException e) {
      throw new UserError(
          file + ", line " + number + ": not what ocelli data scenes writes (" + (e instanceof IOException io ? AtomicFile.reason(io) : e.getMessage())
              + "). Draw the scenes again.", e);
    }
  }

  /** What a scene that is at hand shows. */
  static SceneTruth of(Scene scene) {
    Map<Pair, Direction> directions = new HashMap<>();
    scene.relations().forEach(r -> directions.put(new Pair(r.subject(), r.reference()), r.direction()));
    return new SceneTruth(scene.groups().stream().map(g -> new Thing(g.kind(), g.colour(), g.count())).toList(), directions);
  }

  private static SceneTruth of(JsonNode scene) {
    List<Thing> things = new ArrayList<>();
    for (JsonNode group : scene.path("groups")) {
      things.add(
          new Thing(
              ObjectKind.valueOf(upper(group, "object")), Colour.valueOf(upper(group, "colour")), group.path("count").asInt()));
    }
    Map<Pair, Direction> directions = new HashMap<>();
    for (JsonNode r : scene.path("relations")) {
      directions.put(new Pair(r.path("subject").asInt(), r.path("reference").asInt()), Direction.valueOf(upper(r, "direction")));
    }
    return new SceneTruth(List.copyOf(things), Map.copyOf(directions));
  }

  private static String upper(JsonNode node, String key) {
    return node.path(key).asText().toUpperCase(Locale.ROOT);
  }
}
