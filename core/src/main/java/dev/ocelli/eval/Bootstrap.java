package dev.ocelli.eval;

import dev.ocelli.UserError;
import java.util.Arrays;
import java.util.SplittableRandom;

/** How sure a mean is: the percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13). */
public final class Bootstrap {
  private Bootstrap() {}

  /** Both ends of an interval, in the unit of the values. */
  public record Interval(double low, double high) {}

  /**
   * The 95% interval of the mean of {@code values}: the 2.5th and 97.5th percentile of the means of {@code resamples} samples drawn with
   * replacement, interpolated between neighbours. The same seed gives the same interval.
   */
  public static Interval mean(double[] values, int resamples, long seed) {
    double[] ones = new double[values.length];
    Arrays.fill(ones, 1);
    return ratio(values, ones, resamples, seed);
  }

  /**
   * As {@link #mean}, of values that are drawn in groups.
   *
   * @param values of each group the sum
   * @param sizes of each group how many values it has, above 0
   */
  public static Interval ratio(double[] values, double[] sizes, int resamples, long seed) {
    if (values.length == 0) {
      throw new UserError("An interval needs at least one value, but there are none.");
    }
    if (resamples < 1) {
      throw UserError.of("The number of resamples is %d, but it must be 1 or more (1000 is usual).", resamples);
    }
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        throw UserError.of("Value %d of %d is %s: an interval needs finite values.", i + 1, values.length, values[i]);
      }
    }
    SplittableRandom random = new SplittableRandom(seed);
    double[] means = new double[resamples];
    for (int r = 0; r < resamples; r++) {
      double sum = 0;
      double size = 0;
      for (int i = 0; i < values.length; i++) {
        int drawn = random.nextInt(values.length);
        sum += values[drawn];
        size += sizes[drawn];
      }
      means[r] = sum / size;
    }
    Arrays.sort(means);
    return new Interval(percentile(means, 0.025), percentile(means, 0.975));
  }

  private static double percentile(double[] sorted, double fraction) {
    double at = fraction * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
