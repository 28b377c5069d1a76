package dev.ocelli.cli;

import static dev.ocelli.cli.TinyCalls.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.testing.Drawings;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Run folders on models of a few kilobytes: what may go on in them, what may be begun anew, and what is refused. */
class GoingOnTest {
  @TempDir static Path root;

  private static TinyCalls tiny;
  private static Call trained;

  @BeforeAll
  static void train() {
    tiny = TinyCalls.in(root);
    trained = Call.of(root, tiny.train("run").toArray(String[]::new));
  }

  @Test
  void aFinishedRunIsNotOverwrittenUnasked() {
    Call again = Call.of(root, tiny.train("run").toArray(String[]::new));
    assertThat(again.code()).isEqualTo(1);
    assertThat(again.err()).contains("finished").contains("--overwrite").hasLineCount(1);
    Call other = Call.of(root, tiny.train("run", "--set", "seed=1").toArray(String[]::new));
    assertThat(other.code()).isEqualTo(1);
    assertThat(other.err()).contains("another recipe").contains("seed: 42 → 1");
  }

  @Test
  void twoTrainersDoNotShareAFolder() throws IOException {
    Path lock = Files.createDirectories(root.resolve("busy")).resolve(".lock");
    try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.lock();
      Call second = Call.of(root, tiny.train("busy").toArray(String[]::new));
      assertThat(second.code()).isEqualTo(1);
      assertThat(second.err()).contains("another ocelli train", "busy").hasLineCount(1);
    }
    assertThat(root.resolve("busy").toFile().list()).containsExactly(".lock");
  }

  @Test
  void whatDoesNotChangeTheTrainingMayChangeUnderWay() throws IOException {
    Call first = Call.of(root, tiny.stage("changes", "qformer"));
    assertThat(first.code()).as(first.err()).isZero();
    String[] free = {"threads=1", "generation.max_tokens=3", "data.max_bad_photos=7", "stage2.lora.rank=3", "stage2.passes=2"};
    Call other = Call.of(root, tiny.stage("changes", "vlm", "--set", "stage1.batch=3"));
    assertThat(other.code()).isEqualTo(1);
    assertThat(other.err()).contains("another recipe", "stage1.batch: 4 → 3");
    List<String> changes = new ArrayList<>();
    for (String change : free) {
      changes.addAll(List.of("--set", change));
    }
    json(Call.of(root, tiny.stage("changes", "vlm", changes.toArray(String[]::new))));
    assertThat(root.resolve("changes/recipe.yaml")).content().contains("rank: 3", "max_tokens: 3");
    Call late = Call.of(root, tiny.stage("changes", "vlm", "--set", "stage2.passes=3"));
    assertThat(late.err()).contains("another recipe", "stage2.", "train stage 2 anew with --overwrite");
    // Stage 2 anew, on the same stage 1.
    byte[] stage1 = Files.readAllBytes(root.resolve("changes/stage1/model.safetensors"));
    Call both = Call.of(root, tiny.stage("changes", "vlm", "--overwrite", "--set", "stage1.batch=3"));
    assertThat(both.err()).contains("another recipe", "stage1.batch: 4 → 3", "train both stages anew (ocelli train --overwrite)");
    assertThat(root.resolve("changes/vlm")).exists();
    json(Call.of(root, tiny.stage("changes", "vlm", "--overwrite", "--set", "stage2.passes=3")));
    assertThat(root.resolve("changes/recipe.yaml")).content().contains("rank: 2", "passes: 3");
    assertThat(Files.readAllBytes(root.resolve("changes/stage1/model.safetensors"))).isEqualTo(stage1);
    List<String> firstSteps =
        Files.readAllLines(root.resolve("changes/metrics.jsonl")).stream()
            .filter(line -> line.contains("\"vlm\"") && line.contains("\"step\":1,") && line.contains("\"gradient_norm\""))
            .toList();
    assertThat(firstSteps).hasSize(1);
  }

  @Test
  void aCaptionTooLongForTheLanguageModelShowsBeforeStage1AndCanBeMended() throws IOException {
    Path data = Drawings.write(root.resolve("long"), 8);
    String captions = Files.readString(data.resolve("captions.csv"));
    String name = "drawing-0";
    StringBuilder all = new StringBuilder(captions);
    for (int i = 0; i < 8; i++) {
      all.append(name).append(i).append(".png,").append("red ".repeat(5000)).append('\n');
    }
    Files.writeString(data.resolve("captions.csv"), all);
    List<String> arguments = tiny.train("long-run");
    arguments.set(arguments.indexOf(tiny.at("data")), data.toString());
    Call refused = Call.of(root, arguments.toArray(String[]::new));
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.err()).contains("has a caption of ", "Shorten it").doesNotContain("Training qformer");
    Files.writeString(data.resolve("captions.csv"), captions);
    json(Call.of(root, arguments.toArray(String[]::new)));
  }

  @Test
  void anAttemptAtStage2BindsNobodyBeforeItsFirstStep() throws IOException {
    Call first = Call.of(root, tiny.stage("attempt", "qformer"));
    assertThat(first.code()).as(first.err()).isZero();
    Path about = root.resolve("attempt/run.json");
    JsonNode read = new ObjectMapper().readTree(about.toFile());
    // As a stage 2 leaves it that was killed while it loaded another language model.
    ((ObjectNode) read).putObject("language").put("name", "too large").put("sha256", "0".repeat(64));
    Files.writeString(about, read.toString());
    json(Call.of(root, tiny.stage("attempt", "vlm")));
    assertThat(about).content().doesNotContain("too large");
  }

  @Test
  void overwritingSparesTheRunWhereTheDataIsMissing() throws IOException {
    json(Call.of(root, tiny.train("spared").toArray(String[]::new)));
    List<String> wrong = tiny.train("spared", "--overwrite");
    wrong.set(wrong.indexOf(tiny.at("data")), tiny.at("no-data"));
    assertThat(Call.of(root, wrong.toArray(String[]::new)).code()).isEqualTo(1);
    assertThat(root.resolve("spared/vlm/projector.safetensors")).exists();
    json(Call.of(root, tiny.train("spared", "--overwrite").toArray(String[]::new)));
  }

  /** What stage 2 has learnt isn't cleared before it is known that it can learn again. */
  @Test
  void overwritingStage2AloneSparesItWhereTheDataHasChanged() throws IOException {
    Path data = Drawings.write(root.resolve("mended"), 12);
    List<String> training = tiny.train("kept");
    training.set(training.indexOf(tiny.at("data")), data.toString());
    json(Call.of(root, training.toArray(String[]::new)));
    String captions = Files.readString(data.resolve("captions.csv"));
    Files.writeString(data.resolve("captions.csv"), captions + "drawing-00.png,One caption more\n");
    training.add(1, "vlm");
    training.add("--overwrite");
    assertThat(Call.of(root, training.toArray(String[]::new)).err()).contains("captions or photos have changed since the run");
    assertThat(root.resolve("kept/vlm/projector.safetensors")).exists();
    assertThat(root.resolve("kept/summary.json")).exists();
    Files.writeString(data.resolve("captions.csv"), captions);
    json(Call.of(root, training.toArray(String[]::new)));
  }

  @Test
  void stagesCanBeTrainedOneByOne() throws IOException {
    Call stage1 = Call.of(root, tiny.stage("stages", "qformer"));
    assertThat(stage1.code()).as(stage1.err()).isZero();
    assertThat(stage1.out()).isEmpty();
    assertThat(tiny.call("caption --run", tiny.at("stages"), tiny.at("data/images/drawing-00.png")).err()).contains("ocelli train vlm");
    assertThat(json(Call.of(root, tiny.stage("stages", "vlm")))).isEqualTo(json(trained));
  }

  @Test
  void aRunKilledBeforeItsLastLookGoesOnWithIt() throws IOException {
    json(Call.of(root, tiny.train("looks").toArray(String[]::new)));
    Files.delete(root.resolve("looks/summary.json"));
    assertThat(json(Call.of(root, tiny.train("looks").toArray(String[]::new)))).isEqualTo(json(trained));
  }

  @Test
  void photosThatCameLaterAreHeldOutAndTheOthersStayWhereTheyWere() throws IOException {
    Path data = Drawings.write(root.resolve("growing"), 12);
    List<String> training = tiny.train("before");
    training.set(training.indexOf(tiny.at("data")), data.toString());
    training.add(1, "qformer");
    Call run = Call.of(root, training.toArray(String[]::new));
    assertThat(run.code()).as(run.err()).isZero();
    String of = " --json --run " + tiny.at("before") + " --data " + data;
    int trained = json(tiny.call("eval retrieval --split train" + of)).get("images").asInt();
    int heldOut = json(tiny.call("eval retrieval" + of)).get("images").asInt();
    Path more = Drawings.write(root.resolve("more"), 20);
    StringBuilder rows = new StringBuilder(Files.readString(data.resolve("captions.csv")));
    for (int i = 12; i < 20; i++) {
      Files.copy(more.resolve("images/drawing-" + i + ".png"), data.resolve("images/drawing-" + i + ".png"));
      rows.append("drawing-").append(i).append(".png,another drawing of number ").append(i).append('\n');
    }
    Files.writeString(data.resolve("captions.csv"), rows);
    Call grown = tiny.call("eval retrieval" + of);
    assertThat(json(grown).get("images").asInt()).isEqualTo(heldOut + 8);
    assertThat(grown.err()).contains("8 photos have come since the run began", "drawing-12.png");
    assertThat(json(tiny.call("eval retrieval --split train" + of)).get("images").asInt()).isEqualTo(trained);
    training.set(1, "vlm");
    Call on = Call.of(root, training.toArray(String[]::new));
    assertThat(on.code()).isEqualTo(1);
    assertThat(on.err()).contains("captions or photos have changed since the run").doesNotContain("split.csv");
  }

  /** On another machine auto may choose the other type, whose features and checkpoints don't fit. */
  @Test
  void aRunGoesOnInTheTypeItBeganWith() throws IOException {
    Call first = Call.of(root, tiny.stage("typed", "qformer", "--set", "precision=auto"));
    assertThat(first.code()).as(first.err()).isZero();
    Path about = root.resolve("typed/run.json");
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode noted = (ObjectNode) mapper.readTree(about.toFile());
    String other = noted.get("precision").asText().equals("fp32") ? "bf16" : "fp32";
    assertThat(first.err()).contains("Computing in " + noted.get("precision").asText() + ", the faster here");
    mapper.writeValue(about.toFile(), noted.put("precision", other));
    Call on = Call.of(root, tiny.stage("typed", "vlm", "--set", "precision=auto"));
    assertThat(on.code()).as(on.err()).isZero();
    assertThat(on.err()).contains("Computing in " + other + ", as the run began");
  }
}
