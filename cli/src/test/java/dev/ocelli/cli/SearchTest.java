package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.Progress;
import dev.ocelli.testing.TinyTraining;
import dev.ocelli.train.TrainedRun;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.io.File;
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

/** {@code ocelli index} and {@code ocelli search} on a tiny run: that what they say is so, not that the tiny model knows what it sees. */
class SearchTest {
  @TempDir static Path root;

  @BeforeAll
  static void train() {
    TinyTraining.train(root, "run", "stage1.objectives.itm=1");
    TinyTraining.train(root, "mean", "stage1.similarity=mean");
    TinyTraining.train(root, "whole", "qformer.apart=true", "stage1.similarity=whole");
  }

  private static String at(String name) {
    return root.resolve(name).toString();
  }

  private static Call call(String line, String... more) {
    return Call.of(root, Stream.concat(Stream.of(line.split(" ")), Stream.of(more)).toArray(String[]::new));
  }

  private static JsonNode json(Call call) throws IOException {
    assertThat(call.code()).as(call.err()).isZero();
    assertThat(call.out()).hasLineCount(1);
    return new ObjectMapper().readTree(call.out());
  }

  /** A folder of photos of its own, with the drawings of these numbers. */
  private static Path photos(String name, int... drawings) throws IOException {
    Path folder = Files.createDirectories(root.resolve(name));
    for (int drawing : drawings) {
      Files.copy(drawing(drawing), folder.resolve(drawing + ".png"));
    }
    return folder;
  }

  private static Path drawing(int number) {
    return root.resolve(String.format("data/images/drawing-%02d.png", number));
  }

  private static String index(String run, String photos, String out) {
    return "index --json --run " + at(run) + " " + at(photos) + " --out " + at(out) + " --features " + at("features");
  }

  private static void counts(Call call, int added, int updated, int unchanged, int removed, int skipped, int photos) throws IOException {
    JsonNode report = json(call);
    assertThat(
            List.of(
                report.get("added").asInt(), report.get("updated").asInt(), report.get("unchanged").asInt(), report.get("removed").asInt(),
                report.get("skipped").asInt(), report.get("photos").asInt()))
        .containsExactly(added, updated, unchanged, removed, skipped, photos);
    assertThat(report.get("finished").asBoolean()).isTrue();
  }

  private static List<String> found(JsonNode search) {
    List<String> photos = new ArrayList<>();
    search.get("hits").forEach(hit -> photos.add(Path.of(hit.get("photo").asText()).getFileName().toString()));
    return photos;
  }

  @Test
  void anIndexFollowsItsFolder() throws IOException {
    Path folder = photos("album", 0, 1, 2, 3);
    Files.createDirectories(folder.resolve("trip"));
    Files.copy(drawing(4), folder.resolve("trip/4.png"));
    Files.copy(drawing(4), folder.resolve("trip/again.png"));
    counts(call(index("run", "album", "album.index")), 6, 0, 0, 0, 0, 6);
    counts(call(index("run", "album", "album.index")), 0, 0, 6, 0, 0, 6);
    Files.setLastModifiedTime(folder.resolve("0.png"), FileTime.fromMillis(1));
    counts(call(index("run", "album", "album.index")), 0, 0, 6, 0, 0, 6);
    Files.copy(drawing(5), folder.resolve("new.png"));
    Files.write(folder.resolve("1.png"), Files.readAllBytes(drawing(6)));
    Files.delete(folder.resolve("2.png"));
    Files.writeString(folder.resolve("broken.png"), "no picture");
    counts(call(index("run", "album", "album.index")), 1, 1, 4, 1, 1, 6);
    assertThat(root.resolve("album.index/skipped.csv")).content().contains("broken.png");
    // What turns bad is no longer found as what it was.
    Files.writeString(folder.resolve("3.png"), "no picture either");
    counts(call(index("run", "album", "album.index")), 0, 0, 5, 1, 2, 5);
    assertThat(found(json(call("search --json --index " + at("album.index"), "a red circle"))))
        .containsExactlyInAnyOrder("0.png", "1.png", "4.png", "again.png", "new.png");
    // Other folders add to an index, and don't take from it.
    photos("more", 7);
    counts(call(index("run", "more", "album.index")), 1, 0, 0, 0, 0, 6);
    assertThat(call(index("run", "more", "album.index") + " --overwrite").code()).isZero();
    assertThat(found(json(call("search --json --index " + at("album.index"), "a red circle")))).containsExactly("7.png");
    Files.delete(root.resolve("more/7.png"));
    Call empty = call(index("run", "more", "album.index"));
    assertThat(empty.code()).isEqualTo(1);
    assertThat(empty.err()).contains("has no photo").hasLineCount(1);
    // Nor is an index removed for photos that aren't there, or what else lies beside it.
    Files.writeString(root.resolve("album.index/sheet.html"), "mine");
    assertThat(call(index("run", "more", "album.index") + " --overwrite").err()).contains("has no photo");
    assertThat(root.resolve("album.index/sheet.html")).exists();
    assertThat(json(call("index --check --json --out " + at("album.index"))).get("photos").asInt()).isEqualTo(1);
  }

