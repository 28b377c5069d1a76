package dev.ocelli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Wherever a file was cut, its whole lines are read. */
class WholeLinesTest {
  @TempDir Path folder;

  @Test
  void aLineCutAnywhereIsLeftOut() throws IOException {
    String first = "{\"text\":\"ein Hündchen 犬\"}\n";
    byte[] both = (first + "{\"text\":\"zwei Kätzchen 猫\"}\n").getBytes(StandardCharsets.UTF_8);
    int whole = first.getBytes(StandardCharsets.UTF_8).length;
    Path file = folder.resolve("lines");
    for (int length = 0; length <= both.length; length++) {
      Files.write(file, Arrays.copyOf(both, length));
      String expected = length < whole ? "" : length < both.length ? first : new String(both, StandardCharsets.UTF_8);
      assertThat(WholeLines.read(file)).isEqualTo(expected);
    }
  }
}
