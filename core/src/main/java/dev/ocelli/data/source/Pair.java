package dev.ocelli.data.source;

import dev.ocelli.data.Picture;

/**
 * A picture and one caption of it, as a source has them.
 *
 * @param image the picture's name: the same in all pairs of one picture, and in no other's
 * @param picture the picture, or null where the source only names a file, to be looked for in its folders
 * @param caption without white space around it; may be empty
 * @param split what the source says of the picture's part (train, val, …), or ""
 * @param origin who wrote the caption: "" or "given" for people, else a model
 */
public record Pair(String image, Picture picture, String caption, String split, String origin, Place place) {
  /** A caption of unknown origin, taken as a person's. */
  Pair(String image, Picture picture, String caption, String split, Place place) {
    this(image, picture, caption, split, "", place);
  }
}
