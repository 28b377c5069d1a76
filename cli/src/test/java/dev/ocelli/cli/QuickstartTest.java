package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code quickstart --tiny} on a few scenes, and what can be done with its run: not that it learns, but that all of it is there. */
class QuickstartTest {
  @TempDir static Path root;

  private static Call first;

  @BeforeAll
  static void quickstart() {
    first = call(arguments());
  }

  private static String[] arguments(String... more) {
    List<String> all = new ArrayList<>(List.of("quickstart", "--tiny", "--scenes", "40", "--out", at("q")));
    for (String figure : List.of("stage1.passes=1", "stage1.batch=8", "stage2.passes=1", "generation.max_tokens=8")) {
      all.addAll(List.of("--set", figure));
    }
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static String at(String name) {
    return root.resolve(name).toString();
  }

  private static Call call(String... arguments) {
    return Call.of(root, arguments);
  }

  private static Call line(String line, Path... more) {
    return Call.of(root, Stream.concat(Stream.of(line.split(" ")), Stream.of(more).map(Path::toString)).toArray(String[]::new));
  }

  @Test
  void endsWithScoresTheReportAndWhatToTry() throws IOException {
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(first.out())
        .contains("Test: new pictures", "Unseen: ", "R@1", "by chance", "Slots right in captions", "Right answers", "image slot blanked")
        .contains("always the likeliest answer", "report.html", "ocelli ask --run", "ocelli serve --run", "ocelli train --data", "minutes");
    assertThat(first.err()).contains("A first look, while stage 2 trains", "vlm after step");
    JsonNode scores = new ObjectMapper().readTree(root.resolve("q/scores.json").toFile());
    assertThat(scores).hasSize(2);
    assertThat(scores.at("/0/split").asText()).isEqualTo("test");
    assertThat(scores.at("/1/split").asText()).isEqualTo("unseen");
    assertThat(scores.at("/0/answers/accuracy/all").isNumber()).isTrue();
    assertThat(scores.at("/0/answers/blank_is").asText()).isEqualTo("evaluated");
    assertThat(scores.at("/0/slots/own/object/all").asInt()).isGreaterThanOrEqualTo(4);
    assertThat(scores.at("/0/said").isMissingNode()).isTrue();
  }

  @Test
  void theReportNeedsNothingBesideItself() throws IOException {
    String page = Files.readString(root.resolve("q/report.html"));
    assertThat(page).contains("<svg", "data:image/jpeg;base64", "where the queries looked", "the best", "the worst", "Every figure of the recipe");
    assertThat(page).doesNotContain("<script", "src=\"http", "href=\"http", "@import", "NaN");
  }

  @Test
  void whatIsDoneIsNotDoneAgain() throws IOException {
    Path weights = root.resolve("q/run/vlm/projector.safetensors");
    FileTime before = Files.getLastModifiedTime(weights);
    Call again = call(arguments());
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.err()).contains("All is done");
    assertThat(again.out()).contains("Right answers", "Try next");
    assertThat(Files.getLastModifiedTime(weights)).isEqualTo(before);
    Call json = call(arguments("--json"));
    assertThat(new ObjectMapper().readTree(json.out())).hasSize(2);
  }

  @Test
  void whatDoesNotFitTheRunIsRefusedBeforeAnythingIsWritten() throws IOException {
    List<String> more = new ArrayList<>(List.of(arguments()));
    more.set(more.indexOf("40"), "50");
    Call scenes = call(more.toArray(String[]::new));
    assertThat(scenes.code()).isEqualTo(1);
    assertThat(scenes.err()).contains("40 scenes", "--scenes 40", "--overwrite").hasLineCount(1);
    assertThat(root.resolve("q/scenes/images").toFile().list()).hasSize(40);
    // Somebody's own report, and somebody's own models.
    Path mine = Files.createDirectories(root.resolve("mine"));
    Files.writeString(mine.resolve("report.html"), "mine");
    List<String> there = new ArrayList<>(List.of(arguments("--overwrite")));
    there.set(there.indexOf(at("q")), mine.toString());
    assertThat(call(there.toArray(String[]::new)).err()).contains("report.html is there already").hasLineCount(1);
    assertThat(mine.toFile().list()).containsExactly("report.html");
  }

