package dev.ocelli.cli;

import dev.ocelli.eval.Bootstrap.Interval;
import dev.ocelli.eval.CaptionScores;
import dev.ocelli.eval.GroundingScores;
import dev.ocelli.eval.RetrievalIntervals;
import dev.ocelli.eval.RetrievalReport;
import dev.ocelli.eval.RetrievalScores;
import dev.ocelli.eval.WordScores;
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

  static List<String> of(WordScores s) {
    return List.of(
        line("  word maps       hit what they name %.1f%% (%.1f-%.1f)", s.hits(), s.hits95().low(), s.hits95().high()),
        line("  average map     hits it %.1f%% (%.1f-%.1f)", s.averageHits(), s.averageHits95().low(), s.averageHits95().high()),
        line(
            "  difference      %.1f points (%.1f to %.1f), over %d words of %d pictures",
            s.hitsMore(), s.hitsMore95().low(), s.hitsMore95().high(), s.words(), s.pictures()),
        line("  leans           to what is named in %.1f%% (%.1f-%.1f); 50 by chance", s.leans(), s.leans95().low(), s.leans95().high()));
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
