package dev.ocelli.data;

import java.util.Locale;
import java.util.regex.Pattern;

/** What is done to a caption before training. */
public final class Captions {
  /**
   * English; German and Dutch, in compounds too; French; Spanish; Portuguese; Italian. A word that only looks like one costs a caption its
   * mirrored views, no more.
   */
  private static final Pattern SIDES =
      Pattern.compile(
          "\\b((left|right)(most|wards?|hand(ed)?|s)?|(counter|anti)?-?clockwise|(link|recht)(e[nms]?|(s|er)\\p{L}*)|gauches?|droite?s?"
              + "|(izquierd|derech|esquerd|direit)[ao]s?|(sini|de)str[aoei])\\b",
          Pattern.CASE_INSENSITIVE);

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

  /**
   * Whether a caption says which side something is on (in English, German, Dutch, French, Spanish, Portuguese or Italian), so that it would be
   * wrong of the mirrored photo.
   */
  public static boolean saysSide(String caption) {
    return SIDES.matcher(caption).find();
  }

  /** Whether a reader sees anything: a text of spaces, control and zero-width characters alone gives a tokenizer nothing. */
  public static boolean hasWords(String text) {
    return text.codePoints().anyMatch(Captions::visible);
  }

  private static boolean visible(int letter) {
    return switch (Character.getType(letter)) {
      case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
          Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
          Character.NON_SPACING_MARK, Character.ENCLOSING_MARK -> false;
      default -> letter != 0xFFFD;
    };
  }
}
