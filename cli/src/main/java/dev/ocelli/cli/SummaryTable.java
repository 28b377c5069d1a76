package dev.ocelli.cli;

import dev.ocelli.eval.Bootstrap.Interval;
import dev.ocelli.eval.CaptionScores;
import dev.ocelli.eval.GroundingScores;
import dev.ocelli.eval.RetrievalIntervals;
import dev.ocelli.eval.RetrievalReport;
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

  /** With 95% intervals and median ranks. */
  static List<String> of(RetrievalReport r) {
    RetrievalScores s = r.scores();
    RetrievalIntervals i = r.interval95();
    List<String> lines = new ArrayList<>();
    if (r.rerank() > 0) {
      lines.add(line("The best %d of contrast, ranked again by matching:", r.rerank()));
    }
    lines.add(row("image to text", s.i2tR1(), i.i2tR1(), s.i2tR5(), i.i2tR5(), s.i2tR10(), i.i2tR10())
        + line("   median rank %.0f of %d captions", s.i2tMedianRank(), s.captions()));
    lines.add(row("text to image", s.t2iR1(), i.t2iR1(), s.t2iR5(), i.t2iR5(), s.t2iR10(), i.t2iR10())
        + line("   median rank %.0f of %d photos", s.t2iMedianRank(), s.images()));
    return lines;
  }

  private static String row(String way, double r1, Interval at1, double r5, Interval at5, double r10, Interval at10) {
    return line(
        "  %s   R@1 %.1f (%.1f-%.1f)   R@5 %.1f (%.1f-%.1f)   R@10 %.1f (%.1f-%.1f)",
        way, r1, at1.low(), at1.high(), r5, at5.low(), at5.high(), r10, at10.low(), at10.high());
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
