package dev.ocelli.cli.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What was measured, row by row, and what is to be said below it. */
final class Table {
  private final int repeats;
  private final PrintStream err;
  private final List<Comparison> rows = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * @param repeats turns of each row
   * @param err hears every turn
   */
  Table(int repeats, PrintStream err) {
    this.repeats = repeats;
    this.err = err;
  }

  int repeats() {
    return repeats;
  }

  /** A new row; its turns are added to it. */
  Comparison row(String work, String against, String unit, boolean lessIsBetter, double wanted) {
    Comparison row = new Comparison(work, against, unit, lessIsBetter, wanted);
    rows.add(row);
    return row;
  }

  /** A line below the table. */
  void note(String line) {
    notes.add(line);
  }

  /** Tells the one who waits how a row's turn went. */
  void say(Comparison row, int turn) {
    err.printf(
        Locale.ROOT, "%s, turn %d of %d: %.1f and %.1f %s%n",
        row.work(), turn + 1, repeats, row.ours().get(turn).value(), row.theirs().get(turn).value(), row.unit());
  }

  /**
   * In Markdown.
   *
   * @param machine what all this was measured on
   */
  String text(String machine) {
    StringBuilder text = new StringBuilder();
    text.append("# Benchmarks\n\nMade by `ocelli bench`, each figure the median of ").append(repeats);
    text.append(repeats == 1 ? " turn" : " turns").append(" with its range, Ocelli and the other one in turn. Types are those that Ocelli and");
    text.append(" the other one compute with.\n\n").append(machine).append("\n\n").append(Comparison.HEADING);
    rows.stream().filter(row -> !row.ours().isEmpty()).forEach(row -> text.append(row.row(repeats)));
    notes.forEach(note -> text.append('\n').append(note).append('\n'));
    return text.toString();
  }
}
