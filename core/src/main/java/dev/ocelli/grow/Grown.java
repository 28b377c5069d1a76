package dev.ocelli.grow;

/**
 * One thing that a model wrote.
 *
 * @param image the photo's name
 * @param origin what wrote it
 * @param source the caption that it was made of; "" for captions
 * @param question null but for questions
 * @param text the caption, or the answer to the question
 * @param score of the photo with the text; NaN where it wasn't scored
 * @param thrown why it isn't kept; null where it is
 */
public record Grown(String image, Origin origin, String source, String question, String text, double score, String thrown) {
  /** Who wrote a row, as the column {@code origin} says. */
  public enum Origin {
    /** The trained model described the photo. */
    MODEL,
    /** The language model wrote a caption in other words. */
    PARAPHRASE,
    /** The language model asked, and answered, of a caption. */
    QUESTION;

    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  boolean kept() {
    return thrown == null;
  }
}
