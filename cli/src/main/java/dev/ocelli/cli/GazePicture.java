package dev.ocelli.cli;

import dev.ocelli.image.RgbImage;

/** A photo lit up where the queries look, and dark elsewhere. */
final class GazePicture {
  private static final double DARK = 0.18;

  private GazePicture() {}

  /**
   * @param shares of the attention, patch by patch in rows, perhaps behind one of a class token
   * @return null where the patches make no square
   */
  static RgbImage of(RgbImage photo, float[] shares) {
    int side = (int) Math.round(Math.sqrt(shares.length));
    int first = 0;
    if (side * side != shares.length) {
      side = (int) Math.round(Math.sqrt(shares.length - 1.0));
      first = 1;
      if (side * side + 1 != shares.length) {
        return null;
      }
    }
    float most = 0;
    float least = Float.MAX_VALUE;
    for (int i = first; i < shares.length; i++) {
      most = Math.max(most, shares[i]);
      least = Math.min(least, shares[i]);
    }
    byte[] rgb = photo.rgb().clone();
    for (int y = 0; y < photo.height(); y++) {
      for (int x = 0; x < photo.width(); x++) {
        double share = between(shares, first, side, (x + 0.5) * side / photo.width() - 0.5, (y + 0.5) * side / photo.height() - 0.5);
        double light = most > least ? DARK + (1 - DARK) * Math.sqrt(Math.max(0, (share - least) / (most - least))) : 1;
        int at = 3 * (y * photo.width() + x);
        for (int c = 0; c < 3; c++) {
          rgb[at + c] = (byte) Math.round((rgb[at + c] & 255) * light);
        }
      }
    }
    return new RgbImage(photo.width(), photo.height(), rgb);
  }

  /** Bilinear; the outermost patches reach to the edge. */
  private static double between(float[] shares, int first, int side, double x, double y) {
    double cx = Math.min(Math.max(x, 0), side - 1);
    double cy = Math.min(Math.max(y, 0), side - 1);
    int x0 = (int) cx;
    int y0 = (int) cy;
    int x1 = Math.min(x0 + 1, side - 1);
    int y1 = Math.min(y0 + 1, side - 1);
    double fx = cx - x0;
    double fy = cy - y0;
    return (1 - fy) * ((1 - fx) * shares[first + y0 * side + x0] + fx * shares[first + y0 * side + x1])
        + fy * ((1 - fx) * shares[first + y1 * side + x0] + fx * shares[first + y1 * side + x1]);
  }
}
