package dev.ocelli.eval;

import java.util.List;

/**
 * ROUGE-L (Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004): an F-measure, recall weighing more, of the longest
 * common subsequence of words. As in pycocoevalcap the best precision and the best recall may come from different references.
 */
public final class RougeL {
  static final double BETA = 1.2;

  /** What pycocoevalcap sees in an empty caption: one empty word, which another empty caption matches. */
  private static final List<String> EMPTY = List.of("");

  private RougeL() {}

  /** ROUGE-L, 0 to 1, of one caption's tokens against those of its references. */
  public static double score(List<String> caption, List<List<String>> references) {
    return score(caption, references, BETA);
  }

  static double score(List<String> caption, List<List<String>> references, double beta) {
    List<String> words = caption.isEmpty() ? EMPTY : caption;
    double precision = 0;
    double recall = 0;
    for (List<String> reference : references) {
      List<String> others = reference.isEmpty() ? EMPTY : reference;
      double common = longestCommonSubsequence(words, others);
      precision = Math.max(precision, common / words.size());
      recall = Math.max(recall, common / others.size());
    }
    if (precision == 0) {
      return 0;
    }
    double weight = beta * beta;
    return (1 + weight) * precision * recall / (recall + weight * precision);
  }

  private static int longestCommonSubsequence(List<String> a, List<String> b) {
    int[] row = new int[b.size() + 1];
    for (String word : a) {
      int diagonal = 0;
      for (int j = 1; j <= b.size(); j++) {
        int above = row[j];
        row[j] = word.equals(b.get(j - 1)) ? diagonal + 1 : Math.max(above, row[j - 1]);
        diagonal = above;
      }
    }
    return row[b.size()];
  }
}
