package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.Sha256;
import dev.ocelli.data.FeatureStore;
import dev.ocelli.testing.Drawings;
import dev.ocelli.testing.TinyModels;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What people get wrong: a message of a line or two that names the file, row or key and says what to do, and exit code 1. */
class BadInputTest {
  @TempDir Path root;

  private Path data;

  @BeforeEach
  void write() {
    TinyModels.write(root.resolve("models"));
    data = Drawings.write(root.resolve("data"), 8);
  }

  private Call train(String... more) {
    return train(List.of("train", "qformer"), more);
  }

  private Call train(List<String> command, String... more) {
    List<String> arguments = new ArrayList<>(command);
    arguments.addAll(List.of("--features", root.resolve("features").toString()));
    arguments.addAll(List.of("--data", data.toString()));
    if (!List.of(more).contains("--out")) {
      arguments.addAll(List.of("--out", root.resolve("run").toString()));
    }
    for (String which : List.of("vision", "text", "language")) {
      if (List.of(more).stream().noneMatch(m -> m.startsWith("models." + which))) {
        arguments.addAll(List.of("--set", "models." + which + "=" + root.resolve("models").resolve(which)));
      }
    }
    for (String figure :
        List.of("precision=fp32", "features.layers=1", "qformer.queries=4", "stage1.passes=1", "stage1.batch=2", "data.validation=0.2")) {
      arguments.addAll(List.of("--set", figure));
    }
    arguments.addAll(List.of(more));
    return Call.of(root, arguments.toArray(String[]::new));
  }

  private static void refused(Call call, String... words) {
    assertThat(call.code()).as(call.err()).isEqualTo(1);
    assertThat(call.out()).isEmpty();
    List<String> lines = call.err().lines().filter(line -> !line.startsWith("ocelli: warning")).toList();
    String message = String.join("\n", lines.subList(lines.size() - Math.min(2, lines.size()), lines.size()));
    assertThat(message).contains("ocelli: ").contains(words).doesNotContain("Exception").doesNotContain("\tat ");
  }

  @Test
  void missingFolder() {
    data = root.resolve("nowhere");
    refused(train(), "nowhere", "captions.csv");
  }

  @Test
  void emptyFolder() throws IOException {
    data = Files.createDirectories(root.resolve("empty"));
    refused(train(), "empty", "captions.csv");
  }

  @Test
  void missingColumn() throws IOException {
    Files.writeString(data.resolve("captions.csv"), "image,words\ndrawing-00.png,a red circle\n");
    refused(train(), "captions.csv", "caption");
  }

  @Test
  void captionWithoutItsPhoto() throws IOException {
    Files.writeString(data.resolve("captions.csv"), "image,caption\ngone.png,a red circle\nlost.png,a blue circle\n");
    refused(train(), "gone.png", "row 2");
  }

  @Test
  void captionWithoutWords() throws IOException {
    Path csv = data.resolve("captions.csv");
    String fine = Files.readString(csv);
    long row = fine.lines().count() + 1;
    for (String nothing : List.of("...", "\u200b\u200b")) {
      Files.writeString(csv, fine + "drawing-00.png," + nothing + "\n");
      refused(train(), "captions.csv, row " + row, "drawing-00.png", nothing);
    }
  }

  @Test
  void missingPhotosAreSkippedAndListed() throws IOException {
    Path csv = data.resolve("captions.csv");
    Files.writeString(csv, Files.readString(csv) + "gone.png,a red circle\nlost.png,a blue circle\n");
    refused(train("--set", "data.max_bad_photos=1"), "2 photos", "max_bad_photos", "gone.png");
    assertThat(root.resolve("run")).doesNotExist();
    Call call = train("--set", "data.max_bad_photos=2");
    assertThat(call.code()).as(call.err()).isZero();
    assertThat(call.err()).contains("2 can't be used (skipped.csv)");
    assertThat(root.resolve("run/skipped.csv")).content().contains("gone.png", "lost.png", "captions.csv, row");
  }

  @Test
  void whatCouldNeverEndWellIsRefusedBeforeFeaturesAreComputed() throws IOException {
    refused(train(List.of("train"), "--set", "stage2.captions=none"), "nothing to learn", "stage2.captions");
    Files.writeString(
        data.resolve("captions.csv"), "image,caption,split\ndrawing-00.png,a red circle,train\ndrawing-01.png,a blue circle,test\n");
    refused(train(), "1 photos to train on", "data.validation=0");
    assertThat(root.resolve("features")).doesNotExist();
    assertThat(train("--set", "data.validation=0").code()).isZero();
  }

