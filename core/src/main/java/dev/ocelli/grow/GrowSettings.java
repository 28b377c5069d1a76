package dev.ocelli.grow;

import dev.ocelli.UserError;
import dev.ocelli.generate.SamplingSettings;

/**
 * What to add, and how likely it must be.
 *
 * @param quantile new captions must score as high as this part of the real ones is exceeded by the others: 0.25 keeps what beats a quarter
 * @param threshold a score instead of the quantile; null without
 * @param limit photos to caption at most
 * @param paraphrases whether to write captions anew in other words
 * @param questions whether to make questions of captions
 * @param captions how captions are drawn; its seed also draws which captions are written anew, and the rows shown
 */
public record GrowSettings(
    double quantile, Double threshold, int limit, boolean paraphrases, boolean questions, SamplingSettings captions) {
  public GrowSettings {
    if (!(quantile >= 0 && quantile <= 1)) {
      throw UserError.of("--quantile is %s; it must be from 0 to 1.", quantile);
    }
    if (threshold != null && !Double.isFinite(threshold)) {
      throw UserError.of("--threshold is %s; it must be a number.", threshold);
    }
    if (limit < 1) {
      throw UserError.of("--limit is %d; it must be 1 or more.", limit);
    }
  }
}
