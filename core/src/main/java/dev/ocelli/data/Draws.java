package dev.ocelli.data;

/**
 * The single place for randomness. Every draw is a function of (seed, purpose, step, row) and of nothing else, so that a prefetching
 * thread, a resumed run and a second process draw the same without sharing a generator's state. The values are part of the project's
 * promise that a run can be repeated: tests pin some, so don't change the mixing.
 *
 * <p>The mixing is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014, with the
 * constants of Stafford's variant 13), applied once for each part of the key.
 */
public final class Draws {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private Draws() {}

  /** 64 random bits for the key. */
  public static long bits(long seed, String purpose, long step, long row) {
    long h = mix(seed + GOLDEN);
    h = mix((h + GOLDEN) ^ mix(fnv1a(purpose) + GOLDEN));
    h = mix((h + GOLDEN) ^ mix(step + 2 * GOLDEN));
    return mix((h + GOLDEN) ^ mix(row + 3 * GOLDEN));
  }

  /** A whole number in [0, bound); the bias is below bound / 2^63. */
  public static int below(long seed, String purpose, long step, long row, int bound) {
    if (bound < 1) {
      throw new IllegalArgumentException("bound is " + bound + ", must be at least 1");
    }
    return scaled(bits(seed, purpose, step, row), bound);
  }

  /** A number in [0, 1), a multiple of 2^-53. */
  public static double uniform(long seed, String purpose, long step, long row) {
    return unit(bits(seed, purpose, step, row));
  }

  /** A number of the standard normal distribution, by Box and Muller; StrictMath gives the same digits on every machine. */
  public static double gaussian(long seed, String purpose, long step, long row) {
    long bits = bits(seed, purpose, step, row);
    double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - unit(bits)));
    return radius * StrictMath.cos(2 * Math.PI * unit(mix(bits + GOLDEN)));
  }

  /** The numbers 0 … n-1 in a random order (Fisher and Yates). */
  public static int[] permutation(long seed, String purpose, long step, int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    for (int i = n - 1; i > 0; i--) {
      int j = below(seed, purpose, step, i, i + 1);
      int kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }

  private static int scaled(long bits, int bound) {
    return (int) Math.multiplyHigh(bits >>> 1, (long) bound << 1);
  }

  private static double unit(long bits) {
    return (bits >>> 11) * 0x1p-53;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  private static long fnv1a(String text) {
    long h = 0xCBF29CE484222325L;
    for (int i = 0; i < text.length(); i++) {
      h = (h ^ text.charAt(i)) * 0x100000001B3L;
    }
    return h;
  }
}
