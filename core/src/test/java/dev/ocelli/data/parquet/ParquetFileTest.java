package dev.ocelli.data.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One table as pyarrow wrote it in every codec, encoding and page version, against what pyarrow reads. */
final class ParquetFileTest {
  private static final Path FOLDER = Path.of("src/test/resources/sources/parquet");

  @TempDir Path dir;

  static Stream<Path> files() throws IOException {
    return Files.list(FOLDER).filter(file -> file.toString().endsWith(".parquet")).sorted();
  }

  private static ParquetFile.Column column(ParquetFile table, String path) {
    return table.columns().stream().filter(c -> String.join(".", c.path()).equals(path)).findFirst().orElseThrow();
  }

  private static List<ParquetFile.Column> columns(ParquetFile table) {
    return Stream.of("caption", "captions.list.element", "image.bytes", "image.path").map(path -> column(table, path)).toList();
  }

  private static List<String> texts(List<byte[]> values) {
    return values.stream().map(value -> new String(value, StandardCharsets.UTF_8)).toList();
  }

  private static List<String> one(JsonNode value) {
    return value.isNull() ? List.of() : List.of(value.asText());
  }

  @ParameterizedTest
  @MethodSource("files")
  void readsWhatPyarrowReads(Path file) throws IOException {
    JsonNode expected = new ObjectMapper().readTree(FOLDER.resolve("expected.json").toFile());
    ParquetFile table = ParquetFile.open(file);
    assertThat(table.rows()).isEqualTo(60);
    List<Long> rows = new ArrayList<>();
    table.rows(
        columns(table),
        (row, values) -> {
          JsonNode wanted = expected.get(row.intValue());
          List<String> captions = new ArrayList<>();
          wanted.get(1).forEach(caption -> captions.add(caption.asText()));
          assertThat(texts(values.get(0))).as("row %d", row).isEqualTo(one(wanted.get(0)));
          assertThat(texts(values.get(1))).as("row %d", row).isEqualTo(captions);
          assertThat(values.get(2).stream().map(Sha256::of).toList()).as("row %d", row).isEqualTo(one(wanted.get(2)));
          assertThat(texts(values.get(3))).as("row %d", row).isEqualTo(one(wanted.get(3)));
          rows.add(row);
        });
    assertThat(rows).hasSize(60);
    ParquetFile.Column bytes = column(table, "image.bytes");
    for (int row : new Random(3).ints(200, 0, 60).toArray()) {
      byte[] value = table.value(bytes, row);
      assertThat(value == null ? null : Sha256.of(value)).isEqualTo(expected.get(row).get(2).isNull() ? null : expected.get(row).get(2).asText());
    }
  }

  @Test
  void knowsTextFromBytes() {
    ParquetFile table = ParquetFile.open(FOLDER.resolve("zstd-plain-2.parquet"));
    assertThat(table.columns()).as("numbers are none of ours").hasSize(4);
    assertThat(column(table, "image.bytes").text()).isFalse();
    assertThat(column(table, "image.path").text()).isTrue();
    assertThat(column(table, "captions.list.element").maxRepetition()).isEqualTo(1);
  }

  @ParameterizedTest
  @MethodSource("files")
  void damageIsSaidAndNothingElseHappens(Path file) throws IOException {
    byte[] whole = Files.readAllBytes(file);
    Random random = new Random(9);
    Path broken = dir.resolve("broken.parquet");
    int refused = 0;
    for (int i = 0; i < 150; i++) {
      byte[] bytes = i % 5 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
      for (int flips = i % 5 == 0 ? 0 : 1 + i % 4; flips > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      Files.write(broken, bytes);
      try {
        ParquetFile table = ParquetFile.open(broken);
        table.rows(table.columns(), (row, values) -> {});
      } catch (UserError e) {
        assertThat(e.getMessage()).contains("broken.parquet");
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(50);
  }
}
