package dev.ocelli.data;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;

/** Which photo is in which part, as a run keeps it: {@code image,split}. */
final class SplitFile {
  static final CSVFormat CSV = CSVFormat.RFC4180.builder().setRecordSeparator("\n").get();

  private SplitFile() {}

  /** What a file says of each image. */
  static Map<String, Part> read(Path file) {
    Map<String, Part> parts = new HashMap<>();
    long number = 0;
    try (Utf8Reader text = new Utf8Reader(file);
        var rows = CSV.parse(text)) {
      for (CSVRecord row : rows) {
        number++;
        if (number == 1 && !row.toList().equals(List.of("image", "split"))) {
          throw UserError.of("%s: the first row must be \"image,split\".", file);
        }
        if (row.size() != 2) {
          throw UserError.of("%s, row %d: %d fields; give image and split.", file, number, row.size());
        }
        if (number > 1) {
          add(parts, file, number, row.get(0).strip(), row.get(1).strip());
        }
      }
    } catch (IOException | UncheckedIOException | IllegalStateException e) {
      String why = e instanceof IOException io ? AtomicFile.reason(io) : e.getMessage();
      throw new UserError(file + ", row " + (number + 1) + " can't be read: " + why + ".", e);
    }
    return parts;
  }

  private static void add(Map<String, Part> parts, Path file, long number, String image, String split) {
    Part part;
    try {
      part = Part.valueOf(split.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw UserError.of("%s, row %d: split is \"%s\"; known are train, validation, test, unseen.", file, number, split);
    }
    Part before = parts.put(image, part);
    if (before != null && before != part) {
      throw UserError.of("%s, row %d: %s is in two parts, %s and %s. Keep one row.", file, number, image, before, part);
    }
  }
}
