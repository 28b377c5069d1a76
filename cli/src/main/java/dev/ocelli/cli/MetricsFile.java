package dev.ocelli.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.WholeLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A run's diary, metrics.jsonl. */
final class MetricsFile {
  private MetricsFile() {}

  /** The rows of one stage, steps and evaluations; none where there is no such file. */
  static List<JsonNode> rows(Path metrics, String stage) {
    List<JsonNode> rows = new ArrayList<>();
    ObjectMapper json = new ObjectMapper();
    try {
      for (String line : Files.exists(metrics) ? WholeLines.read(metrics).lines().toList() : List.<String>of()) {
        JsonNode row = json.readTree(line);
        if (row.path("stage").asText().equals(stage)) {
          rows.add(row);
        }
      }
    } catch (IOException e) {
      throw new UserError("Can't read " + metrics + ": " + AtomicFile.reason(e) + ".", e);
    }
    return rows;
  }
}
