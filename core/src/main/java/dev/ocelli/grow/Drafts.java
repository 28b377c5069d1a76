package dev.ocelli.grow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.WholeLines;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the models have written so far, a line each, so that a stop or a kill costs a batch at most. */
final class Drafts implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, String> texts = new HashMap<>();
  private final OutputStream out;
  private final Path file;

  /** @param key of the models and settings; drafts of others are refused, as they may be of hours */
  Drafts(Path file, String key) {
    this.file = file;
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      long whole = Files.exists(file) ? read(key) : 0;
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        channel.truncate(whole);
      }
      out = Files.newOutputStream(file, StandardOpenOption.APPEND);
      if (whole == 0) {
        out.write((JSON.createObjectNode().put("key", key) + "\n").getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Takes in whole lines, and returns how many bytes they have. */
  private long read(String key) throws IOException {
    String text = WholeLines.read(file);
    int at = 0;
    for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      JsonNode line = JSON.readTree(text.substring(at, end));
      if (at == 0 && !line.path("key").asText().equals(key)) {
        if (text.indexOf('\n', end + 1) < 0) {
          return 0; // nothing was written yet
        }
        throw UserError.of(
            "%s holds drafts that were begun with other settings, another run or other photos. Go on with those, or delete the file to begin anew.", file);
      }
      if (at > 0) {
        texts.put(line.path("of").asText(), line.path("text").asText());
      }
      at = end + 1;
    }
    return text.substring(0, at).getBytes(StandardCharsets.UTF_8).length;
  }

  /** What was written of something, or null. */
  String get(String of) {
    return texts.get(of);
  }

  void add(List<String> of, List<String> written) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < of.size(); i++) {
      texts.put(of.get(i), written.get(i));
      lines.append(JSON.createObjectNode().put("of", of.get(i)).put("text", written.get(i))).append('\n');
    }
    try {
      out.write(lines.toString().getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private UserError failed(IOException e) {
    return new UserError("Can't read or write " + file + ": " + AtomicFile.reason(e) + ".", e);
  }
}
