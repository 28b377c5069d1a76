package dev.ocelli.data;

import java.util.Locale;

/** What is done to a caption before training. */
public final class Captions {
  private Captions() {}

  /**
   * The caption without white space around it.
   *
   * @param stripFinalStop whether to drop the full stops and spaces at its end, as Python's {@code rstrip(" .")}
   */
  public static String normalise(String caption, boolean lowercase, boolean stripFinalStop) {
    String text = caption.strip();
    if (stripFinalStop) {
      int end = text.length();
      while (end > 0 && (text.charAt(end - 1) == '.' || text.charAt(end - 1) == ' ')) {
        end--;
      }
      text = text.substring(0, end);
    }
    return lowercase ? text.toLowerCase(Locale.ROOT) : text;
  }
}
