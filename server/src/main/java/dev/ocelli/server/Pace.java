package dev.ocelli.server;

/**
 * How fast requests are answered of late, and so how long one that comes now would take. Thread-safe.
 *
 * <p>The pace is the moving mean of the time from one end to the next while there is work. Few at a time say too little of many, since
 * answers side by side share the model's steps: with fewer than {@link #SHARED} the time counts as so much less.
 */
final class Pace {
  /** Answers side by side took a quarter of the time that they took one after the other, or less (docs/serving.md). */
  private static final int SHARED = 4;

  /** Ends that the mean remembers. Answers that began together end together, so it takes many. */
  private static final int MEMORY = 32;

  private int working;
  private long last;
  private double mean = Double.NaN;

  /** Requests that are being worked on or wait in line. */
  synchronized int working() {
    return working;
  }

  /**
   * A request came.
   *
   * @param now {@link System#nanoTime()}
   * @return how many are ahead of it
   */
  synchronized int began(long now) {
    if (working == 0) {
      last = now;
    }
    return working++;
  }

  /** A request that came was sent away: it says nothing of the pace. */
  synchronized void refused() {
    working--;
  }

  synchronized void ended(long now) {
    double took = (now - last) / 1e9 * Math.min(1, working / (double) SHARED);
    mean = Double.isNaN(mean) ? took : mean + (took - mean) / MEMORY;
    last = now;
    working--;
  }

  /** Seconds until as many requests are answered; 0 before the first answer. */
  synchronized double seconds(int requests) {
    return Double.isNaN(mean) ? 0 : requests * mean;
  }
}
