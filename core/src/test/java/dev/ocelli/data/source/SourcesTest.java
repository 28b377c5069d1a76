package dev.ocelli.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.ImportedFolder;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Picture;
import dev.ocelli.data.Questions;
import dev.ocelli.data.SplitSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Data sets as the real tools wrote them (tools/fixtures/sources.py), against what those tools read from them. */
final class SourcesTest {
  private static final Path SOURCES = Path.of("src/test/resources/sources");
  private static final SplitSettings SPLIT = new SplitSettings(0.2, 0.1, 7);

  @TempDir Path dir;

  private record Row(String picture, String caption, String split) {}

  static Stream<String> names() throws IOException {
    List<String> names = new ArrayList<>();
    expected().fieldNames().forEachRemaining(names::add);
    return names.stream();
  }

  private static JsonNode expected() throws IOException {
    return new ObjectMapper().readTree(SOURCES.resolve("expected.json").toFile());
  }

  private static List<Row> expected(String name) throws IOException {
    List<Row> rows = new ArrayList<>();
    expected().get(name).forEach(row -> rows.add(new Row(row.get(0).asText(), row.get(1).asText(), row.get(2).asText())));
    return rows;
  }

  private static List<Row> read(Path data) {
    Map<String, Picture> pictures = new HashMap<>();
    CaptionFolder.read(data, SPLIT).photos().forEach(photo -> pictures.put(photo.image(), photo.picture()));
    List<Row> rows = new ArrayList<>();
    PairSource.open(data)
        .read(pair -> rows.add(new Row(Sha256.of(pictures.get(pair.image()).bytes()), pair.caption(), pair.split())));
    return rows;
  }

  @ParameterizedTest
  @MethodSource("names")
  void saysWhatTheToolSays(String name) throws IOException {
    assertThat(read(SOURCES.resolve(name))).containsExactlyInAnyOrderElementsOf(expected(name));
  }

  @ParameterizedTest
  @MethodSource("names")
  void importsToTheSame(String name) throws IOException {
    CaptionFolder source = CaptionFolder.read(SOURCES.resolve(name), SPLIT);
    ImportedFolder.Result result = ImportedFolder.write(source, questions(source), dir, Progress.NONE);
    assertThat(result.written()).isEqualTo(result.photos()).isEqualTo(source.photos().size());
    assertThat(result.skipped()).isEmpty();
    assertThat(said(CaptionFolder.read(dir, SPLIT), source.hasSplit())).containsExactlyInAnyOrderElementsOf(said(source, source.hasSplit()));
    // What was stopped goes on.
    try (Stream<Path> files = Files.list(dir.resolve("images"))) {
      Files.delete(files.sorted().findFirst().orElseThrow());
    }
    String captions = Files.readString(dir.resolve("captions.csv"));
    Files.delete(dir.resolve("captions.csv"));
    assertThat(ImportedFolder.write(source, questions(source), dir, Progress.NONE).written()).isEqualTo(1);
    assertThat(dir.resolve("captions.csv")).content().isEqualTo(captions);
    // What somebody has mended since is not written over, and removing it imports anew.
    Files.writeString(dir.resolve("captions.csv"), captions + "mended,here\n");
    assertThatThrownBy(() -> ImportedFolder.write(source, questions(source), dir, Progress.NONE))
        .isInstanceOf(UserError.class).hasMessageContainingAll("captions.csv", "left as it is");
    assertThat(dir.resolve("captions.csv")).content().endsWith("mended,here\n");
    Files.delete(dir.resolve("captions.csv"));
    ImportedFolder.write(source, questions(source), dir, Progress.NONE);
    assertThat(dir.resolve("captions.csv")).content().isEqualTo(captions);
  }

  /** Its pictures have come since: the table of the first call is ours to replace. */
  @Test
  void picturesThatWereMissingComeWithTheNextCall() throws IOException {
    Path plain = Files.createDirectories(dir.resolve("plain/images")).getParent();
    List<Path> pictures;
    try (Stream<Path> files = Files.walk(SOURCES.resolve("csv"))) {
      pictures = files.filter(f -> f.toString().endsWith(".png")).sorted().limit(2).toList();
    }
    Files.copy(pictures.get(0), plain.resolve("images/a.png"));
    Files.writeString(plain.resolve("images/b.png"), "cut short");
    Files.writeString(plain.resolve("captions.csv"), "image,caption\na.png,A disc.\nb.png,Another.\n");
    CaptionFolder source = CaptionFolder.read(plain, SPLIT);
    Path out = dir.resolve("out");
    assertThat(ImportedFolder.write(source, questions(source), out, Progress.NONE).skipped()).hasSize(1);
    assertThat(out.resolve("captions.csv")).content().isEqualTo("image,caption\na.png,A disc.\n");
    Files.copy(pictures.get(1), plain.resolve("images/b.png"), StandardCopyOption.REPLACE_EXISTING);
    assertThat(ImportedFolder.write(source, questions(source), out, Progress.NONE).skipped()).isEmpty();
    assertThat(out.resolve("captions.csv")).content().isEqualTo("image,caption\na.png,A disc.\nb.png,Another.\n");
  }