  @Test
  void modelsOfAnotherSeedAreRefused() throws IOException {
    Path scenes = root.resolve("q/scenes");
    try (Stream<Path> files = Files.walk(scenes)) {
      for (Path file : files.toList()) {
        Path copy = root.resolve("seeds/scenes").resolve(scenes.relativize(file));
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    }
    Files.writeString(Files.createDirectories(root.resolve("seeds/models")).resolve("made.json"), "{\"seed\": 7}");
    List<String> there = new ArrayList<>(List.of(arguments()));
    there.set(there.indexOf(at("q")), at("seeds"));
    Call refused = call(there.toArray(String[]::new));
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.err()).contains("were made with the seed 7", "--seed 7");
    assertThat(root.resolve("seeds/models").toFile().list()).containsExactly("made.json");
  }

  @Test
  void answersAreScoredAndWritten() throws IOException {
    Call call = line("eval answers --json --limit 12 --split test --run " + at("q/run") + " --data " + at("q/scenes") + " --features "
        + at("q/features") + " --out", root.resolve("answers.jsonl"));
    assertThat(call.code()).as(call.err()).isZero();
    JsonNode scores = new ObjectMapper().readTree(call.out());
    assertThat(scores.get("questions").asInt()).isEqualTo(12);
    for (String key : List.of("accuracy", "blank", "guess", "photo_swapped")) {
      assertThat(scores.at("/" + key + "/all").asDouble()).as(key).isBetween(0.0, 100.0);
    }
    assertThat(scores.at("/question_swapped/should_change").asDouble()).isPositive();
    List<String> lines = Files.readAllLines(root.resolve("answers.jsonl"));
    assertThat(lines).hasSize(12);
    long right = lines.stream().filter(line -> line.contains("\"right\":true")).count();
    assertThat(scores.at("/accuracy/all").asDouble()).isEqualTo(100.0 * right / 12);
  }

  @Test
  void aTwinThatSawIsNoTwin() {
    Call call = line("eval answers --run " + at("q/run") + " --blank " + at("q/run") + " --data " + at("q/scenes") + " --features " + at("q/features"));
    assertThat(call.code()).isEqualTo(1);
    assertThat(call.err()).contains("stage2.blank_image=true");
  }

  @Test
  void aBlindModelAnswersTheSameWithAnyPhoto() throws IOException {
    List<String> train = new ArrayList<>(List.of("train", "--recipe", "quickstart-tiny", "--json", "--features", at("q/features")));
    train.addAll(List.of("--data", at("q/scenes"), "--out", at("blind")));
    for (String figure : List.of("stage1.passes=1", "stage1.batch=8", "stage2.passes=1", "generation.max_tokens=8", "stage2.blank_image=true")) {
      train.addAll(List.of("--set", figure));
    }
    for (String model : List.of("vision", "text", "language")) {
      train.addAll(List.of("--set", "models." + model + "=" + at("q/models/" + model)));
    }
    Call trained = call(train.toArray(String[]::new));
    assertThat(trained.code()).as(trained.err()).isZero();
    // The same loss with its own photo and with another.
    assertThat(new ObjectMapper().readTree(trained.out()).at("/grounding/gap").asDouble()).isEqualTo(0.0);
    Call call = line("eval answers --json --run " + at("blind") + " --data " + at("q/scenes") + " --features " + at("q/features"));
    JsonNode scores = new ObjectMapper().readTree(call.out());
    assertThat(scores.get("accuracy")).isEqualTo(scores.get("blank"));
    assertThat(scores.get("accuracy")).isEqualTo(scores.get("photo_swapped"));
    Call twin = line("eval answers --json --limit 8 --run " + at("q/run") + " --blank " + at("blind") + " --data " + at("q/scenes") + " --features "
        + at("q/features"));
    assertThat(twin.code()).as(twin.err()).isZero();
    assertThat(new ObjectMapper().readTree(twin.out()).get("blank_is").asText()).isEqualTo("trained");
  }

  @Test
  void captionsOfScenesAreJudgedSlotBySlot() throws IOException {
    Call call = line("eval captions --json --run " + at("q/run") + " --data " + at("q/scenes") + " --features " + at("q/features"));
    assertThat(call.code()).as(call.err()).isZero();
    JsonNode scores = new ObjectMapper().readTree(call.out());
    assertThat(scores.has("bleu4")).isTrue();
    assertThat(scores.at("/slots/own/colour/all").asInt()).isGreaterThanOrEqualTo(4);
  }

  @Test
  void wrongArgumentsAreRefused() {
    assertThat(call(arguments("--scenes", "3")).code()).isEqualTo(2);
    Call none = line("eval answers --run " + at("q/run") + " --data " + at("q/models"));
    assertThat(none.code()).isEqualTo(1);
  }
}