  @Test
  void aScheduleThatIsAllWarmUpIsSaid() {
    assertThat(train("--set", "stage1.warmup=2000").err()).contains("within the warm-up of 2000");
    assertThat(train("--set", "stage1.warmup=0", "--overwrite").err()).doesNotContain("warm-up");
  }

  /** It could be read once, or by another's memory: its own features are there. */
  @Test
  void aPhotoOfWhichThereIsNoViewIsSkippedAndListed() throws IOException {
    assertThat(train("--set", "features.views=0", "--set", "data.test=0").code()).isZero();
    byte[] broken = "no picture".getBytes(StandardCharsets.UTF_8);
    try (Stream<Path> stores = Files.list(root.resolve("features"))) {
      Path store = stores.findFirst().orElseThrow();
      Path shard = store.resolve(store.toFile().list((folder, name) -> name.endsWith(".safetensors"))[0]);
      try (TensorFile file = Safetensors.open(shard)) {
        Map<String, String> about = file.metadata();
        FeatureStore.Key key = new FeatureStore.Key(about.get("encoder"), about.get("weights_sha256"), about.get("preprocessing"));
        try (FeatureStore open = FeatureStore.open(root.resolve("features"), key)) {
          open.add(List.of(Sha256.of(broken)), open.tokens(), open.hidden(), ByteBuffer.allocateDirect(open.rowBytes()));
        }
      }
    }
    Files.write(data.resolve("images/drawing-03.png"), broken);
    Call call = train("--set", "features.views=1", "--set", "data.test=0", "--overwrite");
    assertThat(call.code()).as(call.err()).isZero();
    assertThat(call.err()).contains("5 photos to train on, 2 to choose", "1 can't be used (skipped.csv)");
    assertThat(root.resolve("run/skipped.csv")).content().contains("drawing-03.png");
  }

  @Test
  void photosThatDoNotDecodeAreSkippedAndListed() throws IOException {
    Files.writeString(data.resolve("images/drawing-03.png"), "no picture");
    Call call = train("--set", "data.test=0");
    assertThat(call.code()).as(call.err()).isZero();
    assertThat(call.err()).contains("1 can't be used (skipped.csv)");
    assertThat(root.resolve("run/skipped.csv")).content().contains("drawing-03.png");
  }

  @Test
  void tooManyPhotosThatDoNotDecode() throws IOException {
    for (int i = 0; i < 4; i++) {
      Files.writeString(data.resolve("images/drawing-0" + i + ".png"), "no picture");
    }
    String[] settings = {"--set", "data.test=0", "--set", "data.max_bad_photos=2"};
    for (int time = 0; time < 3; time++) {
      refused(train(settings), "max_bad_photos", "drawing-0");
    }
    // Mended, as the message says: the same command takes them in.
    Drawings.write(data, 8);
    Call mended = train(settings);
    assertThat(mended.code()).as(mended.err()).isZero();
    assertThat(mended.err()).contains("6 photos to train on, 2 to choose").doesNotContain("skipped.csv");
  }

  @Test
  void captionsMendedBeforeAnythingWasLearnt() throws IOException {
    Files.writeString(data.resolve("images/drawing-00.png"), "no picture");
    refused(train("--set", "data.test=0", "--set", "data.max_bad_photos=0"), "drawing-00");
    String captions = Files.readString(data.resolve("captions.csv"));
    Files.writeString(data.resolve("captions.csv"), captions.replaceAll("drawing-00.*\n", ""));
    Call mended = train("--set", "data.test=0", "--set", "data.max_bad_photos=0");
    assertThat(mended.code()).as(mended.err()).isZero();
  }

  @Test
  void aRecipeOfOnesOwnInTheRunFolderStays() throws IOException {
    Path own = Files.createDirectories(root.resolve("run")).resolve("recipe.yaml");
    Files.writeString(own, "# mine\nseed: 7\n");
    refused(train("--recipe", own.toString()), "recipe.yaml is there", "another --out");
    assertThat(own).hasContent("# mine\nseed: 7\n");
    // One that a run wrote before it was killed is no obstacle.
    Files.delete(own);
    assertThat(train("--set", "data.test=0").code()).isZero();
    Path second = Files.createDirectories(root.resolve("second"));
    Files.copy(own, second.resolve("recipe.yaml"));
    assertThat(train("--set", "data.test=0", "--out", second.toString()).code()).isZero();
  }

