package dev.ocelli.cli.bench;

import java.util.List;
import java.util.Locale;

/** Several measurements of one thing. */
record Spread(double median, double least, double most) {
  static Spread of(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int n = sorted.size();
    return new Spread((sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2, sorted.get(0), sorted.get(n - 1));
  }

  /** The median, with its range behind it. */
  String text() {
    return String.format(Locale.ROOT, "%s (%s–%s)", number(median), number(least), number(most));
  }

  private static String number(double x) {
    return String.format(Locale.ROOT, Math.abs(x) < 10 ? "%.2f" : Math.abs(x) < 100 ? "%.1f" : "%.0f", x);
  }
}
