package dev.ocelli.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * CIDEr-D (Vedantam, Zitnick and Parikh, "CIDEr: Consensus-based Image Description Evaluation", CVPR 2015): the cosine between tf-idf
 * vectors of n-grams, averaged over n = 1 to 4 and over the references, times 10. It is what pycocoevalcap calls "CIDEr": the D variant
 * with counts clipped to the reference's and a Gaussian penalty on the difference of lengths, but without stemming.
 *
 * <p>Document frequencies come from the references scored: the same caption scores differently beside other photos.
 */
public final class Cider {
  /** Width, in words, of the Gaussian length penalty: the paper's. */
  static final double SIGMA = 6;

  private final double logPhotos;
  private final Map<String, Integer> photosWith = new HashMap<>();
  private final double sigma;

  /** The n-grams of one caption, weighted. {@code length} counts bigrams, as pycocoevalcap does where the paper counts words. */
  private record Weighted(List<Map<String, Double>> vectors, double[] norms, int length) {}

  private Cider(List<List<Ngrams>> references, double sigma) {
    this.sigma = sigma;
    logPhotos = Math.log(references.size());
    for (List<Ngrams> photo : references) {
      Set<String> seen = new HashSet<>();
      for (Ngrams reference : photo) {
        for (int n = 1; n <= Ngrams.LONGEST; n++) {
          seen.addAll(reference.of(n).keySet());
        }
      }
      seen.forEach(ngram -> photosWith.merge(ngram, 1, Integer::sum));
    }
  }

  /** CIDEr of each caption given its references, 0 to 10; the corpus score is their mean. */
  public static double[] score(List<Ngrams> captions, List<List<Ngrams>> references) {
    return score(captions, references, SIGMA);
  }

  static double[] score(List<Ngrams> captions, List<List<Ngrams>> references, double sigma) {
    Cider cider = new Cider(references, sigma);
    double[] scores = new double[captions.size()];
    for (int i = 0; i < scores.length; i++) {
      Weighted caption = cider.weigh(captions.get(i));
      double sum = 0;
      for (Ngrams reference : references.get(i)) {
        sum += cider.similarity(caption, cider.weigh(reference));
      }
      scores[i] = 10 * sum / references.get(i).size();
    }
    return scores;
  }

  private Weighted weigh(Ngrams ngrams) {
    List<Map<String, Double>> vectors = new ArrayList<>(Ngrams.LONGEST);
    double[] norms = new double[Ngrams.LONGEST];
    for (int n = 1; n <= Ngrams.LONGEST; n++) {
      Map<String, Double> vector = new HashMap<>();
      double squares = 0;
      for (Map.Entry<String, Integer> entry : ngrams.of(n).entrySet()) {
        double weight = entry.getValue() * (logPhotos - Math.log(photosWith.getOrDefault(entry.getKey(), 1)));
        vector.put(entry.getKey(), weight);
        squares += weight * weight;
      }
      vectors.add(vector);
      norms[n - 1] = Math.sqrt(squares);
    }
    return new Weighted(vectors, norms, ngrams.total(2));
  }

  private double similarity(Weighted caption, Weighted reference) {
    double sum = 0;
    for (int n = 0; n < Ngrams.LONGEST; n++) {
      double norm = caption.norms[n] * reference.norms[n];
      if (norm == 0) {
        continue;
      }
      double dot = 0;
      for (Map.Entry<String, Double> entry : caption.vectors.get(n).entrySet()) {
        double other = reference.vectors.get(n).getOrDefault(entry.getKey(), 0.0);
        dot += Math.min(entry.getValue(), other) * other;
      }
      sum += dot / norm;
    }
    double difference = caption.length - reference.length;
    return sum / Ngrams.LONGEST * Math.exp(-difference * difference / (2 * sigma * sigma));
  }
}
