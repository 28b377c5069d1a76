package dev.ocelli.cli;

import dev.ocelli.eval.CaptionScores;
import dev.ocelli.eval.GroundingScores;
import dev.ocelli.eval.RetrievalScores;
import dev.ocelli.train.Summary;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The scores of a run, for people. */
record SummaryTable(Summary summary) {
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    if (summary.captions() == null) {
      lines.add("No photos are held out, so there is nothing to measure on.");
      return lines;
    }
    lines.add("On the photos held out:");
    if (summary.retrieval() != null) {
      lines.addAll(of(summary.retrieval()));
    }
    if (summary.grounding() != null) {
      lines.addAll(of(summary.grounding()));
    }
    lines.addAll(of(summary.captions()));
    return lines;
  }

  static List<String> of(RetrievalScores s) {
    return List.of(
        line("  image to text   R@1 %5.1f   R@5 %5.1f   R@10 %5.1f   among %d captions", s.i2tR1(), s.i2tR5(), s.i2tR10(), s.captions()),
        line("  text to image   R@1 %5.1f   R@5 %5.1f   R@10 %5.1f   among %d photos", s.t2iR1(), s.t2iR5(), s.t2iR10(), s.images()));
  }

  static List<String> of(GroundingScores s) {
    return List.of(
        line("  grounding       loss %.3f with the right photo, %.3f with another: gap %.3f", s.lossOwn(), s.lossShuffled(), s.gap()));
  }

  static List<String> of(CaptionScores s) {
    return List.of(
        line(
            "  captions        BLEU-4 %.1f   CIDEr %.2f   ROUGE-L %.1f   over %d photos",
            100 * s.bleu4(), s.cider(), 100 * s.rougeL(), s.captions()));
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
