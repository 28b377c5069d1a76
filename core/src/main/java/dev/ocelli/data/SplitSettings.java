package dev.ocelli.data;

import dev.ocelli.UserError;

/**
 * How photos are shared out. {@code test} is used only where the captions file has no split column.
 *
 * @param test the held-out fraction of all photos
 * @param validation the fraction of the training photos that chooses the best checkpoint; never more than 500 photos
 * @param seed of the draw
 */
public record SplitSettings(double test, double validation, long seed) {
  public SplitSettings {
    check("test", test);
    check("validation", validation);
  }

  private static void check(String key, double fraction) {
    if (!(fraction >= 0 && fraction < 1)) {
      throw UserError.of("%s is %s; it must be a fraction from 0 up to, but not including, 1.", key, fraction);
    }
  }
}
