package dev.ocelli.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.UserError;
import dev.ocelli.cli.bench.Comparison.Figure;
import dev.ocelli.testing.TinyTraining;
import dev.ocelli.train.DecodingWeights;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The rows of {@code ocelli bench}, with a tiny run and a Python that only says figures. */
@DisabledOnOs(OS.WINDOWS) // the Python is a shell script
class BenchRowsTest {
  /** Says figures, and writes down what it was asked. */
  private static final String PYTHON =
      """
      #!/bin/sh
      echo "$@" >> "$(dirname "$0")/asked"
      env > "$(dirname "$0")/environment"
      case $* in
        *llama.py*) echo '{"tokens_per_s": 100, "layout": "repacked", "version": "1"}' ;;
        *decode*) echo '{"first_ms": 5, "tokens_per_s": 10, "precision": "fp32"}' ;;
        *folder*) echo '{"photos_per_s": 2, "batch": 16, "precision": "fp32"}' ;;
        *versions*) echo '{"python": "3", "torch": "2", "llama-cpp-python": null, "precision": "bf16"}' ;;
        *) echo "no such thing" >&2; exit 3 ;;
      esac
      """;

  @TempDir static Path root;

  private static Path run;
  private static Peer peer;

  @BeforeAll
  static void train() throws IOException {
    run = TinyTraining.train(root, "run");
    Path python = Files.writeString(root.resolve("python"), PYTHON);
    assertThat(python.toFile().setExecutable(true)).isTrue();
    peer = new Peer(python, Files.createFile(root.resolve("peer.py")), root.resolve("work"));
  }

