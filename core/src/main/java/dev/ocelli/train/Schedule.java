package dev.ocelli.train;

/**
 * How the learning rate moves: up in a line over {@code warmup} steps, then constant, or down half a cosine to nothing at {@code steps}
 * (Loshchilov and Hutter 2017); as transformers' schedules of the same names, but for the warm-up: theirs begins with a step at rate 0,
 * ours at {@code 1 / (warmup + 1)}.
 */
public record Schedule(String kind, long warmup, long steps) {
  /** What the rates are multiplied with at a step, counted from 0. */
  public double factor(long step) {
    if (step < warmup) {
      return (step + 1.0) / (warmup + 1.0);
    }
    if (kind.equals("constant")) {
      return 1;
    }
    double progress = (step - warmup) / Math.max(1.0, steps - warmup);
    return 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
  }
}
