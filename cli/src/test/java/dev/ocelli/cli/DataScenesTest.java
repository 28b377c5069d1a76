package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataScenesTest {
  @TempDir Path root;

  private Call scenes(String folder, String... more) {
    String[] start = {"data", "scenes", "--out", root.resolve(folder).toString()};
    return Call.of(root, Stream.concat(Stream.of(start), Stream.of(more)).toArray(String[]::new));
  }

  @Test
  void saysWhatThereIs() throws IOException {
    Call call = scenes("a", "--count", "20", "--questions", "--json");
    assertThat(call.code()).as(call.err()).isZero();
    JsonNode row = new ObjectMapper().readTree(call.out());
    assertThat(row.path("train").asInt()).isEqualTo(16);
    assertThat(row.path("captions").asInt()).isEqualTo(100);
    assertThat(row.path("questions").asLong()).isEqualTo(Files.readAllLines(root.resolve("a/questions.csv")).size() - 1);
    assertThat(scenes("a", "--count", "20", "--questions").out())
        .contains("20 scenes (16 train, 2 test, 2 unseen), 100 captions")
        .contains("0 drawn now");
  }

  @Test
  void refusesOtherData() throws IOException {
    Files.createDirectories(root.resolve("photos"));
    Files.writeString(root.resolve("photos/dog.jpg"), "");
    Call call = scenes("photos", "--count", "2", "--overwrite");
    assertThat(call.code()).isEqualTo(1);
    assertThat(call.err()).startsWith("ocelli: ").contains("photos holds other files").hasLineCount(1);
    assertThat(scenes("b", "--count", "0").code()).isEqualTo(1);
  }

  @Test
  void goesOnAfterAKill() throws IOException, InterruptedException {
    assertThat(scenes("whole", "--count", "150", "--questions").code()).isZero();
    Path folder = root.resolve("killed");
    String java = System.getProperty("java.home") + "/bin/java";
    String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> command = new ArrayList<>(List.of(java, "-cp", classes, Ocelli.class.getName(), "data", "scenes"));
    command.addAll(List.of("--out", folder.toString(), "--count", "150", "--questions"));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(root.resolve("log").toFile()).start();
    while (process.isAlive() && pictures(folder) < 10) {
      Thread.sleep(2);
    }
    process.destroyForcibly();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(pictures(folder)).as(Files.readString(root.resolve("log"))).isBetween(10, 149);
    assertThat(folder.resolve("captions.csv")).doesNotExist();
    assertThat(scenes("killed", "--count", "150", "--questions").code()).isZero();
    assertThat(contents(folder)).isEqualTo(contents(root.resolve("whole")));
  }

  private static int pictures(Path folder) throws IOException {
    if (!Files.isDirectory(folder.resolve("images"))) {
      return 0;
    }
    try (Stream<Path> files = Files.list(folder.resolve("images"))) {
      return (int) files.filter(file -> file.toString().endsWith(".jpg")).count();
    }
  }

  /** All but what the kill may have left half written, which is hidden. */
  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(f -> Files.isRegularFile(f) && !f.getFileName().toString().startsWith(".")).toList()) {
        contents.put(folder.relativize(file).toString(), Sha256.of(file));
      }
    }
    return contents;
  }
}
