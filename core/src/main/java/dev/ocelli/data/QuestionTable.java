package dev.ocelli.data;

import dev.ocelli.UserError;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;

/** Reads {@code questions.csv} or {@code .tsv}: a question a row, counted as a spreadsheet does, the header being row 1. */
final class QuestionTable {
  private QuestionTable() {}

  static List<Questions.Row> rows(Path file, String text) {
    char delimiter = file.toString().toLowerCase(Locale.ROOT).endsWith(".tsv") ? '\t' : ',';
    CSVFormat format = CSVFormat.RFC4180.builder().setDelimiter(delimiter).setIgnoreEmptyLines(true).get();
    List<Questions.Row> rows = new ArrayList<>();
    List<String> columns = null;
    long number = 0;
    try (var records = format.parse(new StringReader(text))) {
      for (CSVRecord record : records) {
        number++;
        if (columns == null) {
          columns = record.stream().map(name -> name.strip().toLowerCase(Locale.ROOT)).toList();
          requireColumns(file, columns);
        } else {
          rows.add(row(file + ", row " + number, columns, record));
        }
      }
    } catch (IOException | UncheckedIOException | IllegalStateException e) {
      throw new UserError(
          file + ", row " + (number + 1) + ": quotes don't match (" + e.getMessage() + "). Write a quote inside a quoted text twice.", e);
    }
    if (columns == null) {
      throw UserError.of("%s is empty. It needs a first row with the columns image, question and answer, and rows below it.", file);
    }
    return rows;
  }

  private static void requireColumns(Path file, List<String> columns) {
    for (String name : List.of("image", "question", "answer")) {
      if (!columns.contains(name)) {
        throw UserError.of(
            "%s has no column \"%s\"; its first row has: %s. Name the columns in the first row.",
            file, name, shortened(String.join(", ", columns)));
      }
    }
  }

  private static Questions.Row row(String place, List<String> columns, CSVRecord record) {
    if (record.size() != columns.size()) {
      throw UserError.of(
          "%s: %d fields where the header has %d (\"%s\"). Put texts with commas, quotes or line ends in double quotes.",
          place, record.size(), columns.size(), shortened(String.join(",", record)));
    }
    Dialogue.Turn turn = new Dialogue.Turn(value("question", columns, record), value("answer", columns, record), value("kind", columns, record));
    return new Questions.Row(place, new Dialogue(value("image", columns, record), List.of(turn)), value("split", columns, record));
  }

  private static String shortened(String text) {
    return text.length() <= 80 ? text : text.substring(0, 79) + "…";
  }

  private static String value(String name, List<String> columns, CSVRecord record) {
    int at = columns.indexOf(name);
    return at < 0 ? "" : record.get(at).strip();
  }
}
