package dev.ocelli.eval;

import java.util.Arrays;

/**
 * Where each photo's best own caption and each caption's photo stand, counted from 1.
 *
 * @param captionImage for each caption the index of its photo
 * @param image a rank for each photo, among all captions
 * @param caption a rank for each caption, among all photos
 */
record Ranks(int[] captionImage, int[] image, int[] caption) {
  private static final int RESAMPLES = 1000;

  RetrievalScores scores() {
    return new RetrievalScores(
        recall(image, 1),
        recall(image, 5),
        recall(image, 10),
        recall(caption, 1),
        recall(caption, 5),
        recall(caption, 10),
        median(image),
        median(caption),
        image.length,
        caption.length);
  }

  /** How sure the recalls are: photos are drawn anew with their captions, since captions of one photo succeed and fail together. */
  RetrievalIntervals intervals(long seed) {
    return new RetrievalIntervals(
        photos(1, seed), photos(5, seed), photos(10, seed), captions(1, seed), captions(5, seed), captions(10, seed));
  }

  private Bootstrap.Interval photos(int k, long seed) {
    return Bootstrap.mean(Arrays.stream(image).mapToDouble(rank -> rank <= k ? 100 : 0).toArray(), RESAMPLES, seed);
  }

  private Bootstrap.Interval captions(int k, long seed) {
    double[] hits = new double[image.length];
    double[] captions = new double[image.length];
    for (int c = 0; c < caption.length; c++) {
      hits[captionImage[c]] += caption[c] <= k ? 100 : 0;
      captions[captionImage[c]]++;
    }
    return Bootstrap.ratio(hits, captions, RESAMPLES, seed);
  }

  private static double recall(int[] ranks, int k) {
    return 100.0 * Arrays.stream(ranks).filter(rank -> rank <= k).count() / ranks.length;
  }

  private static double median(int[] ranks) {
    int[] sorted = ranks.clone();
    Arrays.sort(sorted);
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2.0;
  }
}
