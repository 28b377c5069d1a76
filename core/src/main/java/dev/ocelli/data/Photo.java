package dev.ocelli.data;

import java.nio.file.Path;
import java.util.List;

/**
 * A photo with its captions.
 *
 * @param image its name as the captions file gives it
 */
public record Photo(String image, Path file, List<String> captions, Part part) {
  public Photo {
    captions = List.copyOf(captions);
  }
}
