package dev.ocelli.data.scenes;

import dev.ocelli.data.Draws;
import java.util.ArrayList;
import java.util.List;

/** A row of draws for one purpose and step: the next one is told from the last by its row. */
final class Dice {
  private final long seed;
  private final String purpose;
  private final long step;
  private long row;

  Dice(long seed, String purpose, long step) {
    this.seed = seed;
    this.purpose = purpose;
    this.step = step;
  }

  /** A whole number in [0, bound). */
  int below(int bound) {
    return Draws.below(seed, purpose, step, row++, bound);
  }

  /** A whole number from the first to the last, both included. */
  int from(int first, int last) {
    return first + below(last - first + 1);
  }

  /** A number in [low, high). */
  double between(double low, double high) {
    return low + (high - low) * Draws.uniform(seed, purpose, step, row++);
  }

  boolean chance(double probability) {
    return between(0, 1) < probability;
  }

  @SafeVarargs
  final <T> T pick(T... of) {
    return of[below(of.length)];
  }

  <T> T pick(List<T> of) {
    return of.get(below(of.size()));
  }

  /** The place of one of some weights, drawn by weight. */
  int weighted(double... weights) {
    double total = 0;
    for (double weight : weights) {
      total += weight;
    }
    double left = between(0, total);
    int i = 0;
    while (i < weights.length - 1 && left >= weights[i]) {
      left -= weights[i++];
    }
    return i;
  }

  <T> List<T> shuffled(List<T> of) {
    List<T> list = new ArrayList<>(of);
    for (int i = list.size() - 1; i > 0; i--) {
      java.util.Collections.swap(list, i, below(i + 1));
    }
    return list;
  }
}
