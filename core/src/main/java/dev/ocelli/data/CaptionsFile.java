package dev.ocelli.data;

import dev.ocelli.AtomicFile;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;

/**
 * The rows of a table of names and values as RFC 4180 has it, with a header. Rows are counted from 1, the header being row 1, as a
 * spreadsheet shows them.
 *
 * @param sha256 of the file's bytes
 */
record CaptionsFile(Path file, String sha256, List<Row> rows, boolean hasSplit) {
  /** What one row says; {@code split} is "" where the column or the value is missing. */
  record Row(long number, String image, String caption, String split) {}

  /**
   * @param valueColumn the column beside {@code image}: "caption", or "split" in a split file
   */
  static CaptionsFile read(Path file, String valueColumn) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
    String text = decode(file, bytes);
    if (text.isBlank()) {
      throw UserError.of("%s is empty. It needs a first row with the columns image and %s, and rows below it.", file, valueColumn);
    }
    char delimiter = file.toString().toLowerCase(Locale.ROOT).endsWith(".tsv") ? '\t' : ',';
    CSVFormat format = CSVFormat.RFC4180.builder().setDelimiter(delimiter).setIgnoreEmptyLines(true).get();
    List<Row> rows = new ArrayList<>();
    long number = 0;
    int split = -1;
    try (var records = format.parse(new StringReader(text))) {
      int image = -1;
      int value = -1;
      int width = 0;
      for (CSVRecord row : records) {
        number++;
        if (number == 1) {
          List<String> columns = row.stream().map(name -> name.strip().toLowerCase(Locale.ROOT)).toList();
          image = column(file, columns, "image");
          value = column(file, columns, valueColumn);
          split = columns.indexOf("split");
          width = columns.size();
          continue;
        }
        if (row.size() != width) {
          throw UserError.of(
              "%s, row %d: %d fields where the header has %d (\"%s\"). Put captions with commas, quotes or line ends in double quotes.",
              file, number, row.size(), width, shortened(String.join(String.valueOf(delimiter), row)));
        }
        rows.add(new Row(number, row.get(image).strip(), row.get(value).strip(), split < 0 ? "" : row.get(split).strip()));
      }
    } catch (IOException | UncheckedIOException | IllegalStateException e) {
      throw new UserError(
          file + ", row " + (number + 1) + ": quotes don't match (" + e.getMessage() + "). Write a quote inside a quoted caption twice.",
          e);
    }
    if (rows.isEmpty()) {
      throw UserError.of("%s has a header but no rows. Add a row for each caption.", file);
    }
    return new CaptionsFile(file, Sha256.of(bytes), rows, split >= 0);
  }

  private static int column(Path file, List<String> columns, String name) {
    int at = columns.indexOf(name);
    if (at < 0) {
      throw UserError.of(
          "%s has no column \"%s\"; its first row has: %s. Name the columns in the first row.",
          file, name, shortened(String.join(", ", columns)));
    }
    return at;
  }

  static String decode(Path file, byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT)
            .decode(in, out, true);
    if (result.isError()) {
      int row = 1;
      for (int i = 0; i < in.position(); i++) {
        row += bytes[i] == '\n' ? 1 : 0;
      }
      throw UserError.of("%s, row %d: byte 0x%02X isn't UTF-8. Save the file as UTF-8.", file, row, bytes[in.position()]);
    }
    String text = out.flip().toString();
    return text.startsWith("\uFEFF") ? text.substring(1) : text;
  }

  static String shortened(String text) {
    return text.length() <= 80 ? text : text.substring(0, 79) + "…";
  }

  /** The parts of a split file by image. */
  static Map<String, Part> parts(Path splitCsv) {
    Map<String, Part> parts = new java.util.HashMap<>();
    for (Row row : read(splitCsv, "split").rows()) {
      Part part;
      try {
        part = Part.valueOf(row.split().toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException e) {
        throw UserError.of("%s, row %d: split is \"%s\"; known are train, validation, test, unseen.", splitCsv, row.number(), row.split());
      }
      Part before = parts.put(row.image(), part);
      if (before != null && before != part) {
        throw UserError.of("%s, row %d: %s is in two parts, %s and %s. Keep one row.", splitCsv, row.number(), row.image(), before, part);
      }
    }
    return parts;
  }
}
