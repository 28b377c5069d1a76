package dev.ocelli.generate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.WholeLines;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.csv.CSVFormat;

/**
 * A CSV file of captions ({@code image,caption}) that takes hours to make. Until it is whole its lines stand in {@code NAME.partial}
 * beside it, from which work goes on after a stop of any kind; a line cut short by one counts for nothing.
 */
public final class CaptionTable implements AutoCloseable {
  private static final CSVFormat CSV = CSVFormat.RFC4180.builder().setRecordSeparator("\n").get();
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path target;
  private final Path partial;
  private final FileChannel channel;
  private final Map<String, String> captions = new LinkedHashMap<>();
  private final Map<String, String> problems = new LinkedHashMap<>();

  /**
   * Opens the table, with what an earlier call has left.
   *
   * @param settings all that captions follow from; lines made with others are refused
   * @throws UserError where the settings are others, or another process writes the same table
   */
  public static CaptionTable open(Path target, Map<String, String> settings) {
    Path partial = target.resolveSibling(target.getFileName() + ".partial");
    FileChannel channel = null;
    try {
      Files.createDirectories(target.toAbsolutePath().getParent());
      channel = FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      if (!locked(channel)) {
        throw UserError.of("%s is being written by another ocelli caption. Wait for it, or choose another --out.", target);
      }
      CaptionTable table = new CaptionTable(target, partial, channel);
      table.resume(settings);
      return table;
    } catch (IOException | UserError e) {
      close(channel);
      throw e instanceof UserError told ? told : new UserError("Can't write " + partial + ": " + AtomicFile.reason((IOException) e) + ".", e);
    }
  }

  private CaptionTable(Path target, Path partial, FileChannel channel) {
    this.target = target;
    this.partial = partial;
    this.channel = channel;
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  private void resume(Map<String, String> settings) throws IOException {
    String text = WholeLines.read(partial);
    int whole = text.getBytes(StandardCharsets.UTF_8).length;
    channel.truncate(whole).position(whole);
    List<String> lines = text.lines().toList();
    if (lines.isEmpty()) {
      append(settings);
      return;
    }
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      JsonNode begun = line(lines.get(0));
      String before = begun.path(setting.getKey()).asText();
      // What is missing wasn't noted when the table was begun.
      if (begun.has(setting.getKey()) && !before.equals(setting.getValue())) {
        throw UserError.of(
            "%s was begun with another %s (%s, now %s). Go on with that one, or delete the file to begin anew.",
            partial, setting.getKey(), before, setting.getValue());
      }
    }
    for (String line : lines.subList(1, lines.size())) {
      JsonNode row = line(line);
      (row.has("text") ? captions : problems).put(row.path("image").asText(), row.path(row.has("text") ? "text" : "problem").asText());
    }
    // What could not be read may have been mended since.
    problems.clear();
  }

  private JsonNode line(String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new UserError(partial + " is damaged: a line is no JSON. Delete it to begin anew.", e);
    }
  }

  /** Whether the photo has its caption. */
  public boolean has(String image) {
    return captions.containsKey(image);
  }

  /** How many photos have a caption. */
  public int size() {
    return captions.size();
  }

  /** Photos that can't be read, and why. */
  public Map<String, String> problems() {
    return problems;
  }

  public void caption(String image, String text) {
    captions.put(image, text);
    append(Map.of("image", image, "text", text));
  }

  public void problem(String image, String reason) {
    problems.put(image, reason);
    append(Map.of("image", image, "problem", reason));
  }

  private void append(Map<String, String> row) {
    try {
      ByteBuffer line = ByteBuffer.wrap((JSON.writeValueAsString(row) + "\n").getBytes(StandardCharsets.UTF_8));
      while (line.hasRemaining()) {
        channel.write(line);
      }
    } catch (IOException e) {
      throw new UserError("Can't write " + partial + ": " + AtomicFile.reason(e) + ". Free some disk space; the same command then goes on.", e);
    }
  }

  /** Writes the finished table, its rows as {@code images} are, and removes what was partial. */
  public void finish(List<String> images) {
    List<String> rows = new ArrayList<>(List.of("image,caption"));
    images.stream().filter(captions::containsKey).forEach(image -> rows.add(CSV.format(image, captions.get(image))));
    AtomicFile.write(target, String.join("\n", rows) + "\n");
    close(); // Windows deletes no open file
    try {
      Files.delete(partial);
    } catch (IOException e) {
      throw new UserError("Can't delete " + partial + ": " + AtomicFile.reason(e) + ". " + target + " is whole: delete the other.", e);
    }
  }

  @Override
  public void close() {
    close(channel);
  }

  private static void close(FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      throw new UserError("Can't close the table of captions: " + AtomicFile.reason(e) + ".", e);
    }
  }
}
