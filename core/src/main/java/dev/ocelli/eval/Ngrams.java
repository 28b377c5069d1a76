package dev.ocelli.eval;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts of the word n-grams of one caption, n = 1 to {@link #LONGEST}. */
public final class Ngrams {
  public static final int LONGEST = 4;

  private final List<Map<String, Integer>> counts;
  private final int words;

  public Ngrams(List<String> tokens) {
    List<String> split = CaptionTokens.words(tokens);
    words = split.size();
    List<Map<String, Integer>> byLength = new java.util.ArrayList<>(LONGEST);
    for (int n = 1; n <= LONGEST; n++) {
      Map<String, Integer> count = new HashMap<>();
      for (int i = 0; i + n <= words; i++) {
        // No token holds a space, so that a joined key is unambiguous.
        count.merge(String.join(" ", split.subList(i, i + n)), 1, Integer::sum);
      }
      byLength.add(count);
    }
    counts = byLength;
  }

  /** N-gram to number of times, for one n. */
  public Map<String, Integer> of(int n) {
    return counts.get(n - 1);
  }

  /** How many n-grams there are, each time counted. */
  public int total(int n) {
    return Math.max(0, words - n + 1);
  }

  public int words() {
    return words;
  }
}
