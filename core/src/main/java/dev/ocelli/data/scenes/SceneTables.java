package dev.ocelli.data.scenes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import java.awt.Color;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;

/** The tables of a folder of scenes, in the order of the scenes. */
public final class SceneTables {
  static final List<String> NAMES = List.of("scenes.jsonl", "questions.csv", "captions.csv");

  private static final CSVFormat CSV = CSVFormat.RFC4180.builder().setRecordSeparator("\n").get();
  private static final ObjectMapper JSON = new ObjectMapper();

  private final SceneFolder.Settings settings;
  private final Composer composer;
  private final SceneQuestions questions;

  /** How much there is: scenes of the three splits, captions, questions. */
  public record Rows(int train, int test, int unseen, long captions, long questions) {}

  SceneTables(SceneFolder.Settings settings) {
    this.settings = settings;
    this.composer = new Composer(settings.seed());
    this.questions = new SceneQuestions(composer.heldOut());
  }

  /** Whether a folder has the tables that the settings ask for. */
  boolean isIn(Path folder) {
    return NAMES.stream().allMatch(name -> Files.exists(folder.resolve(name)) || name.startsWith("questions") && !settings.questions());
  }

  /** Scenes are composed anew, one by one: that is quick, and a million of them would fill the memory. */
  void write(Path folder, Progress progress) {
    try (Progress.Task task = progress.start("tables", settings.count(), "scenes")) {
      AtomicFile.write(
          folder.resolve("scenes.jsonl"),
          out -> {
            Writer lines = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
            for (int i = 0; i < settings.count(); i++) {
              lines.append(json(composer.compose(i))).append('\n');
              task.advance(1);
            }
            lines.flush();
          });
    }
    if (settings.questions()) {
      table(
          folder.resolve("questions.csv"),
          List.of("image", "question", "answer", "kind", "split"),
          (scene, printer) -> {
            for (Question q : questions.of(scene)) {
              printer.printRecord(scene.image(), q.question(), q.answer(), q.kind().word(), scene.split().word());
            }
          });
    }
    // Last: with it the folder can be trained on.
    table(
        folder.resolve("captions.csv"),
        List.of("image", "caption", "split"),
        (scene, printer) -> {
          for (String caption : SceneCaptions.of(scene)) {
            printer.printRecord(scene.image(), caption, scene.split().word());
          }
        });
  }

  Rows rows() {
    int[] splits = new int[Scene.Split.values().length];
    long asked = 0;
    for (int i = 0; i < settings.count(); i++) {
      splits[Scene.Split.of(i).ordinal()]++;
      asked += settings.questions() ? questions.of(composer.compose(i)).size() : 0;
    }
    return new Rows(splits[0], splits[1], splits[2], (long) settings.count() * SceneCaptions.COUNT, asked);
  }

  private interface RowsOf {
    void print(Scene scene, CSVPrinter printer) throws IOException;
  }

  private void table(Path file, List<String> header, RowsOf rows) {
    AtomicFile.write(
        file,
        out -> {
          CSVPrinter printer = new CSVPrinter(new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8)), CSV);
          printer.printRecord(header);
          for (int i = 0; i < settings.count(); i++) {
            rows.print(composer.compose(i), printer);
          }
          printer.flush();
        });
  }

  /** One line that says all that is in a scene. */
  String json(Scene scene) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("image", scene.image());
    line.put("split", scene.split().word());
    line.put("width", Scene.SIDE);
    line.put("height", Scene.SIDE);
    line.put("layout", scene.layout().word());
    line.put("groups", scene.groups().stream().map(group -> group(scene, group)).toList());
    line.put("relations", scene.relations().stream().map(SceneTables::relation).toList());
    line.put("background", backdrop(scene.backdrop()));
    Map<String, Object> damage = new LinkedHashMap<>();
    damage.put("blur", scene.damage().blur());
    damage.put("noise", scene.damage().noise());
    damage.put("jpeg_quality", scene.damage().jpegQuality());
    line.put("damage", damage);
    line.put("held_out", composer.heldOut().in(scene));
    try {
      return JSON.writeValueAsString(line);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, Object> group(Scene scene, Group group) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("object", group.kind().word());
    values.put("category", group.kind().category().word());
    values.put("colour", group.colour().word());
    values.put("pattern", group.pattern().word());
    values.put("size", group.size().word());
    values.put("count", group.count());
    Place place = scene.place(group);
    values.put("position", place == null ? null : place.word());
    values.put(
        "boxes",
        group.items().stream().map(Group.Item::box).map(box -> List.of(box.x(), box.y(), box.width(), box.height())).toList());
    values.put("mirrored", group.items().stream().map(Group.Item::mirrored).toList());
    return values;
  }

  private static Map<String, Object> relation(Scene.Relation relation) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("subject", relation.subject());
    values.put("direction", relation.direction().word());
    values.put("reference", relation.reference());
    return values;
  }

  private static Map<String, Object> backdrop(Backdrop backdrop) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("kind", backdrop.kind().word());
    values.put("from", rgb(backdrop.from()));
    values.put("to", rgb(backdrop.to()));
    return values;
  }

  private static List<Integer> rgb(Color colour) {
    return List.of(colour.getRed(), colour.getGreen(), colour.getBlue());
  }
}
