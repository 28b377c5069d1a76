package dev.ocelli.image;

import java.util.Arrays;

/**
 * What a picture looks like in 64 bits and a few colours, the same for copies of another size, format or compression. The bits are the
 * pHash of Python's imagehash, bit for bit: signs of the 8 x 8 lowest frequencies of the grey picture against their median. Grey alone
 * takes a red circle for a blue one, so that mean colours of a coarse grid are compared too.
 *
 * @param bits the pHash, its first row in the highest byte as imagehash prints it
 * @param colours {@code [4 * 4 * 3]} mean red, green and blue
 */
public record PictureHash(long bits, byte[] colours) {
  /** Most bits in which near pictures differ; of 150 photos, copies at half the size and JPEG quality 50 differ by 0 to 4, others by 16 or more. */
  public static final int NEAR_BITS = 6;

  /** Most levels (of 255) by which colours of near pictures differ, in the mean of the grid. */
  public static final double NEAR_COLOURS = 12;

  private static final int SIDE = 32;
  private static final int LOW = 8;
  private static final int GRID = 4;
  private static final double[][] COSINES = cosines();

  /** The hash of a picture. */
  public static PictureHash of(RgbImage image) {
    return new PictureHash(bits(image), Resize.resize(image, GRID, GRID, Filter.BOX).rgb());
  }

  /** In how many of the 64 bits two pictures differ. */
  public int distance(PictureHash other) {
    return Long.bitCount(bits ^ other.bits);
  }

  /** By how many levels the colours differ, in the mean. */
  public double colourDistance(PictureHash other) {
    int sum = 0;
    for (int i = 0; i < colours.length; i++) {
      sum += Math.abs((colours[i] & 255) - (other.colours[i] & 255));
    }
    return (double) sum / colours.length;
  }

  /** Whether both are likely copies of one picture. */
  public boolean near(PictureHash other) {
    return distance(other) <= NEAR_BITS && colourDistance(other) <= NEAR_COLOURS;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PictureHash hash && bits == hash.bits && Arrays.equals(colours, hash.colours);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(bits);
  }

  private static long bits(RgbImage image) {
    double[][] low = frequencies(Resize.resize(grey(image), SIDE, SIDE, Filter.LANCZOS).rgb());
    double[] sorted = Arrays.stream(low).flatMapToDouble(Arrays::stream).sorted().toArray();
    double median = (sorted[31] + sorted[32]) / 2;
    long bits = 0;
    for (double[] row : low) {
      for (double value : row) {
        bits = bits << 1 | (value > median ? 1 : 0);
      }
    }
    return bits;
  }

  /** Pillow's {@code convert("L")}, in all three channels. */
  private static RgbImage grey(RgbImage image) {
    byte[] rgb = image.rgb();
    byte[] out = new byte[rgb.length];
    for (int i = 0; i < rgb.length; i += 3) {
      int level = (rgb[i] & 255) * 19595 + (rgb[i + 1] & 255) * 38470 + (rgb[i + 2] & 255) * 7471 + 0x8000 >> 16;
      out[i] = out[i + 1] = out[i + 2] = (byte) level;
    }
    return new RgbImage(image.width(), image.height(), out);
  }

  /** The lowest frequencies of a DCT of type 2, down the columns and then along the rows. */
  private static double[][] frequencies(byte[] rgb) {
    double[][] down = new double[LOW][SIDE];
    for (int k = 0; k < LOW; k++) {
      for (int x = 0; x < SIDE; x++) {
        for (int y = 0; y < SIDE; y++) {
          down[k][x] += COSINES[k][y] * (rgb[3 * (y * SIDE + x)] & 255);
        }
      }
    }
    double[][] low = new double[LOW][LOW];
    for (int k = 0; k < LOW; k++) {
      for (int j = 0; j < LOW; j++) {
        for (int x = 0; x < SIDE; x++) {
          low[k][j] += COSINES[j][x] * down[k][x];
        }
        // A picture of one colour has no frequencies, but sums that don't quite cancel.
        low[k][j] = Math.abs(low[k][j]) < 1e-6 ? 0 : low[k][j];
      }
    }
    return low;
  }

  private static double[][] cosines() {
    double[][] table = new double[LOW][SIDE];
    for (int k = 0; k < LOW; k++) {
      for (int n = 0; n < SIDE; n++) {
        table[k][n] = 2 * Math.cos(Math.PI * k * (2 * n + 1) / (2.0 * SIDE));
      }
    }
    return table;
  }
}
