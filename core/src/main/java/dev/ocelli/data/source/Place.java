package dev.ocelli.data.source;

import java.nio.file.Path;

/**
 * Where something stands, for messages: "photos/captions.csv, row 12".
 *
 * @param unit what is counted: row, line, annotation, sample
 * @param number from 1; a table's header is row 1, as a spreadsheet shows it
 */
public record Place(Path file, String unit, long number) {
  @Override
  public String toString() {
    return file + ", " + unit + " " + number;
  }
}
