package dev.ocelli.download;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.Draws;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.PriorityQueue;

/**
 * Conceptual Captions as published: a line for each picture, with a caption and an address and a tab between them, in either order, without
 * quotes; a first line of names is passed over. Read as a stream, so that millions of lines take no memory.
 *
 * @param sha256 of the file's bytes
 * @param rows how many there are in all
 * @param chosen how many of them are wanted
 * @param most the highest draw of a wanted row
 */
record AddressTable(Path file, String sha256, long seed, int rows, int chosen, long most) {
  private static final int LONGEST = 64 << 10;
  private static final String PURPOSE = "download";

  /** Hears the wanted rows, in their order. */
  interface Listener {
    /** @return whether to go on */
    boolean row(Row row);
  }

  /**
   * One line.
   *
   * @param number from 0, a line of names not counted
   * @param address null where the line isn't a caption and an address
   */
  record Row(int number, String caption, String address) {
    private static Row of(int number, byte[] line) {
      String text;
      try {
        text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
      } catch (CharacterCodingException e) {
        return new Row(number, "", null);
      }
      String[] columns = text.split("\t", -1);
      if (columns.length != 2) {
        return new Row(number, "", null);
      }
      boolean second = isAddress(columns[1]);
      if (!second && !isAddress(columns[0])) {
        return new Row(number, "", null);
      }
      String caption = columns[second ? 0 : 1].strip();
      return new Row(number, caption, caption.isEmpty() ? null : columns[second ? 1 : 0].strip());
    }

    private static boolean isAddress(String text) {
      return text.strip().regionMatches(true, 0, "http", 0, 4) && text.contains("://");
    }
  }

  /**
   * Looks the file through and chooses rows.
   *
   * @param limit how many rows to draw at most
   */
  static AddressTable open(Path file, int limit, long seed) {
    MessageDigest digest = digest();
    // The lowest draws are wanted. Of equal draws, which don't happen, all would be.
    PriorityQueue<Long> lowest = new PriorityQueue<>(Comparator.reverseOrder());
    int[] rows = new int[1];
    int[] good = new int[1];
    lines(
        file,
        digest,
        (number, line) -> {
          rows[0]++;
          good[0] += good[0] == 0 && Row.of(number, line).address != null ? 1 : 0;
          if (limit < Integer.MAX_VALUE) {
            lowest.add(Draws.bits(seed, PURPOSE, 0, number));
            if (lowest.size() > limit) {
              lowest.poll();
            }
          }
          return true;
        });
    if (good[0] == 0) {
      throw UserError.of("%s has no line with a caption, a tab and an address (http://...). Give a table as Conceptual Captions has it.", file);
    }
    boolean all = limit >= rows[0];
    return new AddressTable(
        file, HexFormat.of().formatHex(digest.digest()), seed, rows[0], all ? rows[0] : limit, all ? Long.MAX_VALUE : lowest.peek());
  }

  /** The wanted rows. */
  void forEach(Listener listener) {
    lines(
        file, null, (number, line) -> Draws.bits(seed, PURPOSE, 0, number) > most || listener.row(Row.of(number, line)));
  }

  private interface Line {
    boolean of(int number, byte[] bytes);
  }

  private static void lines(Path file, MessageDigest digest, Line listener) {
    try (InputStream raw = Files.newInputStream(file);
        InputStream in = new BufferedInputStream(digest == null ? raw : new DigestInputStream(raw, digest), 1 << 16)) {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      int number = 0;
      boolean first = true;
      for (int c = in.read(); c >= 0; ) {
        line.reset();
        for (; c >= 0 && c != '\n'; c = in.read()) {
          // What is too long to be a caption and an address shows as none.
          if (line.size() < LONGEST && c != '\r') {
            line.write(c);
          }
        }
        c = c < 0 ? c : in.read();
        byte[] bytes = first ? withoutMark(line.toByteArray()) : line.toByteArray();
        boolean names = first && isHeader(bytes);
        first = false;
        if (names || bytes.length == 0) {
          continue;
        }
        if (!listener.of(number++, bytes)) {
          return;
        }
      }
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /** Windows programs begin a file of UTF-8 with a byte order mark. */
  private static byte[] withoutMark(byte[] line) {
    boolean marked = line.length >= 3 && line[0] == (byte) 0xEF && line[1] == (byte) 0xBB && line[2] == (byte) 0xBF;
    return marked ? Arrays.copyOfRange(line, 3, line.length) : line;
  }

  /** Names of columns: two words, no address among them. */
  private static boolean isHeader(byte[] line) {
    String text = new String(line, StandardCharsets.UTF_8).strip().toLowerCase(java.util.Locale.ROOT);
    return text.matches("\\w+\t\\w+") && (text.contains("url") || text.contains("address"));
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }
}
