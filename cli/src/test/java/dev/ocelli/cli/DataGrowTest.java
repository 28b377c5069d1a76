package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.Sha256;
import dev.ocelli.testing.Drawings;
import dev.ocelli.testing.TinyTraining;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Growing with tiny models: what they write makes no sense, but where it goes must be right. */
class DataGrowTest {
  @TempDir static Path root;
  private static Path run;

  /** 24 drawings of which 14 have captions: 10 to train on, 4 held out. One without is a copy of a held-out one. */
  private Path data;

  @BeforeAll
  static void train() {
    run = TinyTraining.train(root, "run", "stage1.objectives.itc=1", "stage1.objectives.itm=1");
  }

  @BeforeEach
  void write() throws IOException {
    data = Files.createTempDirectory(root, "data");
    Drawings.write(data, 24);
    List<String> rows = new ArrayList<>(List.of("image,caption,note,split"));
    for (int i = 0; i < 14; i++) {
      String split = i < 10 ? "train" : "test";
      rows.add(String.format("drawing-%02d.png,\"A drawing, number %d\",mine,%s", i, i, split));
    }
    rows.add("drawing-14.png,,mine,test");
    rows.add("drawing-15.png,,mine,train");
    Files.write(data.resolve("captions.csv"), rows);
    Files.copy(data.resolve("images/drawing-12.png"), data.resolve("images/copy.png"));
    Files.writeString(data.resolve("images/broken.png"), "no picture");
  }

  private static Call grow(Path data, String... more) {
    String[] start = {
      "data", "grow", data.toString(), "--run", run.toString(), "--features", root.resolve("features").toString(), "--max-tokens", "5"
    };
    return Call.of(root, Stream.concat(Stream.of(start), Stream.of(more)).toArray(String[]::new));
  }

  private static JsonNode json(Call call) throws IOException {
    assertThat(call.code()).as(call.err()).isZero();
    return new ObjectMapper().readTree(call.out());
  }

  @Test
  void aNewFolderHoldsBothAndSaysWhoWroteWhat() throws IOException {
    String before = Sha256.of(data.resolve("captions.csv"));
    Path out = data.resolveSibling(data.getFileName() + "-grown");
    JsonNode report = json(grow(data, "--out", out.toString(), "--threshold", "-2", "--json"));
    // 15 to 23 but not 14 (held out), copy.png (looks held out) and broken.png.
    assertThat(report.at("/captions/written").asInt()).isEqualTo(9);
    assertThat(report.at("/captions/kept").asInt() + report.at("/captions/thrown/empty").asInt()).isEqualTo(9);
    assertThat(report.at("/held_out").asInt()).isEqualTo(2);
    assertThat(report.at("/unreadable").asInt()).isEqualTo(1);
    assertThat(report.at("/judge").asText()).isEqualTo("matching");
    assertThat(report.at("/paraphrases").isNull()).isTrue();
    assertThat(Sha256.of(data.resolve("captions.csv"))).isEqualTo(before);

    List<String> rows = Files.readAllLines(out.resolve("captions.csv"));
    assertThat(rows.get(0)).isEqualTo("image,caption,note,split,origin");
    assertThat(rows.get(1)).isEqualTo("drawing-00.png,\"A drawing, number 0\",mine,train,given");
    assertThat(rows.get(14)).isEqualTo("drawing-13.png,\"A drawing, number 13\",mine,test,given");
    assertThat(rows.stream().filter(row -> row.endsWith(",model"))).hasSize(report.at("/captions/kept").asInt())
        .allMatch(row -> row.contains(",train,")).noneMatch(row -> row.contains("drawing-14") || row.contains("copy"));
    assertThat(out.resolve("images/drawing-23.png")).exists();
    assertThat(out.resolve("grow.html")).content().contains("data:image/jpeg;base64", "What was grown");
    assertThat(out.resolve(".grow.jsonl")).doesNotExist();
    assertThat(grow(data, "--out", out.toString()).err()).contains("holds files already");

    Call training = Call.of(root, train(out, "grown-run"));
    assertThat(training.code()).as(training.err()).isZero();
    assertThat(training.err()).contains(report.at("/captions/kept").asInt() + " model").contains("pairs to train on are synthetic");
    List<String> split = Files.readAllLines(root.resolve("grown-run/split.csv"));
    assertThat(split).contains("drawing-12.png,test", "drawing-13.png,test");
    assertThat(split.stream().filter(row -> row.endsWith(",validation")))
        .isNotEmpty().allMatch(row -> row.compareTo("drawing-10") < 0);
  }

  private static String[] train(Path data, String name) {
    List<String> arguments = new ArrayList<>(List.of("train", "qformer", "--data", data.toString(), "--out", root.resolve(name).toString()));
    arguments.addAll(List.of("--features", root.resolve("features").toString()));
    List<String> figures =
        new ArrayList<>(
            List.of(
                "precision=fp32", "features.layers=1", "data.test=0.25", "data.validation=0.2", "qformer.queries=4", "qformer.projection=8",
                "stage1.passes=1", "stage1.batch=4", "stage1.warmup=1", "stage1.evaluate=1"));
    for (String which : List.of("vision", "text", "language")) {
      figures.add("models." + which + "=" + root.resolve("models").resolve(which));
    }
    figures.forEach(figure -> arguments.addAll(List.of("--set", figure)));
    return arguments.toArray(String[]::new);
  }

