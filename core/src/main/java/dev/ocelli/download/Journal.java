package dev.ocelli.download;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.image.PictureHash;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * {@code download.jsonl}: a line for each row that has ended, in the order in which they ended; a later line of the same row counts more. A
 * kill may cut its last line short: opening it drops what isn't whole. In memory are the lines' places only, 8 bytes a row of the table.
 */
final class Journal implements Closeable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LONGEST = 16 << 10;

  private final Path path;
  private final RandomAccessFile file;
  /** Where a row's line begins; -1 without. */
  private final long[] places;
  private long length;

  /** Reads what there is, cuts off a broken end, and goes on from there. */
  Journal(Path path, int rows) {
    this.path = path;
    places = new long[rows];
    Arrays.fill(places, -1);
    try {
      if (Files.exists(path)) {
        readPlaces();
      }
      file = new RandomAccessFile(path.toFile(), "rw");
      file.setLength(length);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private void readPlaces() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(path), 1 << 16)) {
      for (int c = in.read(); c >= 0 && line.size() < LONGEST; c = in.read()) {
        line.write(c);
        if (c == '\n') {
          Entry entry = parse(line.toByteArray());
          if (entry == null || entry.row() < 0 || entry.row() >= places.length) {
            return; // a power cut may leave anything
          }
          places[entry.row()] = length;
          length += line.size();
          line.reset();
        }
      }
    }
  }

  /** How a row ended, or null where it hasn't. */
  synchronized Entry at(int row) {
    if (places[row] < 0) {
      return null;
    }
    try {
      byte[] bytes = new byte[(int) Math.min(LONGEST, length - places[row])];
      file.seek(places[row]);
      file.readFully(bytes);
      int end = 0;
      while (bytes[end] != '\n') {
        end++;
      }
      return parse(Arrays.copyOf(bytes, end));
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Handed to the system at once, so that only a power cut can lose it. */
  synchronized void add(Entry entry) {
    byte[] line = (line(entry) + "\n").getBytes(StandardCharsets.UTF_8);
    try {
      file.seek(length);
      file.write(line);
    } catch (IOException e) {
      throw failed(e);
    }
    places[entry.row()] = length;
    length += line.length;
  }

  private static String line(Entry entry) {
    ObjectNode row = JSON.createObjectNode().put("row", entry.row());
    Entry.Kept picture = entry.picture();
    if (picture == null) {
      row.put("failed", entry.failure().code()).put("detail", entry.detail());
    } else {
      row.put("sha256", picture.sha256()).put("phash", String.format("%016x", picture.hash().bits()));
      row.put("colours", HexFormat.of().formatHex(picture.hash().colours()));
      row.put("size", picture.size()).put("width", picture.width()).put("height", picture.height());
    }
    return row.toString();
  }

  private static Entry parse(byte[] line) {
    try {
      JsonNode row = JSON.readTree(line);
      int number = row.get("row").intValue();
      if (row.has("failed")) {
        return Entry.failed(number, Failure.of(row.get("failed").textValue()), row.get("detail").textValue());
      }
      PictureHash hash =
          new PictureHash(
              Long.parseUnsignedLong(row.get("phash").textValue(), 16), HexFormat.of().parseHex(row.get("colours").textValue()));
      return new Entry(
          number, null, "",
          new Entry.Kept(
              row.get("sha256").textValue(), hash, row.get("size").longValue(), row.get("width").intValue(), row.get("height").intValue()));
    } catch (IOException | RuntimeException broken) {
      return null;
    }
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private UserError failed(IOException e) {
    return new UserError("Can't write or read " + path + ": " + AtomicFile.reason(e) + ". Free some disk space or choose another place.", e);
  }
}