  @Test
  void whatAWalkDoesNotSeeStays() throws IOException {
    assumeTrue(File.separatorChar == '/', "links are anybody's there");
    photos("disk", 0, 1);
    photos("tree", 2);
    photos("tree/.private", 3);
    Path link = Files.createSymbolicLink(root.resolve("tree/nas"), root.resolve("disk"));
    counts(call(index("run", "tree/.private", "tree.index")), 1, 0, 0, 0, 0, 1);
    counts(call(index("run", "tree", "tree.index")), 3, 0, 0, 0, 0, 4);
    // The link's disk is away.
    Files.move(root.resolve("disk"), root.resolve("unplugged"));
    Call away = call(index("run", "tree", "tree.index"));
    counts(away, 0, 0, 1, 0, 0, 4);
    assertThat(away.err()).contains("warning", link + " has a link that leads nowhere", "2 photos").hasLineCount(1);
    // Where the link itself is gone, so are its photos, and a hidden one that is gone goes, too.
    Files.delete(link);
    Files.delete(root.resolve("tree/.private/3.png"));
    counts(call(index("run", "tree", "tree.index")), 0, 0, 1, 3, 0, 1);
  }

  @Test
  void whatIsGoneForGoodCanBeForgotten() throws IOException {
    photos("kept", 0);
    Path gone = photos("gone", 1, 2);
    String both = index("run", "kept", "forget.index") + " " + gone;
    counts(call(both), 3, 0, 0, 0, 0, 3);
    for (int drawing : new int[] {1, 2}) {
      Files.delete(gone.resolve(drawing + ".png"));
    }
    Files.delete(gone);
    assertThat(call(both).err()).contains("There is no photo or folder", "--forget").hasLineCount(1);
    String forget = "index --json --out " + at("forget.index") + " --forget " + gone;
    assertThat(call(forget + " --run " + at("run")).code()).isEqualTo(2);
    assertThat(call("index --out " + at("none.index") + " --forget " + gone).err()).contains("no index of photos").hasLineCount(1);
    counts(call(forget), 0, 0, 1, 2, 0, 1);
    counts(call(forget), 0, 0, 1, 0, 0, 1);
    assertThat(found(json(call("search --json --index " + at("forget.index"), "a red circle")))).containsExactly("0.png");
  }