  /** The run has not seen photos that came after it, but nobody has decided that they be held out. */
  @Test
  void photosThatCameSinceAreFree() throws IOException {
    Path elsewhere = Files.createDirectory(root.resolve("since"));
    Path own = TinyTraining.train(elsewhere, "run", "stage1.objectives.itm=1");
    Path photos = elsewhere.resolve("data");
    Files.copy(data.resolve("images/drawing-20.png"), photos.resolve("images/later.png"));
    List<String> held = Files.readAllLines(own.resolve("split.csv")).stream().filter(row -> row.endsWith(",test")).toList();
    assertThat(held).isNotEmpty();
    // A held-out photo that has come again.
    Files.copy(photos.resolve("images").resolve(held.get(0).split(",")[0]), photos.resolve("images/again.png"));
    Files.writeString(
        photos.resolve("captions.csv"), Files.readString(photos.resolve("captions.csv")) + "later.png,Came later\nagain.png,Has come again\n");
    Files.copy(data.resolve("images/drawing-21.png"), photos.resolve("images/bare.png"));
    Path out = elsewhere.resolve("grown");
    String[] words = {
      "data", "grow", photos.toString(), "--run", own.toString(), "--features", root.resolve("features").toString(), "--max-tokens", "5", "--out",
      out.toString(), "--threshold", "-2", "--json"
    };
    json(Call.of(elsewhere, words));
    List<String> rows = Files.readAllLines(out.resolve("captions.csv"));
    assertThat(rows).contains("later.png,Came later,train,given");
    assertThat(rows).contains("again.png,Has come again,test,given");
    held.forEach(row -> assertThat(rows.stream().filter(r -> r.startsWith(row.split(",")[0]))).isNotEmpty().allMatch(r -> r.contains(",test,")));
  }

  @Test
  void aHeldOutPhotoStaysOutHoweverTheTableNamesIt() throws IOException {
    Files.writeString(
        data.resolve("captions.csv"), Files.readString(data.resolve("captions.csv")).replaceAll("drawing-1([45])", "images/drawing-1$1"));
    Path out = data.resolveSibling(data.getFileName() + "-named");
    json(grow(data, "--out", out.toString(), "--threshold", "-2", "--json"));
    List<String> rows = Files.readAllLines(out.resolve("captions.csv"));
    assertThat(rows.stream().filter(row -> row.contains("drawing-14"))).isNotEmpty().allMatch(row -> row.contains(",test,"));
    assertThat(rows.stream().filter(row -> row.contains("drawing-15"))).hasSize(1).allMatch(row -> row.startsWith("images/") && row.endsWith(",train,model"));
  }

  @Test
  void theFolderItselfOnlyWithAYesAndTheOldFileStays() throws IOException {
    byte[] before = Files.readAllBytes(data.resolve("captions.csv"));
    Call unsaid = grow(data);
    assertThat(unsaid.code()).isEqualTo(2);
    assertThat(unsaid.err()).contains("Say where to");
    assertThat(grow(data, "--yes", "--out", root.resolve("x").toString()).code()).isEqualTo(2);
    assertThat(Files.readAllBytes(data.resolve("captions.csv"))).isEqualTo(before);
    assertThat(grow(data, "--yes", "--threshold", "-2").code()).isZero();
    assertThat(data.resolve("captions.csv.before-grow")).hasBinaryContent(before);
    assertThat(data.resolve("captions.csv")).content().contains(",train,model");
  }

  @Test
  void theQuantileOfRealPairsDecides() throws IOException {
    JsonNode all = json(grow(data, "--out", data.resolveSibling(data.getFileName() + "-a").toString(), "--quantile", "0", "--json"));
    JsonNode few = json(grow(data, "--out", data.resolveSibling(data.getFileName() + "-b").toString(), "--quantile", "1", "--json"));
    assertThat(few.at("/threshold").asDouble()).isGreaterThan(all.at("/threshold").asDouble());
    assertThat(all.at("/real_pairs").asInt()).isPositive();
    JsonNode none = json(grow(data, "--out", data.resolveSibling(data.getFileName() + "-c").toString(), "--threshold", "2", "--json"));
    assertThat(none.at("/captions/kept").asInt()).isZero();
    assertThat(none.at("/captions/thrown/unlikely").asInt() + none.at("/captions/thrown/empty").asInt()).isEqualTo(9);
  }

  @Test
  void writesInOtherWordsAndAsksOfTrainingPhotosAlone() throws IOException {
    Path out = data.resolveSibling(data.getFileName() + "-words");
    JsonNode report = json(grow(data, "--out", out.toString(), "--threshold", "-2", "--paraphrases", "--questions", "--json"));
    int sources = report.at("/paraphrases/written").asInt();
    assertThat(report.at("/questions/written").asInt()).isEqualTo(sources);
    assertThat(report.at("/paraphrases/changed").asDouble()).isBetween(0.0, 1.0);
    for (String kind : List.of("paraphrases", "questions")) {
      int thrown = 0;
      for (JsonNode n : report.at("/" + kind + "/thrown")) {
        thrown += n.asInt();
      }
      assertThat(thrown + report.at("/" + kind + "/kept").asInt()).isEqualTo(sources);
    }
    assertThat(Files.readString(out.resolve("grow-thrown.csv"))).doesNotContain("drawing-12.png", "drawing-13.png", "drawing-14.png");
  }

  @Test
  void whatIsMissingIsSaidBeforeAModelIsLoaded() {
    assertThat(Call.of(root, "data", "grow", data.toString(), "--run", root.resolve("none").toString(), "--out", "x").err())
        .contains("There is no folder");
    assertThat(grow(root.resolve("nothing"), "--out", root.resolve("y").toString()).err()).contains("There is no folder");
    assertThat(grow(data, "--out", root.resolve("z").toString(), "--quantile", "1.5").err()).contains("--quantile is 1.5");
  }
}
