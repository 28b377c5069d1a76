package dev.ocelli.data;

/** The recipe's settings for {@link Captions#normalise}. */
public record CaptionStyle(boolean lowercase, boolean stripFinalStop) {
  public String apply(String caption) {
    return Captions.normalise(caption, lowercase, stripFinalStop);
  }
}
