package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.testing.Drawings;
import dev.ocelli.testing.TinyModels;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every command on models of a few kilobytes: not that they learn, but that each says what it should. */
class TinyRunTest {
  @TempDir static Path root;

  private static Call trained;

  @BeforeAll
  static void train() {
    TinyModels.write(root.resolve("models"));
    Drawings.write(root.resolve("data"), 16);
    trained = Call.of(root, train("run").toArray(String[]::new));
  }

  /** The arguments of a quick training on the tiny models. */
  private static List<String> train(String run, String... more) {
    List<String> arguments = new ArrayList<>(List.of("train", "--json", "--features", at("features")));
    arguments.addAll(List.of("--data", at("data"), "--out", at(run)));
    for (String which : List.of("vision", "text", "language")) {
      arguments.addAll(List.of("--set", "models." + which + "=" + at("models/" + which)));
    }
    for (String figure :
        List.of(
            "precision=fp32", "features.layers=1", "features.views=0", "data.test=0.25", "data.validation=0.2", "qformer.queries=4", "qformer.projection=8",
            "stage1.passes=2", "stage1.batch=4", "stage1.warmup=1", "stage1.evaluate=1", "stage2.batch=4", "stage2.warmup=1",
            "stage2.lora.rank=2", "generation.max_tokens=6")) {
      arguments.addAll(List.of("--set", figure));
    }
    arguments.addAll(List.of(more));
    return arguments;
  }

  /** As {@link #train}, of one stage. */
  private static String[] stage(String run, String stage, String... more) {
    List<String> arguments = train(run, more);
    arguments.add(1, stage);
    return arguments.toArray(String[]::new);
  }

  private static String at(String name) {
    return root.resolve(name).toString();
  }

  private static Call call(String line, String... more) {
    return Call.of(root, Stream.concat(Stream.of(line.split(" ")), Stream.of(more)).toArray(String[]::new));
  }

  private static JsonNode json(Call call) throws IOException {
    assertThat(call.err()).doesNotContain("internal error");
    assertThat(call.code()).as(call.err()).isZero();
    assertThat(call.out()).hasLineCount(1);
    return new ObjectMapper().readTree(call.out());
  }

  private static List<String> keys(JsonNode node) {
    List<String> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  @Test
  void trainingEndsWithASummary() throws IOException {
    JsonNode summary = json(trained);
    assertThat(keys(summary)).containsExactly("retrieval", "grounding", "captions");
    assertThat(summary.at("/retrieval/images").asInt()).isEqualTo(4);
    assertThat(new ObjectMapper().readTree(root.resolve("run/summary.json").toFile())).isEqualTo(summary);
    assertThat(trained.err()).contains("Training qformer", "Training vlm", "parameters, learns at rate", "parameters, frozen");
  }

  @Test
  void aFinishedRunIsNotOverwrittenUnasked() {
    Call again = Call.of(root, train("run").toArray(String[]::new));
    assertThat(again.code()).isEqualTo(1);
    assertThat(again.err()).contains("finished").contains("--overwrite").hasLineCount(1);
    Call other = Call.of(root, train("run", "--set", "seed=1").toArray(String[]::new));
    assertThat(other.code()).isEqualTo(1);
    assertThat(other.err()).contains("another recipe").contains("seed: 42 → 1");
  }

  @Test
  void twoTrainersDoNotShareAFolder() throws IOException {
    Path lock = Files.createDirectories(root.resolve("busy")).resolve(".lock");
    try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.lock();
      Call second = Call.of(root, train("busy").toArray(String[]::new));
      assertThat(second.code()).isEqualTo(1);
      assertThat(second.err()).contains("another ocelli train", "busy").hasLineCount(1);
    }
    assertThat(root.resolve("busy").toFile().list()).containsExactly(".lock");
  }

