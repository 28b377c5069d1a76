package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
  @TempDir Path folder;

  @Test
  void goesOnBehindALineThatWasCutWithinALetter() throws IOException {
    Path file = folder.resolve("metrics.jsonl");
    try (Metrics metrics = new Metrics(file)) {
      metrics.add(Map.of("stage", "vlm", "step", 1));
      metrics.add(Map.of("stage", "vlm", "step", 2));
    }
    byte[] cut = "{\"stage\":\"vlm\",\"step\":3,\"said\":\"犬".getBytes(StandardCharsets.UTF_8);
    Files.write(file, Arrays.copyOf(cut, cut.length - 1), StandardOpenOption.APPEND);
    try (Metrics metrics = new Metrics(file)) {
      metrics.rewind("vlm", 1);
      metrics.add(Map.of("stage", "vlm", "step", 2));
    }
    assertThat(Files.readAllLines(file)).hasSize(2).anyMatch(line -> line.contains("\"step\":1")).anyMatch(line -> line.contains("\"step\":2"));
  }
}
