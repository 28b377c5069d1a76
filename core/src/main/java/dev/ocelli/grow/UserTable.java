package dev.ocelli.grow;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;

/** A table with all columns that its user gave it, in their order, so that none is lost when rows are added. */
final class UserTable {
  private static final CSVFormat COMMAS = CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).setRecordSeparator("\n").get();

  private final List<String> columns;
  private final List<String[]> rows = new ArrayList<>();

  UserTable(List<String> columns) {
    this.columns = new ArrayList<>(columns);
  }

  /** Reads a CSV or TSV file, by its ending. */
  static UserTable read(Path file) {
    boolean tabs = file.toString().toLowerCase(Locale.ROOT).endsWith(".tsv");
    CSVFormat format = COMMAS.builder().setDelimiter(tabs ? '\t' : ',').get();
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8); var records = format.parse(reader)) {
      UserTable table = null;
      for (CSVRecord record : records) {
        if (table == null) {
          List<String> names = new ArrayList<>(Arrays.asList(record.values()));
          names.set(0, names.get(0).startsWith("\uFEFF") ? names.get(0).substring(1) : names.get(0));
          table = new UserTable(names);
        } else if (record.size() != table.columns.size()) {
          throw UserError.of("%s, row %d: %d fields where the header has %d.", file, table.rows.size() + 2, record.size(), table.columns.size());
        } else {
          table.rows.add(record.values());
        }
      }
      if (table == null) {
        throw UserError.of("%s is empty.", file);
      }
      return table;
    } catch (IOException | RuntimeException e) {
      if (e instanceof UserError known) {
        throw known;
      }
      throw new UserError("Can't read " + file + ": " + e.getMessage() + ".", e);
    }
  }

  int size() {
    return rows.size();
  }

  boolean has(String column) {
    return index(column) >= 0;
  }

  /** A field without white space around it; "" where there is no such column. */
  String get(int row, String column) {
    int at = index(column);
    return at < 0 || at >= rows.get(row).length ? "" : rows.get(row)[at].strip();
  }

  void set(int row, String column, String value) {
    int at = index(column);
    if (at < 0) {
      columns.add(column);
      at = columns.size() - 1;
    }
    if (at >= rows.get(row).length) {
      String[] longer = Arrays.copyOf(rows.get(row), columns.size());
      Arrays.fill(longer, rows.get(row).length, longer.length, "");
      rows.set(row, longer);
    }
    rows.get(row)[at] = value;
  }

  /** Adds a row without values; returns its number. */
  int add() {
    String[] row = new String[columns.size()];
    Arrays.fill(row, "");
    rows.add(row);
    return rows.size() - 1;
  }

  void removeIf(java.util.function.IntPredicate unwanted) {
    List<String[]> kept = new ArrayList<>();
    for (int row = 0; row < rows.size(); row++) {
      if (!unwanted.test(row)) {
        kept.add(rows.get(row));
      }
    }
    rows.clear();
    rows.addAll(kept);
  }

  /** As CSV. */
  void write(Path csv) {
    StringBuilder text = new StringBuilder(COMMAS.format(columns.toArray())).append('\n');
    for (String[] row : rows) {
      Object[] whole = Arrays.copyOf(row, columns.size(), Object[].class);
      Arrays.fill(whole, row.length, whole.length, "");
      text.append(COMMAS.format(whole)).append('\n');
    }
    AtomicFile.write(csv, text.toString());
  }

  private int index(String column) {
    for (int i = 0; i < columns.size(); i++) {
      if (columns.get(i).strip().equalsIgnoreCase(column)) {
        return i;
      }
    }
    return -1;
  }
}
