package dev.ocelli.download;

import dev.ocelli.image.PictureHash;
import java.util.Locale;

/**
 * How one row ended: with a picture, or with the reason why not.
 *
 * @param row its number in the table
 * @param failure null where there is a picture
 * @param detail of the failure, otherwise ""
 * @param picture null where there is none
 */
record Entry(int row, Failure failure, String detail, Kept picture) {
  private static final int IN_A_FOLDER = 10_000;
  private static final int LONGEST_DETAIL = 200;

  /**
   * A picture that was kept.
   *
   * @param sha256 of the bytes that came
   * @param hash of what it looks like
   * @param size bytes of its file
   */
  record Kept(String sha256, PictureHash hash, long size, int width, int height) {}

  static Entry failed(int row, Failure failure, String detail) {
    // Details may quote what a site sent.
    return new Entry(row, failure, detail.length() <= LONGEST_DETAIL ? detail : detail.substring(0, LONGEST_DETAIL) + "…", null);
  }

  /** The picture's name inside images/. */
  static String image(int row) {
    return String.format(Locale.ROOT, "%05d/%s.jpg", row / IN_A_FOLDER, key(row));
  }

  /** The row as it is called in a tar. */
  static String key(int row) {
    return String.format(Locale.ROOT, "%09d", row);
  }
}
