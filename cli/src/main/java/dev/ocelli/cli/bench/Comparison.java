package dev.ocelli.cli.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One row of the table: the same work by Ocelli and by another, in turn.
 *
 * @param work what is done
 * @param against by whom else
 * @param unit of the figures
 * @param lessIsBetter for times and memory
 * @param wanted the ratio that is wanted at least; NaN where none is
 */
record Comparison(String work, String against, String unit, boolean lessIsBetter, double wanted, List<Figure> ours, List<Figure> theirs) {
  /**
   * What one turn gave.
   *
   * @param type in which the weights were computed with: "bf16", "fp32", "int8", …
   */
  record Figure(double value, String type) {}

  static final String HEADING =
      "| work | unit | Ocelli | other | | times better | wanted | types |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n";

  Comparison(String work, String against, String unit, boolean lessIsBetter, double wanted) {
    this(work, against, unit, lessIsBetter, wanted, new ArrayList<>(), new ArrayList<>());
  }

  void add(Figure our, Figure their) {
    ours.add(our);
    theirs.add(their);
  }

  /** How many times better Ocelli is, turn by turn. */
  Spread ratio() {
    return Spread.of(IntStream.range(0, ours.size()).mapToObj(this::ratio).toList());
  }

  private double ratio(int turn) {
    double our = ours.get(turn).value;
    double their = theirs.get(turn).value;
    return lessIsBetter ? their / our : our / their;
  }

  /** @param turns that it was to have; a benchmark that stopped has rows with fewer, which say so */
  String row(int turns) {
    String which = ours.size() == turns ? work : work + " (" + ours.size() + " of " + turns + " turns)";
    return String.format(
        Locale.ROOT, "| %s | %s | %s | %s | %s | %s | %s | %s, %s |\n",
        which, unit, spread(ours).text(), spread(theirs).text(), against, ratio().text(),
        Double.isNaN(wanted) ? "" : String.format(Locale.ROOT, "%.1f", wanted), types(ours), types(theirs));
  }

  private static Spread spread(List<Figure> figures) {
    return Spread.of(figures.stream().map(Figure::value).toList());
  }

  private static String types(List<Figure> figures) {
    return figures.stream().map(Figure::type).distinct().collect(Collectors.joining(" or "));
  }
}