  private static Table table(int repeats) {
    return new Table(repeats, new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));
  }

  private static JsonNode json(String text) throws IOException {
    return new ObjectMapper().readTree(text);
  }

  @Test
  void ratiosAreThoseOfEachTurn() {
    Table table = table(3);
    Comparison rate = table.row("work", "other", "pairs/s", false, 3);
    Comparison time = table.row("time", "other", "ms", true, Double.NaN);
    for (double turn : new double[] {1, 2, 4}) {
      rate.add(new Figure(6 * turn, "int8"), new Figure(2, "fp32"));
      time.add(new Figure(6 * turn, "bf16"), new Figure(12, turn == 1 ? "bf16" : "fp32"));
    }
    assertThat(rate.ratio()).isEqualTo(new Spread(6, 3, 12));
    assertThat(time.ratio()).isEqualTo(new Spread(1, 0.5, 2));
    table.note("Said below.");
    assertThat(table.text("Machine: mine."))
        .contains("median of 3 turns", "\n\nMachine: mine.\n\n", "\n\nSaid below.\n")
        .contains("| work | pairs/s | 12.0 (6.00–24.0) | 2.00 (2.00–2.00) | other | 6.00 (3.00–12.0) | 3.0 | int8, fp32 |\n")
        .contains("| other | 1.00 (0.50–2.00) |  | bf16, bf16 or fp32 |\n");
    // One that stopped.
    Table more = table(4);
    more.row("work", "other", "pairs/s", false, 3).add(new Figure(6, "int8"), new Figure(2, "fp32"));
    more.row("not begun", "other", "ms", true, 3);
    assertThat(more.text("")).contains("| work (1 of 4 turns) | pairs/s |").doesNotContain("not begun");
  }

  @Test
  void theMachineIsToldWithBothSidesVersionsAndTypes() {
    assertThat(Machine.text("fp32", peer.versions()))
        .matches("Machine: .+, \\d+ cores.*\\. Ocelli: Java .+, libtorch \\d.*, in fp32, .*: python 3, torch 2, in bf16, the faster for it\\.");
  }

  /** The other side runs as its own users run it, not with the waiting threads and the memory that ./ocelli and the tests set. */
  @Test
  void theOtherSideHasNothingOfTheLauncher() throws IOException {
    assertThat(System.getenv()).containsKeys("OMP_WAIT_POLICY", "GOMP_SPINCOUNT");
    peer.versions();
    assertThat(Files.readAllLines(root.resolve("environment")))
        .contains("HF_HUB_OFFLINE=1")
        .noneMatch(line -> line.startsWith("OMP_WAIT_POLICY=") || line.startsWith("GOMP_SPINCOUNT="));
    assertThat(Files.readAllLines(Path.of("..", "ocelli")))
        .filteredOn(line -> line.matches("export (G?OMP|MALLOC|GLIBC)_.*"))
        .extracting(line -> line.replaceAll("export (\\w+)=.*", "$1"))
        .containsExactlyInAnyOrderElementsOf(Child.LAUNCHER);
  }

  @Test
  void whatPythonSaidLastIsShownWhereItFails() {
    assertThatThrownBy(() -> peer.run("nothing")).isInstanceOf(UserError.class).hasMessageContaining("code 3").hasMessageContaining("no such thing");
    Peer nowhere = new Peer(peer.python(), root.resolve("gone.py"), peer.work());
    assertThatThrownBy(nowhere::versions).isInstanceOf(UserError.class).hasMessageContaining("gone.py");
    assertThatThrownBy(() -> DecodingSpeed.of(root.resolve("gone"), DecodingWeights.INT8, 3, root.resolve("work")))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("ocelli bench --decode ")
        .hasMessageContaining("is no run folder");
  }

  @Test
  void aPhotoIsDescribedInEachFormOfWeights() throws IOException {
    for (DecodingWeights weights : List.of(DecodingWeights.BF16, DecodingWeights.INT8)) {
      JsonNode figures = json(DecodingSpeed.measure(run, weights, 3, TinyTraining.pull(root)));
      assertThat(figures.get("first_ms").asDouble()).isPositive();
      assertThat(figures.get("tokens_per_s").asDouble()).isPositive();
      // The tiny run's recipe says fp32.
      assertThat(figures.get("precision").asText()).isEqualTo(weights == DecodingWeights.BF16 ? "fp32" : "int8");
    }
  }

  @Test
  void aFolderIsDescribedAndNothingIsLeftBehind() throws IOException {
    Path photos = BenchData.photos(root.resolve("photos"), 3);
    JsonNode figures = json(FolderSpeed.measure(run, photos, 3, TinyTraining.pull(root)));
    assertThat(figures.get("photos_per_s").asDouble()).isPositive();
    assertThat(photos).isDirectoryNotContaining(file -> !file.toString().endsWith(".jpg"));
    Files.writeString(photos.resolve("broken.jpg"), "no picture");
    assertThatThrownBy(() -> FolderSpeed.measure(run, photos, 3, TinyTraining.pull(root)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("broken.jpg");
  }

  @Test
  void bothSidesAnswerInTurnsAndLlamaWhereItIs() throws IOException {
    Table table = table(1);
    AnsweringRows rows = new AnsweringRows(table, run, peer, 3, root.resolve("work"));
    rows.decoding(root.resolve("model.gguf"));
    assertThat(table.text("").lines().filter(line -> line.startsWith("| one caption")))
        .hasSize(5)
        .anyMatch(line -> line.matches(".*first token \\| ms \\| .* Python peer .*\\| 2\\.0 \\| fp32, fp32 \\|"))
        .anyMatch(line -> line.matches(".*int8 weights \\| tokens/s .* Python peer .*\\| 3\\.0 \\| int8, fp32 \\|"))
        .anyMatch(line -> line.matches(".*int4 weights .* llama\\.cpp, same GGUF .*\\| 1\\.2 \\| int4, Q4_1, repacked \\|"));
    assertThat(Files.readString(root.resolve("asked"))).contains("peer.py decode --tokens 3\n").contains("llama.py " + root.resolve("model.gguf") + " --tokens 3\n");
  }

  @Test
  void afterTheFirstTurnAFolderGoesInBatchesOfTheBestSize() throws IOException {
    Table table = table(2);
    new AnsweringRows(table, run, peer, 3, root.resolve("work")).folder(2);
    assertThat(table.text("")).contains("| a folder of 2 photos, 3 tokens each | photos/s |").contains("in batches of 16");
    assertThat(Files.readString(root.resolve("asked"))).contains("--tokens 3 --batches 8 16 32\n").contains("--tokens 3 --batches 16\n");
  }
}
