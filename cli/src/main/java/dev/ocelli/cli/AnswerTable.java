package dev.ocelli.cli;

import dev.ocelli.data.scenes.CaptionSlots;
import dev.ocelli.eval.AnswerScores;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Scores of answers, and of what captions name, for people. */
final class AnswerTable {
  private AnswerTable() {}

  static List<String> of(AnswerScores s) {
    List<String> kinds = new ArrayList<>(List.of(AnswerScores.ALL));
    s.counts().keySet().stream().filter(kind -> !kind.equals(AnswerScores.ALL)).forEach(kinds::add);
    List<String> lines = new ArrayList<>();
    StringBuilder head = new StringBuilder(String.format("%-32s", "Right answers, percent"));
    kinds.forEach(kind -> head.append(String.format(" %10s", kind)));
    lines.add(head.toString());
    lines.add(row("  with the photo", kinds, s.accuracy()));
    lines.add(row(s.blankIs().equals("trained") ? "  trained without photos" : "  this model, image slot blanked", kinds, s.blank()));
    if (s.guess() != null) {
      lines.add(row("  always the likeliest answer", kinds, s.guess()));
    }
    if (s.photoSwapped() != null) {
      lines.add(row("  with another photo", kinds, s.photoSwapped()));
    }
    StringBuilder counts = new StringBuilder(String.format("%-32s", "  questions"));
    kinds.forEach(kind -> counts.append(String.format(" %10d", s.counts().get(kind))));
    lines.add(counts.toString());
    if (s.questionSwapped() != null) {
      lines.add(
          String.format(
              Locale.ROOT,
              "  Asked another photo's question, %.0f%% of the answers change (%.0f%% should), and %.0f%% still answer the first question.",
              s.questionSwapped().answersChanged(), s.questionSwapped().shouldChange(), s.questionSwapped().answersStillRight()));
    }
    return lines;
  }

  private static String row(String name, List<String> kinds, Map<String, Double> percent) {
    StringBuilder line = new StringBuilder(String.format("%-32s", name));
    kinds.forEach(kind -> line.append(String.format(Locale.ROOT, " %10.1f", percent.get(kind))));
    return line.toString();
  }

  /** @param other of the same captions against other scenes */
  static List<String> of(CaptionSlots.Slots own, CaptionSlots.Slots other) {
    return List.of(
        String.format("%-32s %10s %10s %10s %10s %10s", "Slots right in captions, percent", "all", "object", "colour", "count", "relation"),
        row("  of its own scene", own),
        row("  of another scene (chance)", other));
  }

  private static String row(String name, CaptionSlots.Slots s) {
    StringBuilder line = new StringBuilder(String.format("%-32s", name));
    for (CaptionSlots.Slot slot : List.of(s.all(), s.object(), s.colour(), s.count(), s.relation())) {
      line.append(slot.percent() == null ? String.format(" %10s", "-") : String.format(Locale.ROOT, " %10.1f", slot.percent()));
    }
    return line.toString();
  }
}
