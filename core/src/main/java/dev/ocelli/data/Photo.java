package dev.ocelli.data;

import java.nio.file.Path;
import java.util.List;

/**
 * A photo with its captions.
 *
 * @param image its name as the source gives it
 * @param picture where its bytes are
 */
public record Photo(String image, Picture picture, List<String> captions, Part part) {
  public Photo {
    captions = List.copyOf(captions);
  }

  /** A photo in a file of its own. */
  public Photo(String image, Path file, List<String> captions, Part part) {
    this(image, new Picture.InFile(file), captions, part);
  }
}
