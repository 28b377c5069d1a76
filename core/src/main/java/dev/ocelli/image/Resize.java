package dev.ocelli.image;

import java.util.Arrays;

/**
 * Resizing, bit for bit as Pillow's {@code Image.resize} does it for 8-bit RGB: kernels that widen as the picture shrinks (so it is
 * smoothed, not aliased), weights in fixed point, rounded to 8 bits after each of the two passes. The picture given may be returned.
 *
 * <p>Source: the behaviour of Pillow 13 ({@code src/libImaging/Resample.c}, {@code Geometry.c}).
 */
public final class Resize {
  /** A sum of weighted bytes needs 8 bits for the byte and 2 for overshoot and sign; the rest of an int is fraction. */
  private static final int FRACTION_BITS = 32 - 8 - 2;

  private Resize() {}

  /** The whole picture at {@code width} x {@code height} pixels (each at least 1). */
  public static RgbImage resize(RgbImage in, int width, int height, Filter filter) {
    return window(in, width, height, filter, 0, 0, width, height);
  }

  /**
   * The part of the resized picture that starts at ({@code left}, {@code top}) and is {@code w} x {@code h}: the same pixels as
   * resizing and then cropping, without working out those that the crop throws away.
   */
  static RgbImage window(RgbImage in, int width, int height, Filter filter, int left, int top, int w, int h) {
    if (width < 1 || height < 1 || left < 0 || top < 0 || left + w > width || top + h > height) {
      throw new IllegalArgumentException(
          "no window of " + w + "x" + h + " at " + left + "," + top + " in a picture of " + width + "x" + height);
    }
    if (width == in.width() && height == in.height()) {
      return crop(in, left, top, w, h);
    }
    if (filter == Filter.NEAREST) {
      return nearest(in, width, height, left, top, w, h);
    }
    boolean across = width != in.width();
    boolean down = height != in.height();
    Taps columns = across ? Taps.of(in.width(), width, filter, left, w) : null;
    Taps rows = down ? Taps.of(in.height(), height, filter, top, h) : null;
    int x = across ? columns.start[0] : left;
    int y = down ? rows.start[0] : top;
    RgbImage part = crop(in, x, y, across ? columns.end() - x : w, down ? rows.end() - y : h);
    // Each pass rounds, so their order shows; Pillow 13 goes down first where the height shrinks by much more than the width.
    if (down && across && in.height() > height && in.height() - height > 2 * (in.width() - width)) {
      return horizontal(vertical(part, rows, y), columns, x);
    }
    RgbImage between = across ? horizontal(part, columns, x) : part;
    return down ? vertical(between, rows, y) : between;
  }

  static RgbImage crop(RgbImage in, int left, int top, int w, int h) {
    if (w == in.width() && h == in.height()) {
      return in;
    }
    byte[] out = new byte[3 * w * h];
    for (int y = 0; y < h; y++) {
      System.arraycopy(in.rgb(), 3 * ((top + y) * in.width() + left), out, 3 * y * w, 3 * w);
    }
    return new RgbImage(w, h, out);
  }

  /** @param origin the column of the whole source that {@code in} starts with */
  private static RgbImage horizontal(RgbImage in, Taps taps, int origin) {
    int w = taps.start.length;
    byte[] source = in.rgb();
    byte[] out = new byte[3 * w * in.height()];
    for (int y = 0, o = 0; y < in.height(); y++) {
      for (int x = 0; x < w; x++, o += 3) {
        int r = 1 << FRACTION_BITS - 1;
        int g = r;
        int b = r;
        int i = 3 * (y * in.width() + taps.start[x] - origin);
        int first = x * taps.width;
        for (int t = first; t < first + taps.count[x]; t++, i += 3) {
          int weight = taps.weights[t];
          r += weight * (source[i] & 255);
          g += weight * (source[i + 1] & 255);
          b += weight * (source[i + 2] & 255);
        }
        out[o] = clip(r);
        out[o + 1] = clip(g);
        out[o + 2] = clip(b);
      }
    }
    return new RgbImage(w, in.height(), out);
  }

