package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.Progress;
import dev.ocelli.testing.Drawings;
import dev.ocelli.testing.TinyTraining;
import dev.ocelli.train.TrainedRun;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ocelli caption DIR --out FILE}. */
class FolderCaptioningTest {
  private static final int PHOTOS = 21; // more than go through the encoder at once

  @TempDir static Path root;

  private static Path run;

  @BeforeAll
  static void train() throws IOException {
    run = TinyTraining.train(root, "run");
    Drawings.write(root.resolve("photos"), PHOTOS);
    Files.createDirectories(root.resolve("photos/images/more, yes"));
    Files.move(root.resolve("photos/images/drawing-03.png"), root.resolve("photos/images/more, yes/drawing-03.png"));
  }

  private static Call caption(String folder, String out, String... more) {
    return Call.of(
        root,
        Stream.concat(
                Stream.of("caption", "--run", run.toString(), root.resolve(folder).toString(), "--out", root.resolve(out).toString()),
                Stream.of(more))
            .toArray(String[]::new));
  }

  private static Call single(String photo) {
    return Call.of(root, "caption", "--run", run.toString(), root.resolve("photos").resolve(photo).toString());
  }

  @Test
  void eachCaptionIsThatOfThePhotoAlone() throws IOException {
    Call all = caption("photos", "all.csv");
    assertThat(all.code()).as(all.err()).isZero();
    assertThat(all.out()).contains(PHOTOS + " captions in");
    List<String> lines = Files.readAllLines(root.resolve("all.csv"));
    assertThat(lines).hasSize(PHOTOS + 1).startsWith("image,caption");
    assertThat(lines.get(PHOTOS)).startsWith("\"images/more, yes/drawing-03.png\",");
    assertThat(root.resolve("all.csv.partial")).doesNotExist();
    for (int i : new int[] {1, 5, 17}) {
      String[] row = lines.get(i).split(",", 2);
      assertThat(row[1]).isEqualTo(single(row[0]).out().strip()).isNotEmpty();
    }
  }

  @Test
  void aStoppedFolderGoesOn() throws IOException {
    assertThat(caption("photos", "whole.csv").code()).isZero();
    Path partial = root.resolve("begun.csv.partial");
    String begun = firstLine();
    // As kill -9 may leave it: a caption that can be told from the model's, a photo that could not be read, a line that was being written.
    Files.writeString(
        partial,
        begun
            + "{\"image\":\"images/drawing-00.png\",\"text\":\"kept from \\\"before\\\"\"}\n"
            + "{\"image\":\"images/drawing-02.png\",\"problem\":\"unreadable then\"}\n"
            + "{\"image\":\"images/drawing-01.png\",\"text\":\"half a li");
    Call on = caption("photos", "begun.csv");
    assertThat(on.code()).as(on.err()).isZero();
    assertThat(on.err()).contains("Going on: 1 of " + PHOTOS);
    List<String> lines = Files.readAllLines(root.resolve("begun.csv"));
    List<String> whole = Files.readAllLines(root.resolve("whole.csv"));
    assertThat(lines.get(1)).isEqualTo("images/drawing-00.png,\"kept from \"\"before\"\"\"");
    assertThat(lines.subList(2, lines.size())).isEqualTo(whole.subList(2, whole.size()));
    assertThat(partial).doesNotExist();
  }

  /** What a partial table of this run begins with. */
  private static String firstLine() throws IOException {
    try (TrainedRun trained = TrainedRun.open(run, TinyTraining.pull(root), Progress.NONE, line -> {})) {
      FolderCaptioning.open(root.resolve("photos"), root.resolve("first.csv"), trained, trained.sampling()).close();
    }
    return Files.readString(root.resolve("first.csv.partial"));
  }

  @Test
  void otherSettingsDoNotMix() throws IOException {
    Files.writeString(root.resolve("mixed.csv.partial"), "{\"run\":\"0123\",\"weights\":\"bf16\",\"settings\":\"none\"}\n");
    Call call = caption("photos", "mixed.csv");
    assertThat(call.code()).isEqualTo(1);
    assertThat(call.err()).contains("mixed.csv.partial was begun with another run", "delete the file").hasLineCount(1);
    Files.writeString(root.resolve("mixed.csv.partial"), firstLine().replace("/photos\"", "/elsewhere\""));
    assertThat(caption("photos", "mixed.csv").err()).contains("mixed.csv.partial was begun with another folder", "elsewhere");
  }

  @Test
  void photosThatCanNotBeReadAreNamedAndLeftOut() throws IOException {
    Path folder = Files.createDirectories(root.resolve("some"));
    Files.copy(root.resolve("photos/images/drawing-00.png"), folder.resolve("good.png"));
    Files.writeString(folder.resolve("bad.jpg"), "no picture");
    Files.writeString(folder.resolve("notes.txt"), "no picture either, and no one says so");
    Call call = caption("some", "some.csv", "--json");
    assertThat(call.code()).isEqualTo(1);
    assertThat(call.err()).contains("bad.jpg");
    JsonNode result = new ObjectMapper().readTree(call.out());
    assertThat(result.path("captions").asInt()).isEqualTo(1);
    assertThat(result.path("skipped").fieldNames()).toIterable().containsExactly("bad.jpg");
    assertThat(Files.readAllLines(root.resolve("some.csv"))).hasSize(2).element(1).asString().startsWith("good.png,");
  }

  @Test
  void whatCanNotWorkIsSaidAtOnce() throws IOException {
    Files.writeString(root.resolve("there.csv"), "image,caption\n");
    assertThat(caption("photos", "there.csv").err()).contains("finished", "--overwrite").hasLineCount(1);
    assertThat(caption("gone", "new.csv").err()).contains("name one folder").hasLineCount(1);
    Files.createDirectories(root.resolve("empty"));
    assertThat(caption("empty", "new.csv").err()).contains("has no photos").hasLineCount(1);
    Call call = Call.of(root, "caption", "--run", run.toString(), root.resolve("photos").toString());
    assertThat(call.err()).contains("--out captions.csv").hasLineCount(1);
    try (FileChannel channel =
        FileChannel.open(root.resolve("busy.csv.partial"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.lock();
      assertThat(caption("photos", "busy.csv").err()).contains("another ocelli caption").hasLineCount(1);
    }
  }

  /** Weights of eight bits say nearly the same, through all of the command line. */
  @Test
  void quantisedWeightsAnswerToo() throws IOException {
    for (String weights : List.of("int8", "int4")) {
      Call call = caption("photos", weights + ".csv", "--weights", weights);
      assertThat(call.code()).as(call.err()).isZero();
      assertThat(Files.readAllLines(root.resolve(weights + ".csv"))).hasSize(PHOTOS + 1);
      assertThat(Call.of(root, "caption", "--run", run.toString(), "--weights", weights,
          root.resolve("photos/images/drawing-00.png").toString()).code()).isZero();
    }
  }
}
