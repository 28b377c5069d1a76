package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.testing.Drawings;
import dev.ocelli.testing.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training, checking and importing data that isn't a folder with captions.csv. */
final class DataFormatsTest {
  private static final Path SOURCES = Path.of("../core/src/test/resources/sources").toAbsolutePath().normalize();

  @TempDir Path root;

  @ParameterizedTest
  @ValueSource(strings = {"webdataset", "datasets", "img2dataset-parquet", "coco", "text-files", "flickr8k"})
  void trainsAndMeasuresOnItDirectly(String name) throws IOException {
    TinyModels.write(root.resolve("models"));
    Path data = SOURCES.resolve(name);
    List<String> arguments = new ArrayList<>(List.of("train", "qformer", "--features", root.resolve("features").toString()));
    arguments.addAll(List.of("--data", data.toString(), "--out", root.resolve("run").toString()));
    for (String which : List.of("vision", "text", "language")) {
      arguments.addAll(List.of("--set", "models." + which + "=" + root.resolve("models").resolve(which)));
    }
    for (String figure :
        List.of("precision=fp32", "features.layers=1", "qformer.queries=4", "stage1.passes=1", "stage1.batch=2", "data.validation=0.2")) {
      arguments.addAll(List.of("--set", figure));
    }
    Call call = Call.of(root, arguments.toArray(String[]::new));
    assertThat(call.code()).as(call.err()).isZero();
    assertThat(Files.readAllLines(root.resolve("run/split.csv"))).hasSizeGreaterThan(7).anyMatch(line -> line.endsWith(",test"));
    Call eval =
        Call.of(
            root, "eval", "retrieval", "--run", root.resolve("run").toString(), "--data", data.toString(), "--features",
            root.resolve("features").toString(), "--split", "all", "--html", root.resolve("page.html").toString(), "--json");
    assertThat(eval.code()).as(eval.err()).isZero();
    assertThat(new ObjectMapper().readTree(eval.out()).path("images").asInt()).isGreaterThan(6);
  }

  @Test
  void checksAndImports() throws IOException {
    Path data = Drawings.write(root.resolve("data"), 12);
    Path html = root.resolve("check.html");
    Call call = Call.of(root, "data", "check", data.toString(), "--json", "--html", html.toString());
    assertThat(call.code()).as(call.err()).isZero();
    JsonNode report = new ObjectMapper().readTree(call.out());
    assertThat(report.path("verdict").asText()).isEqualTo("look");
    assertThat(report.path("pictures").path("photos").asInt()).isEqualTo(12);
    assertThat(html).content().contains("drawing-00.png", "A red circle.", "data:image/jpeg;base64,");

    Files.copy(data.resolve("images/drawing-00.png"), data.resolve("images/copy.png"));
    String rows = Files.readString(data.resolve("captions.csv"));
    Files.writeString(
        data.resolve("captions.csv"),
        rows.lines().map(row -> row.startsWith("image") ? row + ",split" : row + ",train").reduce("", (a, b) -> a + b + "\n") + "copy.png,x,test\n");
    Call leak = Call.of(root, "data", "check", data.toString());
    assertThat(leak.code()).isEqualTo(1);
    assertThat(leak.out()).contains("across the split, equal: copy.png, drawing-00.png", "verdict: mend");

    Path out = root.resolve("plain");
    Call imported = Call.of(root, "data", "import", SOURCES.resolve("datasets").toString(), "--out", out.toString());
    assertThat(imported.code()).as(imported.err()).isZero();
    assertThat(imported.out()).contains("8 photos of Parquet, 3 files (8 written now, 0 left out), 16 captions");
    assertThat(Call.of(root, "data", "import", SOURCES.resolve("coco").toString(), "--out", out.toString()).err()).contains("holds an import of");
    assertThat(Call.of(root, "data", "import", SOURCES.resolve("coco").toString(), "--out", data.toString()).err()).contains("holds other files");
    assertThat(Call.of(root, "data", "check", root.resolve("gone").toString()).code()).isEqualTo(1);
  }
}
