package dev.ocelli.data.scenes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Part;
import dev.ocelli.data.SplitSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SceneFolderTest {
  @TempDir Path root;

  private Path dir;

  @BeforeEach
  void name() {
    dir = root.resolve("scenes");
  }

  private static SceneFolder.Result write(Path folder, int count, long seed, boolean questions, boolean overwrite, int threads) {
    return SceneFolder.write(folder, new SceneFolder.Settings(count, seed, questions), overwrite, threads, Progress.NONE);
  }

  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new HashMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(folder.relativize(file).toString(), dev.ocelli.Sha256.of(file));
      }
    }
    return contents;
  }

  @Test
  void whatCaptionsNameIsReadBack() {
    write(dir, 30, 7, false, false, 2);
    Map<String, List<NamedObjects.Named>> objects = NamedObjects.read(dir);
    Composer composer = new Composer(7);
    assertThat(objects).hasSize(30);
    for (int i = 0; i < 30; i++) {
      Scene scene = composer.compose(i);
      List<NamedObjects.Named> named = objects.get(scene.image());
      assertThat(named).hasSameSizeAs(scene.groups());
      for (int g = 0; g < named.size(); g++) {
        assertThat(named.get(g).boxes()).isEqualTo(scene.groups().get(g).items().stream().map(Group.Item::box).toList());
        String noun = named.get(g).noun();
        assertThat(SceneCaptions.of(scene)).allMatch(caption -> caption.matches("(?i).*\\b" + noun + "\\b.*"));
      }
    }
  }

  @Test
  void whatIsNoSceneIsNamed() throws IOException {
    assertThatThrownBy(() -> NamedObjects.read(root)).isInstanceOf(UserError.class).hasMessageContaining("scenes.jsonl").hasMessageContaining("ocelli data scenes");
    write(dir, 3, 7, false, false, 1);
    Path file = dir.resolve("scenes.jsonl");
    Files.writeString(file, Files.readString(file) + "{\"image\": \"x.jpg\", \"groups\": [{\"object\": \"dragon\"}]}\n");
    assertThatThrownBy(() -> NamedObjects.read(dir)).isInstanceOf(UserError.class).hasMessageContaining("line 4");
  }

  @Test
  void isADataFolderToTrainOn() throws IOException {
    SceneFolder.Result result = write(dir, 40, 7, true, false, 2);
    assertThat(result.drawn()).isEqualTo(40);
    assertThat(result.rows().captions()).isEqualTo(200);
    CaptionFolder folder = CaptionFolder.read(dir, new SplitSettings(0.1, 0.1, 1));
    assertThat(folder.warnings()).isEmpty();
    assertThat(folder.photos()).hasSize(40).allMatch(photo -> photo.captions().size() == 5);
    assertThat(folder.photos(Part.TEST)).hasSize(4).allMatch(photo -> photo.image().endsWith("8.jpg"));
    assertThat(folder.photos(Part.UNSEEN)).hasSize(4).allMatch(photo -> photo.image().endsWith("9.jpg"));
    assertThat(folder.photos(Part.VALIDATION)).hasSize(3);
    List<String> questions = Files.readAllLines(dir.resolve("questions.csv"));
    assertThat(questions.get(0)).isEqualTo("image,question,answer,kind,split");
    assertThat(questions).hasSize((int) result.rows().questions() + 1);
    assertThat(questions.get(1)).startsWith("scene-000000.jpg,").endsWith(",train");
    List<String> lines = Files.readAllLines(dir.resolve("scenes.jsonl"));
    assertThat(lines).hasSize(40);
    JsonNode last = new ObjectMapper().readTree(lines.get(39));
    assertThat(last.path("image").asText()).isEqualTo("scene-000039.jpg");
    assertThat(last.path("split").asText()).isEqualTo("unseen");
    assertThat(last.path("held_out")).isNotEmpty();
    assertThat(last.path("groups").get(0).path("boxes").get(0)).hasSize(4);
    assertThat(last.path("groups").get(0).path("boxes")).hasSize(last.path("groups").get(0).path("count").asInt());
  }

  @Test
  void goesOnWhereItWasStopped() throws IOException {
    write(dir, 30, 7, true, false, 3);
    Path other = root.resolve("stopped");
    write(other, 30, 7, true, false, 1);
    assertThat(contents(other)).isEqualTo(contents(dir));
    // As a kill and a power cut may leave it: a picture missing, one without its end, one empty, no tables.
    Path images = other.resolve("images");
    Files.delete(images.resolve("scene-000003.jpg"));
    Path cut = images.resolve("scene-000004.jpg");
    Files.write(cut, Arrays.copyOf(Files.readAllBytes(cut), 900));
    Files.write(images.resolve("scene-000005.jpg"), new byte[0]);
    Files.delete(other.resolve("captions.csv"));
    Files.writeString(other.resolve("scenes.json"), Files.readString(other.resolve("scenes.json")).replace("true\n}", "false\n}"));
    assertThat(write(other, 30, 7, true, false, 2).drawn()).isEqualTo(3);
    assertThat(contents(other)).isEqualTo(contents(dir));
  }

  @Test
  void moreScenesAddToWhatThereIs() throws IOException {
    write(dir, 12, 7, false, false, 1);
    assertThat(dir.resolve("questions.csv")).doesNotExist();
    assertThat(write(dir, 20, 7, true, false, 1).drawn()).isEqualTo(8);
    Path whole = root.resolve("whole");
    write(whole, 20, 7, true, false, 1);
    assertThat(contents(dir)).isEqualTo(contents(whole));
  }

  @Test
  void aFinishedFolderIsLeftAlone() throws IOException {
    write(dir, 12, 7, false, false, 1);
    String mine = Files.readString(dir.resolve("captions.csv")).replace("A ", "My ");
    Files.writeString(dir.resolve("captions.csv"), mine);
    assertThat(write(dir, 12, 7, false, false, 1).drawn()).isZero();
    assertThat(dir.resolve("captions.csv")).hasContent(mine);
  }

  @Test
  void neverOverwritesUnasked() throws IOException {
    write(dir, 12, 7, true, false, 1);
    Map<String, String> before = contents(dir);
    refused(() -> write(dir, 12, 8, true, false, 1), dir.toString(), "12 scenes of seed 7", "--overwrite");
    refused(() -> write(dir, 10, 7, true, false, 1), "12 scenes", "more than asked for", "--overwrite");
    assertThat(contents(dir)).isEqualTo(before);
    Files.writeString(dir.resolve("images/mine.jpg"), "mine");
    assertThat(write(dir, 10, 8, false, true, 1).drawn()).isEqualTo(10);
    assertThat(dir.resolve("images/mine.jpg")).exists();
    assertThat(dir.resolve("images/scene-000011.jpg")).doesNotExist();
    assertThat(dir.resolve("questions.csv")).doesNotExist();
    Path photos = Files.createDirectories(root.resolve("photos"));
    Files.writeString(photos.resolve("captions.csv"), "image,caption\n");
    for (boolean overwrite : new boolean[] {false, true}) {
      refused(() -> write(photos, 5, 7, false, overwrite, 1), "photos holds other files");
    }
    refused(() -> write(photos.resolve("captions.csv"), 5, 7, false, false, 1), "is a file");
    assertThat(contents(photos)).hasSize(1);
    refused(() -> new SceneFolder.Settings(0, 7, false), "0 scenes");
  }

  private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String... parts) {
    assertThatThrownBy(call).isInstanceOf(UserError.class).hasMessageContainingAll(parts);
  }
}
