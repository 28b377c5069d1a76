package dev.ocelli.eval;

import java.util.List;
import java.util.Map;

/**
 * Corpus BLEU-1 to BLEU-4 (Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", ACL 2002), with the
 * brevity penalty against the reference whose length is closest to the caption's, the shorter one at a tie.
 *
 * <p>Two tiny constants keep empty corpora finite; their values are pycocoevalcap's, so that a score with no matching n-gram comes out
 * alike too (about 1e-4 rather than 0).
 */
public final class Bleu {
  private static final double IN_NUMERATOR = 1e-15;
  private static final double IN_DENOMINATOR = 1e-9;

  private Bleu() {}

  /** BLEU-1 to BLEU-4, 0 to 1, of captions given the references of each. */
  public static double[] score(List<Ngrams> captions, List<List<Ngrams>> references) {
    long[] matched = new long[Ngrams.LONGEST];
    long[] total = new long[Ngrams.LONGEST];
    long length = 0;
    long referenceLength = 0;
    for (int i = 0; i < captions.size(); i++) {
      Ngrams caption = captions.get(i);
      length += caption.words();
      referenceLength += closest(caption.words(), references.get(i));
      for (int n = 1; n <= Ngrams.LONGEST; n++) {
        total[n - 1] += caption.total(n);
        matched[n - 1] += matches(caption.of(n), references.get(i), n);
      }
    }
    double ratio = (length + IN_NUMERATOR) / (referenceLength + IN_DENOMINATOR);
    double brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
    double[] bleu = new double[Ngrams.LONGEST];
    double product = 1;
    for (int n = 1; n <= Ngrams.LONGEST; n++) {
      product *= (matched[n - 1] + IN_NUMERATOR) / (total[n - 1] + IN_DENOMINATOR);
      bleu[n - 1] = brevity * Math.pow(product, 1.0 / n);
    }
    return bleu;
  }

  /** An n-gram matches as often as it stands in the one reference that has it most. */
  private static long matches(Map<String, Integer> caption, List<Ngrams> references, int n) {
    long sum = 0;
    for (Map.Entry<String, Integer> entry : caption.entrySet()) {
      int most = 0;
      for (Ngrams reference : references) {
        most = Math.max(most, reference.of(n).getOrDefault(entry.getKey(), 0));
      }
      sum += Math.min(most, entry.getValue());
    }
    return sum;
  }

  private static int closest(int length, List<Ngrams> references) {
    int best = references.get(0).words();
    for (Ngrams reference : references) {
      int words = reference.words();
      int nearer = Integer.compare(Math.abs(words - length), Math.abs(best - length));
      if (nearer < 0 || (nearer == 0 && words < best)) {
        best = words;
      }
    }
    return best;
  }
}
