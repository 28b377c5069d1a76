package dev.ocelli.cli.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * One row of the table: the same work by Ocelli and by another, in turn.
 *
 * @param work what is done
 * @param against by whom else
 * @param unit of the figures
 * @param lessIsBetter for times and memory
 * @param wanted the ratio that is wanted at least
 */
record Comparison(String work, String against, String unit, boolean lessIsBetter, double wanted, List<Double> ours, List<Double> theirs) {
  Comparison(String work, String against, String unit, boolean lessIsBetter, double wanted) {
    this(work, against, unit, lessIsBetter, wanted, new ArrayList<>(), new ArrayList<>());
  }

  static final String HEADING =
      "| work | unit | Ocelli | other | | times better | wanted |\n| --- | --- | --- | --- | --- | --- | --- |\n";

  void add(double our, double their) {
    ours.add(our);
    theirs.add(their);
  }

  /** How many times better Ocelli is, turn by turn. */
  Spread ratio() {
    return Spread.of(
        IntStream.range(0, ours.size()).mapToObj(i -> lessIsBetter ? theirs.get(i) / ours.get(i) : ours.get(i) / theirs.get(i)).toList());
  }

  String row() {
    return String.format(
        Locale.ROOT, "| %s | %s | %s | %s | %s | %s | %.1f |%n",
        work, unit, Spread.of(ours).text(), Spread.of(theirs).text(), against, ratio().text(), wanted);
  }
}
