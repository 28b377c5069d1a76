package dev.ocelli.download;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What a download writes:
 *
 * <pre>
 *   download.json    which table, drawn how; how far it is
 *   download.jsonl   how each row ended
 *   failed.csv       rows without a picture, and why
 *   captions.csv     image,caption,address
 *   images/          00000/000000012.jpg, by row
 *   00000.tar ...    instead of captions.csv and images/, where tars are wanted
 * </pre>
 */
record DownloadFolder(Path path) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** How far a download is. */
  enum State {
    FETCHING,
    /** All is fetched; duplicates go, tars are written. */
    ENDING,
    FINISHED
  }

  Path journal() {
    return path.resolve("download.jsonl");
  }

  Path failed() {
    return path.resolve("failed.csv");
  }

  Path captions() {
    return path.resolve("captions.csv");
  }

  Path images() {
    return path.resolve("images");
  }

  Path picture(int row) {
    return images().resolve(Entry.image(row));
  }

  private Path about() {
    return path.resolve("download.json");
  }

  /** Refuses a folder that holds anything else, before anything is written there. */
  void refuseOthers() {
    if (Files.exists(about()) || !Files.exists(path)) {
      return;
    }
    try (Stream<Path> files = Files.list(path)) {
      if (files.anyMatch(file -> !file.getFileName().toString().startsWith("."))) {
        throw UserError.of("%s holds other files. Choose a new folder (--out).", path);
      }
    } catch (IOException e) {
      throw new UserError("Can't read " + path + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /** How far the download of these rows is; refuses a folder of other rows. */
  State begin(AddressTable table, DownloadSettings settings) {
    refuseOthers();
    ObjectNode asked = describe(table, settings);
    if (!Files.exists(about())) {
      write(asked, State.FETCHING);
      return State.FETCHING;
    }
    JsonNode known;
    try {
      known = JSON.readTree(about().toFile());
      for (String key : new String[] {"table_sha256", "limit", "seed", "side", "format"}) {
        if (!asked.get(key).asText().equals(known.path(key).asText())) {
          throw UserError.of(
              "%s holds a download with another %s (%s, now %s). Go on as it began, or choose another --out.",
              path, key.equals("table_sha256") ? "table" : "--" + key, known.path(key).asText(), asked.get(key).asText());
        }
      }
      return State.valueOf(known.path("state").asText("").toUpperCase(java.util.Locale.ROOT));
    } catch (IOException | IllegalArgumentException e) {
      throw new UserError("Can't read " + about() + ": " + e.getMessage() + ". Choose another --out.", e);
    }
  }

  void note(AddressTable table, DownloadSettings settings, State state) {
    write(describe(table, settings), state);
  }

  private static ObjectNode describe(AddressTable table, DownloadSettings settings) {
    return JSON.createObjectNode()
        .put("table", table.file().toString())
        .put("table_sha256", table.sha256())
        .put("rows", table.rows())
        .put("limit", table.chosen())
        .put("seed", settings.seed())
        .put("side", settings.side())
        .put("format", settings.tars() ? "tars" : "folder");
  }

  private void write(ObjectNode about, State state) {
    about.put("state", state.name().toLowerCase(java.util.Locale.ROOT));
    try {
      AtomicFile.write(about(), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(about) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
