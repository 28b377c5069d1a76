package dev.ocelli.eval;

import dev.ocelli.data.Dialogue.Turn;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What can be answered without any photo or model: always the answer that is most frequent, in training, for questions of the same kind that
 * begin with the same two words; else for all of the kind.
 */
public final class GuessedAnswers {
  private static final int WORDS = 2;

  private final Map<String, Map<String, Integer>> counts = new HashMap<>();

  public GuessedAnswers(List<Turn> training) {
    for (Turn turn : training) {
      for (String key : List.of(beginning(turn), turn.kind())) {
        counts.computeIfAbsent(key, k -> new HashMap<>()).merge(AnswerText.normalise(turn.answer()), 1, Integer::sum);
      }
    }
  }

  public String of(Turn turn) {
    Map<String, Integer> known = counts.getOrDefault(beginning(turn), counts.getOrDefault(turn.kind(), Map.of()));
    // Of equally frequent ones the first by alphabet, so that the same data always gives the same figure.
    return known.entrySet().stream()
        .max(Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.<String, Integer>comparingByKey().reversed()))
        .map(Map.Entry::getKey)
        .orElse("");
  }

  private static String beginning(Turn turn) {
    String[] words = turn.question().toLowerCase(java.util.Locale.ROOT).strip().split("[^\\p{L}\\p{N}]+", WORDS + 1);
    return turn.kind() + "\n" + words[0] + " " + (words.length > 1 ? words[1] : "");
  }
}
