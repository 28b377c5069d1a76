package dev.ocelli.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.WholeLines;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A run's diary: one JSON object a line, each written at once, so that a killed run keeps all but its last line. */
final class Metrics implements AutoCloseable {
  private final Path file;
  private Writer writer;
  private final ObjectMapper json = new ObjectMapper();

  Metrics(Path file) {
    this.file = file;
    open();
  }

  private void open() {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UserError("Can't write " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /** Forgets what a killed call wrote of a stage behind its last checkpoint, and a line that it could not finish. */
  void rewind(String stage, long step) {
    close();
    try {
      List<String> kept = new ArrayList<>();
      WholeLines.read(file).lines().filter(line -> isBefore(line, stage, step)).forEach(line -> kept.add(line + "\n"));
      AtomicFile.write(file, String.join("", kept));
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
    open();
  }

  private boolean isBefore(String line, String stage, long step) {
    try {
      JsonNode row = json.readTree(line);
      return !row.path("stage").asText().equals(stage) || row.path("step").asLong() <= step;
    } catch (JsonProcessingException unfinished) {
      return false;
    }
  }

  void add(Map<String, Object> row) {
    try {
      writer.write(json.writeValueAsString(row));
      writer.write('\n');
      writer.flush();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UserError("Can't write " + file + ": " + AtomicFile.reason(e) + ". Free some disk space.", e);
    }
  }

  @Override
  public void close() {
    try {
      writer.close();
    } catch (IOException e) {
      throw new UserError("Can't write " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
