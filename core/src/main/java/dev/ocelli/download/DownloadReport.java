package dev.ocelli.download;

import java.util.EnumMap;
import java.util.Map;

/**
 * What a download brought.
 *
 * @param rows of the table that were wanted
 * @param pictures kept
 * @param tars written
 * @param failed rows by reason, with one of them as an example
 */
public record DownloadReport(int rows, int pictures, int tars, Map<Failure, Reason> failed) {
  /**
   * One line of the table of failures.
   *
   * @param example the first of them: its row and what was said of it
   */
  public record Reason(int rows, String example) {}

  /** Counts rows. */
  static final class Count {
    private final Map<Failure, Reason> failed = new EnumMap<>(Failure.class);
    private int rows;
    private int pictures;

    void picture() {
      rows++;
      pictures++;
    }

    /** @param address null where the row has none */
    void failed(Failure failure, int row, String address, String detail) {
      rows++;
      String example = "row " + (row + 1) + (address == null ? "" : ", " + address) + (detail.isEmpty() ? "" : ": " + detail);
      failed.merge(failure, new Reason(1, example), (a, b) -> new Reason(a.rows + 1, a.example));
    }

    DownloadReport report(int tars) {
      return new DownloadReport(rows, pictures, tars, failed);
    }
  }
}