  @Test
  void whatDoesNotChangeTheTrainingMayChangeUnderWay() throws IOException {
    Call first = Call.of(root, stage("changes", "qformer"));
    assertThat(first.code()).as(first.err()).isZero();
    String[] free = {"threads=1", "generation.max_tokens=3", "data.max_bad_photos=7", "stage2.lora.rank=3", "stage2.passes=2"};
    Call other = Call.of(root, stage("changes", "vlm", "--set", "stage1.batch=3"));
    assertThat(other.code()).isEqualTo(1);
    assertThat(other.err()).contains("another recipe", "stage1.batch: 4 → 3");
    List<String> changes = new ArrayList<>();
    for (String change : free) {
      changes.addAll(List.of("--set", change));
    }
    json(Call.of(root, stage("changes", "vlm", changes.toArray(String[]::new))));
    assertThat(root.resolve("changes/recipe.yaml")).content().contains("rank: 3", "max_tokens: 3");
    Call late = Call.of(root, stage("changes", "vlm", "--set", "stage2.passes=3"));
    assertThat(late.err()).contains("another recipe", "stage2.");
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
    List<String> arguments = train("long-run");
    arguments.set(arguments.indexOf(at("data")), data.toString());
    Call refused = Call.of(root, arguments.toArray(String[]::new));
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.err()).contains("has a caption of ", "Shorten it").doesNotContain("Training qformer");
    Files.writeString(data.resolve("captions.csv"), captions);
    json(Call.of(root, arguments.toArray(String[]::new)));
  }

  @Test
  void anAttemptAtStage2BindsNobodyBeforeItsFirstStep() throws IOException {
    Call first = Call.of(root, stage("attempt", "qformer"));
    assertThat(first.code()).as(first.err()).isZero();
    Path about = root.resolve("attempt/run.json");
    JsonNode read = new ObjectMapper().readTree(about.toFile());
    // As a stage 2 leaves it that was killed while it loaded another language model.
    ((com.fasterxml.jackson.databind.node.ObjectNode) read).putObject("language").put("name", "too large").put("sha256", "0".repeat(64));
    Files.writeString(about, read.toString());
    json(Call.of(root, stage("attempt", "vlm")));
    assertThat(about).content().doesNotContain("too large");
  }

  @Test
  void overwritingSparesTheRunWhereTheDataIsMissing() throws IOException {
    json(Call.of(root, train("spared").toArray(String[]::new)));
    List<String> wrong = train("spared", "--overwrite");
    wrong.set(wrong.indexOf(at("data")), at("no-data"));
    assertThat(Call.of(root, wrong.toArray(String[]::new)).code()).isEqualTo(1);
    assertThat(root.resolve("spared/vlm/projector.safetensors")).exists();
    json(Call.of(root, train("spared", "--overwrite").toArray(String[]::new)));
  }

  @Test
  void stagesCanBeTrainedOneByOne() throws IOException {
    Call stage1 = Call.of(root, stage("stages", "qformer"));
    assertThat(stage1.code()).as(stage1.err()).isZero();
    assertThat(stage1.out()).isEmpty();
    assertThat(call("caption --run", at("stages"), at("data/images/drawing-00.png")).err()).contains("ocelli train vlm");
    assertThat(json(Call.of(root, stage("stages", "vlm")))).isEqualTo(json(trained));
  }

  @Test
  void aRunKilledBeforeItsLastLookGoesOnWithIt() throws IOException {
    json(Call.of(root, train("looks").toArray(String[]::new)));
    Files.delete(root.resolve("looks/summary.json"));
    assertThat(json(Call.of(root, train("looks").toArray(String[]::new)))).isEqualTo(json(trained));
  }

  @Test
  void captionsAndAnswers() throws IOException {
    String photo = at("data/images/drawing-00.png");
    Call two = call("caption --json --run", at("run"), photo, at("data/images/drawing-01.png"));
    assertThat(two.out()).hasLineCount(2);
    JsonNode first = new ObjectMapper().readTree(two.out().lines().findFirst().orElseThrow());
    assertThat(keys(first)).containsExactly("image", "text");
    assertThat(first.get("image").asText()).isEqualTo(photo);
    assertThat(call("caption --run", at("run"), photo).out().strip()).isEqualTo(first.get("text").asText());
    JsonNode answer = json(call("ask --json --run", at("run"), photo, "what is this?"));
    assertThat(keys(answer)).containsExactly("image", "text", "question");
    assertThat(call("ask --run", at("run"), photo, "what is this?").out().strip()).isEqualTo(answer.get("text").asText());
  }

  @Test
  void aRunOfAllObjectivesMatchesAndCaptionsByItself() throws IOException {
    List<String> arguments = train("all", "--set", "stage1.objectives.itm=1", "--set", "stage1.objectives.itg=1", "--set", "stage1.micro_batch=2");
    arguments.add(1, "qformer");
    assertThat(Call.of(root, arguments.toArray(String[]::new)).code()).isZero();
    assertThat(root.resolve("all/metrics.jsonl")).content().contains("\"losses\":{\"itc\":").contains("\"itm_loss\":").contains("\"itg_loss\":");
    String photo = at("data/images/drawing-00.png");
    JsonNode match = json(call("match --json --run", at("all"), photo, "A red circle."));
    assertThat(keys(match)).containsExactly("image", "text", "match", "probability", "similarity");
    assertThat(match.get("probability").asDouble()).isBetween(0.0, 1.0);
    assertThat(match.get("similarity").asDouble()).isBetween(-2.0, 2.0);
    assertThat(match.get("match").asBoolean()).isEqualTo(match.get("probability").asDouble() >= 0.5);
    // Captions are compared as they were trained on: in lower case, without the full stop.
    assertThat(json(call("match --json --run", at("all"), photo, "a red circle")).get("similarity")).isEqualTo(match.get("similarity"));
    assertThat(call("match --run", at("all"), photo, "a red circle").out()).matches("(yes|no), probability 0\\.\\d{3}, similarity -?0\\.\\d{3}\n");
    String data = " --run " + at("all") + " --data " + at("data") + " --features " + at("features");
    JsonNode plain = json(call("eval retrieval --json --split all" + data));
    assertThat(plain.at("/interval95/i2t_r5/low").asDouble()).isLessThanOrEqualTo(plain.get("i2t_r5").asDouble());
    JsonNode again = json(call("eval retrieval --json --split all --rerank 16" + data, "--html", at("matrix.html")));
    assertThat(again.get("rerank").asInt()).isEqualTo(16);
    assertThat(keys(again)).isEqualTo(keys(plain));
    assertThat(root.resolve("matrix.html")).content().contains("A red circle.", "data:image/jpeg;base64,", "class=\"own", "matching");
    assertThat(call("eval retrieval --rerank 3" + data).out()).contains("ranked again by matching").contains("median rank").hasLineCount(3);
    Call caption = call("caption --head qformer --max-tokens 5 --run", at("all"), photo, at("data/images/drawing-01.png"));
    assertThat(caption.code()).as(caption.err()).isZero();
    assertThat(caption.out()).hasLineCount(2);
  }

  @Test
  void alteredViewsAreComputedOnceAndServeOtherRuns() throws IOException {
    String[] views = {"--set", "features.views=2"};
    int stores = root.resolve("features").toFile().list().length;
    Call first = Call.of(root, stage("views", "qformer", views));
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(root.resolve("features").toFile().list()).hasSize(stores + 2);
    Call again = Call.of(root, stage("views-again", "qformer", "--set", "features.views=2", "--set", "stage1.rates.body=2e-4"));
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(root.resolve("features").toFile().list()).hasSize(stores + 2);
    assertThat(Files.mismatch(root.resolve("views/stage1/model.safetensors"), root.resolve("run/stage1/model.safetensors"))).isNotEqualTo(-1);
    assertThat(Call.of(root, stage("views", "vlm", views)).code()).isZero();
    Call deep = Call.of(root, stage("deep", "qformer", "--set", "features.layers=2"));
    assertThat(deep.code()).isEqualTo(1);
    assertThat(deep.err()).contains("features.layers is 2", "1 layers");
  }

  @Test
  void photosThatCameLaterAreHeldOutAndTheOthersStayWhereTheyWere() throws IOException {
    Path data = Drawings.write(root.resolve("growing"), 12);
    List<String> training = train("before");
    training.set(training.indexOf(at("data")), data.toString());
    training.add(1, "qformer");
    Call run = Call.of(root, training.toArray(String[]::new));
    assertThat(run.code()).as(run.err()).isZero();
    String of = " --json --run " + at("before") + " --data " + data;
    int trained = json(call("eval retrieval --split train" + of)).get("images").asInt();
    int heldOut = json(call("eval retrieval" + of)).get("images").asInt();
    Path more = Drawings.write(root.resolve("more"), 20);
    StringBuilder rows = new StringBuilder(Files.readString(data.resolve("captions.csv")));
    for (int i = 12; i < 20; i++) {
      Files.copy(more.resolve("images/drawing-" + i + ".png"), data.resolve("images/drawing-" + i + ".png"));
      rows.append("drawing-").append(i).append(".png,another drawing of number ").append(i).append('\n');
    }
    Files.writeString(data.resolve("captions.csv"), rows);
    Call grown = call("eval retrieval" + of);
    assertThat(json(grown).get("images").asInt()).isEqualTo(heldOut + 8);
    assertThat(grown.err()).contains("8 photos have come since the run began", "drawing-12.png");
    assertThat(json(call("eval retrieval --split train" + of)).get("images").asInt()).isEqualTo(trained);
    training.set(1, "vlm");
    Call on = Call.of(root, training.toArray(String[]::new));
    assertThat(on.code()).isEqualTo(1);
    assertThat(on.err()).contains("captions or photos have changed since the run").doesNotContain("split.csv");
  }

  /** On another machine auto may choose the other type, whose features and checkpoints don't fit. */
  @Test
  void aRunGoesOnInTheTypeItBeganWith() throws IOException {
    Call first = Call.of(root, stage("typed", "qformer", "--set", "precision=auto"));
    assertThat(first.code()).as(first.err()).isZero();
    Path about = root.resolve("typed/run.json");
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode noted = (ObjectNode) mapper.readTree(about.toFile());
    String other = noted.get("precision").asText().equals("fp32") ? "bf16" : "fp32";
    assertThat(first.err()).contains("Computing in " + noted.get("precision").asText() + ", the faster here");
    mapper.writeValue(about.toFile(), noted.put("precision", other));
    Call on = Call.of(root, stage("typed", "vlm", "--set", "precision=auto"));
    assertThat(on.code()).as(on.err()).isZero();
    assertThat(on.err()).contains("Computing in " + other + ", as the run began");
  }

  @Test
  void whatARunWasNotTrainedForIsSaid() throws IOException {
    String photo = at("data/images/drawing-00.png");
    JsonNode match = json(call("match --json --run", at("run"), photo, "a red circle"));
    assertThat(match.get("match").isNull()).isTrue();
    assertThat(match.get("similarity").asDouble()).isBetween(-2.0, 2.0);
    assertThat(call("match --run", at("run"), photo, "a red circle").out()).contains("without itm");
    assertThat(call("eval retrieval --rerank 4 --run " + at("run") + " --data " + at("data")).err()).contains("stage1.objectives.itm").hasLineCount(1);
    Call caption = call("caption --head qformer --run", at("run"), photo);
    assertThat(caption.code()).isEqualTo(1);
    assertThat(caption.err()).contains("stage1.objectives.itg").hasLineCount(1);
    List<String> told = train("told", "--set", "stage1.objectives.itc=0", "--set", "stage1.objectives.itg=1");
    JsonNode summary = json(Call.of(root, told.toArray(String[]::new)));
    assertThat(summary.get("retrieval").isNull()).isTrue();
    assertThat(summary.get("grounding").isNull()).isFalse();
    assertThat(call("match --run", at("told"), photo, "a red circle").err()).contains("neither itc nor itm");
    assertThat(call("eval retrieval --run " + at("told") + " --data " + at("data")).err()).contains("stage1.objectives.itc");
    assertThat(call("caption --head qformer --run", at("told"), photo, "--max-tokens", "100").err()).contains("64 positions");
  }

  @Test
  void drawsFollowTheSeed() {
    String[] drawn = {"--temperature", "5", "--max-tokens", "12", "--seed", "3", at("data/images/drawing-00.png")};
    String once = call("caption --run " + at("run"), drawn).out();
    assertThat(call("caption --run " + at("run"), drawn).out()).isEqualTo(once);
    drawn[5] = "4";
    assertThat(call("caption --run " + at("run"), drawn).out()).isNotEqualTo(once);
  }

  @Test
  void aPhotoThatDoesNotDecodeSpoilsOnlyItself() throws IOException {
    Path broken = Files.writeString(root.resolve("broken.jpg"), "no picture");
    Call call = call("caption --json --run", at("run"), broken.toString(), at("data/images/drawing-02.png"));
    assertThat(call.code()).isEqualTo(1);
    assertThat(call.out()).hasLineCount(1).contains("drawing-02");
    assertThat(call.err()).contains("broken.jpg");
  }

  @Test
  void evaluations() throws IOException {
    String data = "--json --features " + at("features") + " --run " + at("run") + " --data " + at("data");
    assertThat(keys(json(call("eval retrieval " + data))))
        .contains("i2t_r1", "i2t_r5", "i2t_r10", "t2i_r1", "t2i_r5", "t2i_r10", "images", "captions");
    assertThat(json(call("eval retrieval --split all " + data)).get("images").asInt()).isEqualTo(16);
    assertThat(json(call("eval retrieval --split train " + data)).get("captions").asInt()).isEqualTo(24);
    assertThat(keys(json(call("eval grounding " + data)))).contains("loss_own", "loss_shuffled", "gap");
    Path lines = root.resolve("captions.jsonl");
    assertThat(keys(json(call("eval captions --limit 3 " + data, "--out", lines.toString())))).contains("bleu4", "cider", "rouge_l");
    assertThat(lines).content().hasLineCount(3).contains("references");
    Path text = Files.writeString(root.resolve("plain.txt"), "the red circle is on the white square . ".repeat(80));
    JsonNode language = json(call("eval language --json --run", at("run"), "--text", text.toString()));
    assertThat(keys(language)).contains("loss_with", "loss_without");
    assertThat(language.get("loss_with").asDouble()).isBetween(0.1, 20.0).isNotEqualTo(language.get("loss_without").asDouble());
  }

  @Test
  void wordsAreFoundWhereTheScenesSay() throws IOException {
    String words = "eval words --features " + at("features") + " --run " + at("run") + " --data " + at("data");
    Call none = call(words);
    assertThat(none.code()).isEqualTo(1);
    assertThat(none.err()).contains("scenes.jsonl").hasLineCount(1);
    StringBuilder scenes = new StringBuilder();
    for (int i = 0; i < 16; i++) {
      scenes.append(
          String.format(
              "{\"image\": \"drawing-%02d.png\", \"groups\": [{\"object\": \"circle\", \"boxes\": [[0, 0, 128, 256]]},"
                  + " {\"object\": \"square\", \"boxes\": [[128, 0, 128, 256]]}]}%n",
              i));
    }
    Path file = Files.writeString(root.resolve("data/scenes.jsonl"), scenes);
    JsonNode scores = json(call(words + " --json --split all"));
    Files.delete(file);
    assertThat(keys(scores))
        .containsExactly(
            "hits", "hits95", "average_hits", "average_hits95", "hits_more", "hits_more95", "leans", "leans95", "words", "pictures");
    // Eight captions name the circle, four the square, the triangles' neither; of two halves each map hits one.
    assertThat(scores.get("words").asInt()).isEqualTo(12);
    assertThat(scores.get("pictures").asInt()).isEqualTo(12);
    assertThat(scores.get("hits").asDouble() - scores.get("average_hits").asDouble())
        .isCloseTo(scores.get("hits_more").asDouble(), within(1e-9));
    assertThat(scores.at("/hits95/low").asDouble()).isLessThanOrEqualTo(scores.get("hits").asDouble());
  }

  @Test
  void featuresOfPhotos() throws IOException {
    Path out = root.resolve("seen.safetensors");
    String photo = at("data/images/drawing-00.png");
    JsonNode said = json(call("features --json --model", at("models/vision"), photo, "--out", out.toString()));
    assertThat(said.get("shape").toString()).isEqualTo("[5,16]");
    try (TensorFile file = Safetensors.open(out)) {
      assertThat(file.names()).containsExactly("drawing-00.png");
      assertThat(file.info("drawing-00.png").shape()).containsExactly(5, 16);
    }
    assertThat(call("features --model", at("models/vision"), photo, photo, "--out", out.toString()).err()).contains("drawing-00.png");
  }

  @Test
  void otherWeightsOfTheSameNameAreWarnedOf() throws IOException {
    json(Call.of(root, train("moved").toArray(String[]::new)));
    Path about = root.resolve("moved/run.json");
    Files.writeString(about, Files.readString(about).replaceAll("(\"language\"[^}]*\"sha256\" : \")[0-9a-f]{64}", "$1" + "0".repeat(64)));
    Call call = call("caption --run", at("moved"), at("data/images/drawing-00.png"));
    assertThat(call.code()).isZero();
    assertThat(call.err()).contains("warning").contains("language").contains("000000000000");
  }

  @Test
  void pullShowsWhatWasFound() throws IOException {
    JsonNode row = json(call("pull --json", at("models/text")));
    assertThat(keys(row)).containsExactly("model", "folder", "weights", "origin", "sha256");
    assertThat(row.get("sha256").asText()).hasSize(64);
  }
}
