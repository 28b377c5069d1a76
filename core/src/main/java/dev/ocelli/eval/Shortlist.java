package dev.ocelli.eval;

/**
 * The best few of many answers, best first. At a tie a wrong answer stands before a right one, so that ties count against the model.
 */
final class Shortlist {
  private final int[] answers;
  private final float[] scores;
  private final boolean[] right;
  private int size;

  /** @param length the most that it holds */
  Shortlist(int length) {
    answers = new int[length];
    scores = new float[length];
    right = new boolean[length];
  }

  /** @param isRight whether the answer is a right one */
  void offer(int answer, float score, boolean isRight) {
    int at = size;
    while (at > 0 && (score > scores[at - 1] || score == scores[at - 1] && !isRight && right[at - 1])) {
      at--;
    }
    if (at == answers.length) {
      return;
    }
    int moved = Math.min(size, answers.length - 1) - at;
    System.arraycopy(answers, at, answers, at + 1, moved);
    System.arraycopy(scores, at, scores, at + 1, moved);
    System.arraycopy(right, at, right, at + 1, moved);
    answers[at] = answer;
    scores[at] = score;
    right[at] = isRight;
    size = Math.min(size + 1, answers.length);
  }

  int size() {
    return size;
  }

  int answer(int place) {
    return answers[place];
  }

  float score(int place) {
    return scores[place];
  }

  /** Gives the answer at a place another score, without moving it. */
  void rescore(int place, float score) {
    scores[place] = score;
  }

  /** Rank of the best right answer by the scores as they are now, or {@code otherwise} where none is right. */
  int rank(int otherwise) {
    float best = Float.NEGATIVE_INFINITY;
    boolean any = false;
    for (int i = 0; i < size; i++) {
      best = right[i] ? Math.max(best, scores[i]) : best;
      any |= right[i];
    }
    if (!any) {
      return otherwise;
    }
    int rank = 1;
    for (int i = 0; i < size; i++) {
      rank += !right[i] && scores[i] >= best ? 1 : 0;
    }
    return rank;
  }
}