  @Test
  void searchesByText() throws IOException {
    photos("many", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    for (String run : List.of("run", "mean", "whole")) {
      counts(call(index(run, "many", run + ".index")), 10, 0, 0, 0, 0, 10);
      try (TensorFile stage1 = Safetensors.open(root.resolve(run).resolve("stage1/model.safetensors"))) {
        assertThat(stage1.names().contains("querybank.images")).as("similarities of " + run + " beyond the usual").isEqualTo(!run.equals("run"));
      }
      Path sheet = root.resolve(run + ".html");
      JsonNode search = json(call("search --json --best 4 --index " + at(run + ".index"), "A red circle.", "--html", sheet.toString()));
      assertThat(sheet).content().contains("A red circle.", "data:image");
      assertThat(search.get("text").asText()).isEqualTo("A red circle.");
      assertThat(found(search)).hasSize(4).doesNotHaveDuplicates();
      double before = 2;
      for (JsonNode hit : search.get("hits")) {
        double similarity = hit.get("similarity").asDouble();
        assertThat(similarity).isLessThanOrEqualTo(before);
        JsonNode match = json(call("match --json --run " + at(run), hit.get("photo").asText(), "A red circle."));
        // Features of the index were kept in bf16, those of match are fp32.
        assertThat(similarity).isCloseTo(match.get("similarity").asDouble(), org.assertj.core.api.Assertions.within(2e-2));
        before = similarity;
      }
      assertThat(call("search --best 2 --index " + at(run + ".index"), "a red circle").out()).hasLineCount(2).matches("(?s)( *-?0\\.\\d{3}  .*\\.png\n)+");
    }
  }

  @Test
  void matchingRanksAgain() throws IOException {
    photos("ranked", 0, 1, 2, 3, 4, 5);
    assertThat(call(index("run", "ranked", "ranked.index")).code()).isZero();
    Path sheet = root.resolve("sheet.html");
    JsonNode again = json(call("search --json --rerank 4 --index " + at("ranked.index"), "a red circle", "--html", sheet.toString()));
    assertThat(found(again)).hasSize(6);
    List<String> plain = found(json(call("search --json --index " + at("ranked.index"), "a red circle")));
    assertThat(found(again).subList(0, 4)).containsExactlyInAnyOrderElementsOf(plain.subList(0, 4));
    assertThat(found(again).subList(4, 6)).isEqualTo(plain.subList(4, 6));
    double scale;
    try (TrainedRun trained = TrainedRun.open(root.resolve("run"), TinyTraining.pull(root), Progress.NONE, line -> {})) {
      scale = trained.searchable().scale();
    }
    double before = Double.POSITIVE_INFINITY;
    for (int i = 0; i < 4; i++) {
      JsonNode hit = again.get("hits").get(i);
      double probability = hit.get("probability").asDouble();
      assertThat(probability)
          .isCloseTo(
              json(call("match --json --run " + at("run"), hit.get("photo").asText(), "a red circle")).get("probability").asDouble(),
              org.assertj.core.api.Assertions.within(1e-5));
      double score = scale * hit.get("similarity").asDouble() + Math.log(probability / (1 - probability));
      assertThat(score).isLessThanOrEqualTo(before + 1e-4);
      before = score;
    }
    assertThat(again.get("hits").get(5).get("probability").isNull()).isTrue();
    assertThat(sheet).content().contains("<h1>a red circle</h1>", "data:image/jpeg;base64,", "0.png", ", match 0.");
  }

  @Test
  void searchesByPhoto() throws IOException {
    photos("likes", 0, 1, 2, 3);
    for (String copy : List.of("likes/again.png", "likes/twice.png")) {
      Files.copy(root.resolve("likes/1.png"), root.resolve(copy));
    }
    assertThat(call(index("run", "likes", "likes.index")).code()).isZero();
    Path sheet = root.resolve("like.html");
    JsonNode search = json(call("search --json --best 3 --index " + at("likes.index"), "--image", at("likes/1.png"), "--html", sheet.toString()));
    assertThat(search.get("text").isNull()).isTrue();
    assertThat(found(search)).containsExactlyInAnyOrder("0.png", "2.png", "3.png");
    assertThat(sheet).content().contains("Photos like this one", "the photo searched for");
    Files.delete(root.resolve("likes/2.png"));
    Call gone = call("search --index " + at("likes.index"), "a square", "--html", sheet.toString());
    assertThat(gone.code()).isZero();
    assertThat(gone.out()).contains("2.png");
    assertThat(gone.err()).contains("warning", "2.png");
    assertThat(sheet).content().contains("no longer there");
  }

  @Test
  void mistakes() throws IOException {
    photos("one", 0);
    assertThat(call(index("run", "one", "one.index")).code()).isZero();
    String search = "search --index " + at("one.index");
    assertThat(call(search).code()).isEqualTo(2);
    assertThat(call(search, "a dog", "--image", at("one/0.png")).err()).contains("--image");
    assertThat(call(search, "--image", at("one/0.png"), "--rerank", "3").err()).contains("--rerank");
    assertThat(call(search, " ").err()).contains("empty");
    assertThat(call(search, "a dog", "--run", at("mean")).err()).contains("other weights").hasLineCount(1);
    assertThat(call("search --index " + at("one"), "a dog").err()).contains("no index of photos").hasLineCount(1);
    assertThat(call(index("mean", "one", "one.index")).err()).contains("other weights", "--overwrite").hasLineCount(1);
    assertThat(call("index --run " + at("run") + " " + at("nothing") + " --out " + at("x")).err()).contains("nothing").hasLineCount(1);
    assertThat(call("index --run " + at("run") + " " + at("one") + " --out " + at("data")).err()).contains("something else");
    assertThat(call("index --run " + at("run") + " --overwrite " + at("one") + " --out " + at("data")).err()).contains("something else");
    // An index's place must not hold files of others either, and an empty folder is as good as none.
    Files.createDirectories(root.resolve("mine/vectors"));
    assertThat(call(index("run", "one", "mine") + " --overwrite").code()).isZero();
    Files.createDirectories(root.resolve("other/vectors"));
    Files.writeString(root.resolve("other/vectors/notes.txt"), "not Lucene's");
    assertThat(call(index("run", "one", "other") + " --overwrite").err()).contains("something else");
    assertThat(root.resolve("other/vectors/notes.txt")).exists();
    assertThat(root.resolve("data/captions.csv")).exists();
    assertThat(call("index --check " + at("one") + " --out " + at("one.index")).code()).isEqualTo(2);
    assertThat(call("index --check --out " + at("one.index")).out()).contains("1 photos, 4 vectors", "All are compared");
    assertThat(call(search, "a dog", "--rerank", "2", "--run", at("run")).code()).isZero();
    assertThat(call(search, "a dog").err()).isEmpty();
    assertThat(call(search, "a dog ".repeat(40)).err()).contains("warning", "tokens, of which the first").hasLineCount(1);
    assertThat(call("match --run " + at("run") + " " + at("one/0.png"), "a dog ".repeat(40)).err()).contains("of which the first").hasLineCount(1);
    assertThat(call(search, "a dog", "--html", at("one")).err()).contains("--html", "is a folder").hasLineCount(1);
    assertThat(call(search, "a dog", "--html", at("all.html"), "--best", "1001").code()).isZero();
    // More than there are, as "all".
    assertThat(found(json(call(search + " --json --best 100000000", "a dog")))).containsExactly("0.png");
  }

  @Test
  void anIndexWithoutPhotosSaysSo() throws IOException {
    photos("bad");
    Files.createDirectories(root.resolve("bad"));
    Files.writeString(root.resolve("bad/broken.png"), "no picture");
    assertThat(call(index("run", "bad", "bad.index")).code()).isZero();
    Call search = call("search --index " + at("bad.index"), "a dog");
    assertThat(search.code()).isZero();
    assertThat(search.err()).contains("warning", "holds no photo").hasLineCount(1);
  }
}