  /** Flickr8k's archive has both. */
  @Test
  void captionsInBasicFormsAreNotTakenForThoseThatPeopleWrote() throws IOException {
    Path copy = dir.resolve("flickr8k");
    try (Stream<Path> files = Files.walk(SOURCES.resolve("flickr8k"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = copy.resolve(SOURCES.resolve("flickr8k").relativize(file));
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
    Path tokens = copy.resolve("Flickr8k_text/Flickr8k.token.txt");
    Files.writeString(tokens.resolveSibling("Flickr8k.lemma.token.txt"), Files.readString(tokens).replaceAll("\t.*", "\tA basic form ."));
    assertThat(read(copy)).containsExactlyInAnyOrderElementsOf(expected("flickr8k"));
  }

  @Test
  void whoWroteACaptionAndTheQuestionsBesideComeAlong() throws IOException {
    Path plain = dir.resolve("plain");
    Files.createDirectories(plain.resolve("images"));
    try (Stream<Path> pictures = Files.walk(SOURCES.resolve("csv"))) {
      Files.copy(pictures.filter(f -> f.toString().endsWith(".png")).sorted().findFirst().orElseThrow(), plain.resolve("images/a.b.png"));
    }
    Files.writeString(plain.resolve("captions.csv"), "image,caption,origin\na.b.png,A disc.,given\na.b.png,Seen by a model.,model\n");
    Files.writeString(plain.resolve("questions.csv"), "image,question,answer,kind\na.b.png,Is it round?,yes,yes-no\n");
    CaptionFolder source = CaptionFolder.read(plain, SPLIT);
    Path out = dir.resolve("out");
    assertThat(ImportedFolder.write(source, Questions.read(plain, source), out, Progress.NONE).conversations()).isEqualTo(1);
    assertThat(out.resolve("captions.csv"))
        .content().isEqualTo("image,caption,origin\na-b.png,A disc.,given\na-b.png,Seen by a model.,model\n");
    assertThat(out.resolve("questions.jsonl"))
        .content()
        .isEqualTo("{\"image\":\"a-b.png\",\"turns\":[{\"question\":\"Is it round?\",\"answer\":\"yes\",\"kind\":\"yes-no\"}]}\n");
    CaptionFolder read = CaptionFolder.read(out, SPLIT);
    assertThat(Questions.read(out, read).of(read.photos().get(0)).get(0).turns().get(0).kind()).isEqualTo("yes-no");
    assertThat(read.origin(read.photos().get(0), "Seen by a model.")).isEqualTo("model");
  }

  /** Those of the format itself. */
  private static Questions questions(CaptionFolder source) {
    return Questions.read(source.source().file(), source);
  }

  private static List<Row> said(CaptionFolder folder, boolean split) {
    List<Row> rows = new ArrayList<>();
    for (Photo photo : folder.photos()) {
      String part = !split ? "" : photo.part() == Part.VALIDATION ? "TRAIN" : photo.part().name();
      photo.captions().forEach(caption -> rows.add(new Row(Sha256.of(photo.picture().bytes()), caption, part)));
    }
    return rows;
  }

  @Test
  void eachFormatIsKnownByItself() throws IOException {
    Map<String, Class<? extends PairSource>> kinds = new HashMap<>();
    List.of("csv", "tsv", "flickr30k", "kaggle").forEach(name -> kinds.put(name, DelimitedTable.class));
    List.of("jsonl", "llava").forEach(name -> kinds.put(name, JsonRows.class));
    List.of("coco", "karpathy").forEach(name -> kinds.put(name, CocoCaptions.class));
    List.of("text-files", "img2dataset-files").forEach(name -> kinds.put(name, TextFiles.class));
    List.of("webdataset", "img2dataset-webdataset").forEach(name -> kinds.put(name, WebDataset.class));
    List.of("parquet-paths", "datasets", "img2dataset-parquet").forEach(name -> kinds.put(name, ParquetTables.class));
    kinds.put("flickr8k", FlickrTokens.class);
    assertThat(kinds.keySet()).containsExactlyInAnyOrderElementsOf(names().toList());
    kinds.forEach((name, kind) -> assertThat(PairSource.open(SOURCES.resolve(name))).as(name).isInstanceOf(kind));
  }

  /** Hugging Face's imagefolder with a folder and a table for each split; a photo's name may come in several. */
  @ParameterizedTest
  @ValueSource(strings = {"metadata.csv", "metadata.jsonl"})
  void eachSplitMayHaveATableOfItsOwn(String table) throws IOException {
    for (String split : List.of("train", "test")) {
      Files.createDirectories(dir.resolve(split).resolve("more"));
      for (String photo : List.of("a.png", "more/b.png")) {
        Files.writeString(dir.resolve(split).resolve(photo), split + photo);
      }
      boolean lines = table.endsWith("l");
      String row = lines ? "{\"file_name\": \"%s\", \"text\": \"%s\"}%n" : "%s,%s%n";
      String rows = String.format(row, "a.png", split + " one") + String.format(row, "more/b.png", split + " two");
      Files.writeString(dir.resolve(split).resolve(table), (lines ? "" : "file_name,text\n") + rows);
    }
    CaptionFolder folder = CaptionFolder.read(dir, SPLIT);
    assertThat(said(folder, true))
        .containsExactlyInAnyOrder(
            new Row(Sha256.of("traina.png"), "train one", "TRAIN"), new Row(Sha256.of("trainmore/b.png"), "train two", "TRAIN"),
            new Row(Sha256.of("testa.png"), "test one", "TEST"), new Row(Sha256.of("testmore/b.png"), "test two", "TEST"));
    assertThat(folder.photos()).extracting(Photo::image).contains("train/a.png", "test/more/b.png");
  }

  @Test
  void singleFilesWillDo() {
    for (String file :
        List.of(
            "csv/captions.csv", "jsonl/metadata.jsonl", "webdataset/train-000000.tar", "datasets/data/test-00000-of-00001.parquet",
            "coco/annotations/captions_val2017.json", "llava/tiny_instruct.json", "flickr8k/Flickr8k_text/Flickr8k.token.txt")) {
      PairSource source = PairSource.open(SOURCES.resolve(file));
      long[] pairs = {0};
      source.read(pair -> pairs[0]++);
      assertThat(pairs[0]).as(file).isPositive();
    }
    assertThat(CaptionFolder.read(SOURCES.resolve("coco/annotations/captions_val2017.json"), SPLIT).photos()).hasSize(2);
  }

  @Test
  void conversationsThatAskMoreAreQuestions() throws IOException {
    CaptionFolder folder = CaptionFolder.read(SOURCES.resolve("llava"), SPLIT);
    assertThat(folder.conversations()).extracting(Conversation::image).containsExactly("p1.png", "p0.png");
    assertThat(folder.conversations().get(0).turns())
        .containsExactly(
            new Conversation.Turn("What is the colour of the disc?", "Red."), new Conversation.Turn("Describe its shape.", "Round."));
    assertThat(folder.warnings()).anyMatch(warning -> warning.contains("1 conversations without an image"));
    ImportedFolder.write(folder, questions(folder), dir, Progress.NONE);
    assertThat(Files.readAllLines(dir.resolve("questions.jsonl")))
        .containsExactly(
            "{\"image\":\"p0.png\",\"turns\":[{\"question\":\"Is it round?\",\"answer\":\"Yes.\"}]}",
            "{\"image\":\"p1.png\",\"turns\":[{\"question\":\"What is the colour of the disc?\",\"answer\":\"Red.\"},"
                + "{\"question\":\"Describe its shape.\",\"answer\":\"Round.\"}]}");
  }

  @Test
  void aSplitThatNamesOnlyOnePartIsDrawnAnew() throws IOException {
    Files.copy(SOURCES.resolve("webdataset/train-000000.tar"), dir.resolve("train-000000.tar"));
    CaptionFolder folder = CaptionFolder.read(dir, SPLIT);
    assertThat(folder.hasSplit()).isFalse();
    assertThat(folder.photos(Part.TEST)).hasSize(1);
  }

  @Test
  void theHashIsOfWhatIsSaid() throws IOException {
    PairSource.Sink nothing = pair -> {};
    Path shard = SOURCES.resolve("datasets/data/test-00000-of-00001.parquet");
    String one = PairSource.open(shard).read(nothing).sha256();
    assertThat(PairSource.open(shard).read(nothing).sha256()).isEqualTo(one);
    assertThat(PairSource.open(SOURCES.resolve("datasets")).read(nothing).sha256()).isNotEqualTo(one);
    Path csv = SOURCES.resolve("csv/captions.csv");
    assertThat(PairSource.open(csv).read(nothing).sha256()).as("as runs of before know it").isEqualTo(Sha256.of(csv));
  }
}
