package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.Progress;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.testing.TinyTraining;
import dev.ocelli.train.Measurement;
import dev.ocelli.train.TrainedRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ocelli report}, of a run with both stages and of one whose stage 2 isn't trained yet. */
class ReportTest {
  @TempDir static Path root;

  @BeforeAll
  static void train() throws IOException {
    // One evaluation of stage 2, at its end, so that it is of the model that is kept.
    Path run = TinyTraining.train(root, "run", "data.test=0.5", "stage2.evaluate=1", "stage2.passes=1");
    try (Stream<Path> files = Files.walk(run)) {
      for (Path file : files.filter(Files::isRegularFile).filter(f -> !f.startsWith(run.resolve("vlm"))).toList()) {
        Path copy = root.resolve("stage1").resolve(run.relativize(file));
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    }
  }

  private static Call call(String line) {
    return Call.of(root, line.replace("ROOT", root.toString()).split(" "));
  }

  private static String page(String run) throws IOException {
    Call call = call("report --run ROOT/" + run + " --data ROOT/data --features ROOT/features --out ROOT/" + run + ".html");
    assertThat(call.code()).as(call.err()).isZero();
    return Files.readString(root.resolve(run + ".html"));
  }

  @Test
  void whatIsSaidOnTheWayIsWhatTheModelSays() throws IOException {
    List<JsonNode> said = MetricsFile.rows(root.resolve("run/metrics.jsonl"), "vlm").stream().filter(row -> row.has("said")).toList();
    assertThat(said).hasSize(1);
    JsonNode captions = said.get(0).get("said");
    assertThat(captions.size()).isPositive();
    String page = page("run");
    assertThat(page).contains("What it said on the way", "Captions: BLEU-4");
    for (String image : (Iterable<String>) captions::fieldNames) {
      Call caption = call("caption --run ROOT/run ROOT/data/images/" + image);
      assertThat(caption.out().strip()).isEqualTo(captions.get(image).asText()).isNotEmpty();
      assertThat(page).contains("alt=\"" + image + "\"", "</span> " + Html.escape(captions.get(image).asText()) + "</li>");
    }
  }

  @Test
  void withoutStage2ItShowsWhichCaptionsAreFound() throws IOException {
    List<Boolean> own;
    try (TrainedRun run = TrainedRun.open(root.resolve("stage1"), TinyTraining.pull(root), Progress.NONE, line -> {})) {
      Measurement found =
          Measurement.of(
              run, null, root.resolve("data"), Part.TEST, new Measurement.Limits(100, 100, true), root.resolve("features"), Progress.NONE);
      own = found.own();
      List<Photo> photos = found.photos().photos();
      assertThat(photos).hasSize(8);
      List<String> all = photos.stream().flatMap(photo -> photo.captions().stream()).toList();
      for (int i = 0; i < photos.size(); i++) {
        assertThat(photos.get(i).captions().contains(found.said().get(i))).isEqualTo(own.get(i));
        assertThat(all).contains(found.said().get(i));
        assertThat(found.quality()[i] > 0).isEqualTo(own.get(i));
      }
      // As retrieval counts it, which has a way of its own.
      assertThat(100.0 * own.stream().filter(o -> o).count() / own.size()).isEqualTo(found.retrieval().i2tR1());
      assertThat(new ObjectMapper().readTree(Console.toJson(found)).has("captions")).isFalse();
    }
    String page = page("stage1");
    assertThat(page).contains("Stage 2 isn't trained", "Finding by stage 1").doesNotContain("<dt>stage 2", "BLEU", "projector, LoRA");
    assertThat(page.split("said right", -1)).hasSize(1 + (int) own.stream().filter(o -> o).count());
    assertThat(page.split("said wrong", -1)).hasSize(1 + (int) own.stream().filter(o -> !o).count());
  }
}
