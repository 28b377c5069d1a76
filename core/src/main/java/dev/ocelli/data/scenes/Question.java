package dev.ocelli.data.scenes;

import java.util.Locale;

/** A question about a scene with its answer, a word or two in lower case. */
public record Question(String question, String answer, Kind kind) {
  /** What one has to see. */
  public enum Kind {
    EXISTENCE,
    COUNT,
    COLOUR,
    POSITION,
    COMPARISON,
    YES_NO,
    OBJECT;

    /** In the files. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}