  @Test
  void settingsOfGenerationShowBeforeTraining() {
    refused(train("--set", "generation.stop="), "generation.stop", "[]");
    refused(train("--set", "generation.stop=[\"\"]"), "stop");
    refused(train("--set", "generation.temperature=1e-7"), "temperature");
    assertThat(root.resolve("run")).doesNotExist();
  }

  @Test
  void misspeltKey() {
    refused(train("--set", "stage1.bacth=3"), "stage1.bacth", "Did you mean stage1.batch?");
  }

  @Test
  void valuesOfTheWrongKind() {
    refused(train("--set", "stage1.batch=many"), "stage1.batch");
    refused(train("--set", "stage1.batch=2.5"), "stage1.batch");
    refused(train("--set", "stage1.batch=0"), "stage1.batch", "2");
    refused(train("--set", "stage1.similarity=median"), "stage1.similarity", "best, mean");
    refused(train("--set", "precision=fp8"), "precision", "bf16");
    refused(train("--set", "stage1"), "--set stage1", "key=value");
  }

  @Test
  void unknownRecipe() {
    refused(train("--recipe", "nothing"), "nothing", "photos, article");
  }

  @Test
  void noRun() throws IOException {
    String photo = data.resolve("images/drawing-00.png").toString();
    refused(Call.of(root, "caption", "--run", root.resolve("nowhere").toString(), photo), "nowhere", "--out");
    refused(Call.of(root, "caption", "--run", data.toString(), photo), "recipe.yaml");
  }

  @Test
  void noPhoto() throws IOException {
    Path run = Files.createDirectories(root.resolve("run"));
    Files.writeString(run.resolve("recipe.yaml"), "seed: 1\n");
    refused(Call.of(root, "caption", "--run", run.toString(), root.resolve("gone.jpg").toString()), "gone.jpg");
    refused(Call.of(root, "caption", "--run", run.toString(), data.toString()), "folder");
    String photo = data.resolve("images/drawing-00.png").toString();
    refused(Call.of(root, "caption", "--run", run.toString(), photo, "--overwrite"), "--overwrite");
    refused(Call.of(root, "caption", "--run", run.toString(), photo, "--head", "qformer", "--weights", "int8"), "--weights", "--head");
    refused(Call.of(root, "ask", "--run", run.toString(), photo, " "), "no question");
    String folder = root.resolve("models").toString();
    refused(Call.of(root, "eval", "captions", "--run", run.toString(), "--data", data.toString(), "--out", folder), "--out", "folder");
  }

  @Test
  void noLayers() {
    String photo = data.resolve("images/drawing-00.png").toString();
    String model = root.resolve("models/vision").toString();
    String out = root.resolve("seen").toString();
    refused(Call.of(root, "features", "--model", model, "--layers", "0", "--out", out, photo), "--layers is 0");
    refused(Call.of(root, "features", "--model", model, "--layers", "9", "--out", out, photo), "layers is 9", "1 layers");
  }

  @Test
  void weightsOfAnotherArchitecture() {
    refused(train("--set", "models.vision=" + root.resolve("models/text")), "bert", "vit");
    refused(train("--set", "models.text=" + root.resolve("models/language")), "llama", "bert");
  }

  @Test
  void weightsThatDoNotFitTheirConfig() throws IOException {
    Path config = root.resolve("models/vision/config.json");
    Files.writeString(config, Files.readString(config).replace("\"image_size\":28", "\"image_size\":42"));
    refused(train(), "position_embeddings", "model.safetensors");
  }

  @Test
  void unknownModelWithoutNetwork() {
    Call call = Call.of(root, "pull", "nobody/nothing");
    assertThat(call.code()).isEqualTo(1);
    assertThat(call.err()).contains("nobody/nothing").contains("HF_HUB_OFFLINE").contains("hub cache");
  }

  @Test
  void placeThatCannotBeWritten() throws IOException {
    Path file = Files.writeString(root.resolve("file"), "");
    String photo = data.resolve("images/drawing-00.png").toString();
    refused(
        Call.of(
            root, "features", "--model", root.resolve("models/vision").toString(), photo, "--out",
            file.resolve("seen.safetensors").toString()),
        "seen.safetensors");
  }
}
