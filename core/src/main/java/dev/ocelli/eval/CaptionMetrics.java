package dev.ocelli.eval;

import dev.ocelli.UserError;
import java.util.Arrays;
import java.util.List;

/** Scores generated captions, one a photo, against what people wrote of the same photos. */
public final class CaptionMetrics {
  private final CaptionScores scores;
  private final double[] cider;
  private final double[] rougeL;

  private CaptionMetrics(CaptionScores scores, double[] cider, double[] rougeL) {
    this.scores = scores;
    this.cider = cider;
    this.rougeL = rougeL;
  }

  /** The scores alone; see {@link #of}. */
  public static CaptionScores score(List<String> captions, List<List<String>> references) {
    return of(captions, references).scores();
  }

  /**
   * Scores the set as plain text: splitting into words is part of the metrics.
   *
   * @param captions one a photo; an empty one is allowed and scores low
   * @param references for each photo one caption or more
   * @throws UserError where there is nothing to score, the lists differ in length or a photo has no reference
   */
  public static CaptionMetrics of(List<String> captions, List<List<String>> references) {
    check(captions, references);
    List<List<String>> tokens = captions.stream().map(CaptionTokens::of).toList();
    List<List<List<String>>> referenceTokens =
        references.stream().map(photo -> photo.stream().map(CaptionTokens::of).toList()).toList();
    List<Ngrams> ngrams = tokens.stream().map(Ngrams::new).toList();
    List<List<Ngrams>> referenceNgrams = referenceTokens.stream().map(photo -> photo.stream().map(Ngrams::new).toList()).toList();
    double[] bleu = Bleu.score(ngrams, referenceNgrams);
    double[] cider = Cider.score(ngrams, referenceNgrams);
    double[] rougeL = new double[captions.size()];
    Arrays.setAll(rougeL, i -> RougeL.score(tokens.get(i), referenceTokens.get(i)));
    CaptionScores scores = new CaptionScores(bleu[0], bleu[1], bleu[2], bleu[3], mean(cider), mean(rougeL), captions.size());
    return new CaptionMetrics(scores, cider, rougeL);
  }

  public CaptionScores scores() {
    return scores;
  }

  /** CIDEr-D of each caption, in their order: with it the best and worst examples can be shown. */
  public double[] cider() {
    return cider.clone();
  }

  /** ROUGE-L of each caption, in their order. */
  public double[] rougeL() {
    return rougeL.clone();
  }

  private static void check(List<String> captions, List<List<String>> references) {
    if (captions.isEmpty()) {
      throw new UserError("There are no captions to score. Generate captions for at least one photo.");
    }
    if (captions.size() != references.size()) {
      throw UserError.of(
          "There are %d captions but references for %d photos. Give one caption for each photo.", captions.size(), references.size());
    }
    for (int i = 0; i < references.size(); i++) {
      if (references.get(i).isEmpty()) {
        throw UserError.of("Photo %d of %d has no reference caption. Give it at least one or leave it out.", i + 1, references.size());
      }
    }
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElseThrow();
  }
}
