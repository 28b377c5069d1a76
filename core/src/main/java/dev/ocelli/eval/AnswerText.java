package dev.ocelli.eval;

import java.util.Locale;

/** When two answers count as the same: case, a final stop, white space and an article before the noun make no difference. */
public final class AnswerText {
  private AnswerText() {}

  public static String normalise(String answer) {
    String text = answer.toLowerCase(Locale.ROOT).strip().replaceAll("\\s+", " ");
    text = text.replaceAll("[.!]+$", "").strip();
    return text.replaceFirst("^(a|an|the) ", "");
  }

  public static boolean same(String one, String other) {
    return normalise(one).equals(normalise(other));
  }
}
