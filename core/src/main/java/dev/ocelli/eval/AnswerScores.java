package dev.ocelli.eval;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How often a model answers right, and whether it needs the photo to. All are percent; maps are by kind of question, with all of them under
 * {@link #ALL}.
 *
 * @param questions how many there are
 * @param accuracy with the right photo
 * @param blank without any photo
 * @param blankIs whether {@code blank} is another model, trained without seeing ("trained"), or this one with its image slot blanked
 *     ("evaluated")
 * @param guess always the answer that is most frequent in training for questions of the same kind and first words; null where there are
 *     no training questions
 * @param photoSwapped with another photo, against the question's own answer: must fall to {@code blank}
 * @param questionSwapped with the right photo and the question of another
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record AnswerScores(
    int questions,
    Map<String, Integer> counts,
    Map<String, Double> accuracy,
    Map<String, Double> blank,
    String blankIs,
    Map<String, Double> guess,
    Map<String, Double> photoSwapped,
    Swapped questionSwapped) {
  /** The key of all questions together. */
  public static final String ALL = "all";

  /**
   * @param answersChanged how many answers are others than to the photo's own question
   * @param shouldChange how many of the true answers to the two questions differ
   * @param answersStillRight how many answers are still the one to the photo's own question though that is wrong now
   */
  public record Swapped(double answersChanged, double shouldChange, double answersStillRight) {}

  /** Percent of the questions that are right, by kind. */
  public static Map<String, Double> accuracy(List<String> kinds, List<Boolean> right) {
    Map<String, int[]> sums = new TreeMap<>();
    for (int i = 0; i < kinds.size(); i++) {
      for (String key : new TreeSet<>(List.of(ALL, kinds.get(i).isEmpty() ? "other" : kinds.get(i)))) {
        int[] sum = sums.computeIfAbsent(key, k -> new int[2]);
        sum[0] += right.get(i) ? 1 : 0;
        sum[1]++;
      }
    }
    Map<String, Double> percent = new TreeMap<>();
    sums.forEach((kind, sum) -> percent.put(kind, 100.0 * sum[0] / sum[1]));
    return percent;
  }
}
