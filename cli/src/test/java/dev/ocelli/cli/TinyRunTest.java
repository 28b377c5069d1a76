package dev.ocelli.cli;

import static dev.ocelli.cli.TinyCalls.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every command on models of a few kilobytes: not that they learn, but that each says what it should. */
class TinyRunTest {
  @TempDir static Path root;

  private static TinyCalls tiny;
  private static Call trained;

  @BeforeAll
  static void train() {
    tiny = TinyCalls.in(root);
    trained = Call.of(root, tiny.train("run").toArray(String[]::new));
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
  void captionsAndAnswers() throws IOException {
    String photo = tiny.at("data/images/drawing-00.png");
    Call two = tiny.call("caption --json --run", tiny.at("run"), photo, tiny.at("data/images/drawing-01.png"));
    assertThat(two.out()).hasLineCount(2);
    JsonNode first = new ObjectMapper().readTree(two.out().lines().findFirst().orElseThrow());
    assertThat(keys(first)).containsExactly("image", "text");
    assertThat(first.get("image").asText()).isEqualTo(photo);
    assertThat(tiny.call("caption --run", tiny.at("run"), photo).out().strip()).isEqualTo(first.get("text").asText());
    JsonNode answer = json(tiny.call("ask --json --run", tiny.at("run"), photo, "what is this?"));
    assertThat(keys(answer)).containsExactly("image", "text", "question");
    assertThat(tiny.call("ask --run", tiny.at("run"), photo, "what is this?").out().strip()).isEqualTo(answer.get("text").asText());
  }

  @Test
  void aRunOfAllObjectivesMatchesAndCaptionsByItself() throws IOException {
    List<String> arguments = tiny.train("all", "--set", "stage1.objectives.itm=1", "--set", "stage1.objectives.itg=1", "--set", "stage1.micro_batch=2");
    arguments.add(1, "qformer");
    assertThat(Call.of(root, arguments.toArray(String[]::new)).code()).isZero();
    assertThat(root.resolve("all/metrics.jsonl")).content().contains("\"losses\":{\"itc\":").contains("\"itm_loss\":").contains("\"itg_loss\":");
    String photo = tiny.at("data/images/drawing-00.png");
    JsonNode match = json(tiny.call("match --json --run", tiny.at("all"), photo, "A red circle."));
    assertThat(keys(match)).containsExactly("image", "text", "match", "probability", "similarity");
    assertThat(match.get("probability").asDouble()).isBetween(0.0, 1.0);
    assertThat(match.get("similarity").asDouble()).isBetween(-2.0, 2.0);
    assertThat(match.get("match").asBoolean()).isEqualTo(match.get("probability").asDouble() >= 0.5);
    // Captions are compared as they were trained on: in lower case, without the full stop.
    assertThat(json(tiny.call("match --json --run", tiny.at("all"), photo, "a red circle")).get("similarity")).isEqualTo(match.get("similarity"));
    assertThat(tiny.call("match --run", tiny.at("all"), photo, "a red circle").out()).matches("(yes|no), probability 0\\.\\d{3}, similarity -?0\\.\\d{3}\n");
    String data = " --run " + tiny.at("all") + " --data " + tiny.at("data") + " --features " + tiny.at("features");
    JsonNode plain = json(tiny.call("eval retrieval --json --split all" + data));
    assertThat(plain.at("/interval95/i2t_r5/low").asDouble()).isLessThanOrEqualTo(plain.get("i2t_r5").asDouble());
    JsonNode again = json(tiny.call("eval retrieval --json --split all --rerank 16" + data, "--html", tiny.at("matrix.html")));
    assertThat(again.get("rerank").asInt()).isEqualTo(16);
    assertThat(keys(again)).isEqualTo(keys(plain));
    assertThat(root.resolve("matrix.html")).content().contains("A red circle.", "data:image/jpeg;base64,", "class=\"own", "matching");
    assertThat(tiny.call("eval retrieval --rerank 3" + data).out()).contains("ranked again by matching").contains("median rank").hasLineCount(3);
    Call caption = tiny.call("caption --head qformer --max-tokens 5 --run", tiny.at("all"), photo, tiny.at("data/images/drawing-01.png"));
    assertThat(caption.code()).as(caption.err()).isZero();
    assertThat(caption.out()).hasLineCount(2);
  }

  @Test
  void alteredViewsAreComputedOnceAndServeOtherRuns() throws IOException {
    String[] views = {"--set", "features.views=2"};
    int stores = root.resolve("features").toFile().list().length;
    Call first = Call.of(root, tiny.stage("views", "qformer", views));
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(root.resolve("features").toFile().list()).hasSize(stores + 2);
    Call again = Call.of(root, tiny.stage("views-again", "qformer", "--set", "features.views=2", "--set", "stage1.rates.body=2e-4"));
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(root.resolve("features").toFile().list()).hasSize(stores + 2);
    assertThat(Files.mismatch(root.resolve("views/stage1/model.safetensors"), root.resolve("run/stage1/model.safetensors"))).isNotEqualTo(-1);
    assertThat(Call.of(root, tiny.stage("views", "vlm", views)).code()).isZero();
    Call deep = Call.of(root, tiny.stage("deep", "qformer", "--set", "features.layers=2"));
    assertThat(deep.code()).isEqualTo(1);
    assertThat(deep.err()).contains("features.layers is 2", "1 layers");
  }

  @Test
  void whatARunWasNotTrainedForIsSaid() throws IOException {
    String photo = tiny.at("data/images/drawing-00.png");
    JsonNode match = json(tiny.call("match --json --run", tiny.at("run"), photo, "a red circle"));
    assertThat(match.get("match").isNull()).isTrue();
    assertThat(match.get("similarity").asDouble()).isBetween(-2.0, 2.0);
    assertThat(tiny.call("match --run", tiny.at("run"), photo, "a red circle").out()).contains("without itm");
    assertThat(tiny.call("eval retrieval --rerank 4 --run " + tiny.at("run") + " --data " + tiny.at("data")).err()).contains("stage1.objectives.itm").hasLineCount(1);
    Call caption = tiny.call("caption --head qformer --run", tiny.at("run"), photo);
    assertThat(caption.code()).isEqualTo(1);
    assertThat(caption.err()).contains("stage1.objectives.itg").hasLineCount(1);
    List<String> told = tiny.train("told", "--set", "stage1.objectives.itc=0", "--set", "stage1.objectives.itg=1");
    JsonNode summary = json(Call.of(root, told.toArray(String[]::new)));
    assertThat(summary.get("retrieval").isNull()).isTrue();
    assertThat(summary.get("grounding").isNull()).isFalse();
    assertThat(tiny.call("match --run", tiny.at("told"), photo, "a red circle").err()).contains("neither itc nor itm");
    assertThat(tiny.call("eval retrieval --run " + tiny.at("told") + " --data " + tiny.at("data")).err()).contains("stage1.objectives.itc");
    assertThat(tiny.call("caption --head qformer --run", tiny.at("told"), photo, "--max-tokens", "100").err()).contains("64 positions");
  }

  @Test
  void drawsFollowTheSeed() {
    String[] drawn = {"--temperature", "5", "--max-tokens", "12", "--seed", "3", tiny.at("data/images/drawing-00.png")};
    String once = tiny.call("caption --run " + tiny.at("run"), drawn).out();
    assertThat(tiny.call("caption --run " + tiny.at("run"), drawn).out()).isEqualTo(once);
    drawn[5] = "4";
    assertThat(tiny.call("caption --run " + tiny.at("run"), drawn).out()).isNotEqualTo(once);
  }

  @Test
  void aPhotoThatDoesNotDecodeSpoilsOnlyItself() throws IOException {
    Path broken = Files.writeString(root.resolve("broken.jpg"), "no picture");
    Call call = tiny.call("caption --json --run", tiny.at("run"), broken.toString(), tiny.at("data/images/drawing-02.png"));
    assertThat(call.code()).isEqualTo(1);
    assertThat(call.out()).hasLineCount(1).contains("drawing-02");
    assertThat(call.err()).contains("broken.jpg");
  }

  @Test
  void evaluations() throws IOException {
    String data = "--json --features " + tiny.at("features") + " --run " + tiny.at("run") + " --data " + tiny.at("data");
    assertThat(keys(json(tiny.call("eval retrieval " + data))))
        .contains("i2t_r1", "i2t_r5", "i2t_r10", "t2i_r1", "t2i_r5", "t2i_r10", "images", "captions");
    assertThat(json(tiny.call("eval retrieval --split all " + data)).get("images").asInt()).isEqualTo(16);
    assertThat(json(tiny.call("eval retrieval --split train " + data)).get("captions").asInt()).isEqualTo(24);
    assertThat(keys(json(tiny.call("eval grounding " + data)))).contains("loss_own", "loss_shuffled", "gap");
    Path lines = root.resolve("captions.jsonl");
    assertThat(keys(json(tiny.call("eval captions --limit 3 " + data, "--out", lines.toString())))).contains("bleu4", "cider", "rouge_l");
    assertThat(lines).content().hasLineCount(3).contains("references");
    Path text = Files.writeString(root.resolve("plain.txt"), "the red circle is on the white square . ".repeat(80));
    JsonNode language = json(tiny.call("eval language --json --run", tiny.at("run"), "--text", text.toString()));
    assertThat(keys(language)).contains("loss_with", "loss_without");
    assertThat(language.get("loss_with").asDouble()).isBetween(0.1, 20.0).isNotEqualTo(language.get("loss_without").asDouble());
  }

  @Test
  void wordsAreFoundWhereTheScenesSay() throws IOException {
    String words = "eval words --features " + tiny.at("features") + " --run " + tiny.at("run") + " --data " + tiny.at("data");
    Call none = tiny.call(words);
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
    JsonNode scores = json(tiny.call(words + " --json --split all"));
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
    String photo = tiny.at("data/images/drawing-00.png");
    JsonNode said = json(tiny.call("features --json --model", tiny.at("models/vision"), photo, "--out", out.toString()));
    assertThat(said.get("shape").toString()).isEqualTo("[5,16]");
    try (TensorFile file = Safetensors.open(out)) {
      assertThat(file.names()).containsExactly("drawing-00.png");
      assertThat(file.info("drawing-00.png").shape()).containsExactly(5, 16);
    }
    assertThat(tiny.call("features --model", tiny.at("models/vision"), photo, photo, "--out", out.toString()).err()).contains("drawing-00.png");
  }

  @Test
  void otherWeightsOfTheSameNameAreWarnedOf() throws IOException {
    json(Call.of(root, tiny.train("moved").toArray(String[]::new)));
    Path about = root.resolve("moved/run.json");
    Files.writeString(about, Files.readString(about).replaceAll("(\"language\"[^}]*\"sha256\" : \")[0-9a-f]{64}", "$1" + "0".repeat(64)));
    Call call = tiny.call("caption --run", tiny.at("moved"), tiny.at("data/images/drawing-00.png"));
    assertThat(call.code()).isZero();
    assertThat(call.err()).contains("warning").contains("language").contains("000000000000");
  }

  @Test
  void pullShowsWhatWasFound() throws IOException {
    JsonNode row = json(tiny.call("pull --json", tiny.at("models/text")));
    assertThat(keys(row)).containsExactly("model", "folder", "weights", "origin", "sha256");
    assertThat(row.get("sha256").asText()).hasSize(64);
  }
}