  /** @param origin the row of the whole source that {@code in} starts with */
  private static RgbImage vertical(RgbImage in, Taps taps, int origin) {
    int h = taps.start.length;
    int rowBytes = 3 * in.width();
    byte[] out = new byte[rowBytes * h];
    int[] sums = new int[rowBytes];
    for (int y = 0; y < h; y++) {
      Arrays.fill(sums, 1 << FRACTION_BITS - 1);
      for (int t = 0; t < taps.count[y]; t++) {
        // One weight for a whole row: the compiler turns this loop into vector instructions.
        add(sums, in.rgb(), (taps.start[y] - origin + t) * rowBytes, taps.weights[y * taps.width + t]);
      }
      for (int i = 0, o = y * rowBytes; i < rowBytes; i++, o++) {
        out[o] = clip(sums[i]);
      }
    }
    return new RgbImage(in.width(), h, out);
  }

  private static void add(int[] sums, byte[] source, int offset, int weight) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += weight * (source[offset + i] & 255);
    }
  }

  private static byte clip(int sum) {
    return (byte) Math.max(0, Math.min(255, sum >> FRACTION_BITS));
  }

  private static RgbImage nearest(RgbImage in, int width, int height, int left, int top, int w, int h) {
    int[] columns = nearestPlaces(in.width(), width);
    int[] rows = nearestPlaces(in.height(), height);
    byte[] out = new byte[3 * w * h];
    for (int y = 0, o = 0; y < h; y++) {
      for (int x = 0; x < w; x++, o += 3) {
        if (rows[top + y] < in.height() && columns[left + x] < in.width()) {
          System.arraycopy(in.rgb(), 3 * (rows[top + y] * in.width() + columns[left + x]), out, o, 3);
        }
      }
    }
    return new RgbImage(w, h, out);
  }

  private static int[] nearestPlaces(int from, int to) {
    int[] places = new int[to];
    double step = (double) from / to;
    double place = step * 0.5;
    for (int i = 0; i < to; i++) {
      places[i] = (int) place;
      // Summed, not multiplied: Pillow's rounding error is part of its result.
      place += step;
    }
    return places;
  }

  /**
   * For each of some output pixels along one axis, which source pixels count and how much.
   *
   * @param start first source pixel, {@code [outputs]}
   * @param count number of source pixels, {@code [outputs]}
   * @param weights fixed point, {@code [outputs, width]}, the first {@code count} of each row used
   * @param width of a row of weights
   */
  private record Taps(int[] start, int[] count, int[] weights, int width) {
    /** One past the last source pixel that counts. */
    int end() {
      return start[start.length - 1] + count[count.length - 1];
    }

    static Taps of(int from, int to, Filter filter, int first, int outputs) {
      double scale = (double) from / to;
      double stretch = Math.max(scale, 1);
      double support = filter.support * stretch;
      double shrink = 1 / stretch;
      int width = (int) Math.ceil(support) * 2 + 1;
      int[] start = new int[outputs];
      int[] count = new int[outputs];
      int[] weights = new int[Math.multiplyExact(outputs, width)];
      double[] row = new double[width];
      for (int i = 0; i < outputs; i++) {
        double centre = (first + i + 0.5) * scale;
        start[i] = Math.max(0, (int) (centre - support + 0.5));
        count[i] = Math.min(from, (int) (centre + support + 0.5)) - start[i];
        double total = 0;
        for (int t = 0; t < count[i]; t++) {
          row[t] = filter.weight((t + start[i] - centre + 0.5) * shrink);
          total += row[t];
        }
        for (int t = 0; t < count[i]; t++) {
          double share = (total == 0 ? row[t] : row[t] / total) * (1 << FRACTION_BITS);
          weights[i * width + t] = (int) (share < 0 ? share - 0.5 : share + 0.5);
        }
      }
      return new Taps(start, count, weights, width);
    }
  }
}
