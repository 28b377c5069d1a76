package dev.ocelli.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Finds photos by name in some folders, and guesses what was meant where there is none. */
final class PhotoFinder {
  private final List<Path> places;
  /** Folder → its files' names by lower case; listed only where a photo is missing. */
  private final Map<Path, Map<String, String>> listings = new HashMap<>();

  PhotoFinder(List<Path> places) {
    this.places = places;
  }

  /** The photo's file, or null. */
  Path find(String image) {
    for (Path place : places) {
      if (Files.isRegularFile(place.resolve(image))) {
        return place.resolve(image);
      }
    }
    return null;
  }

  /** A suggestion in brackets, or "". */
  String hint(String image) {
    for (Path place : places) {
      Path wanted = place.resolve(image);
      Map<String, String> names = listings.computeIfAbsent(wanted.getParent(), PhotoFinder::list);
      String near = names.get(wanted.getFileName().toString().toLowerCase(Locale.ROOT));
      if (near != null) {
        return " (did you mean " + place.relativize(wanted.resolveSibling(near)) + "?)";
      }
    }
    return image.contains("\\") ? " (write folders with \"/\")" : "";
  }

  private static Map<String, String> list(Path folder) {
    Map<String, String> names = new HashMap<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        files.forEach(file -> names.put(file.getFileName().toString().toLowerCase(Locale.ROOT), file.getFileName().toString()));
      } catch (IOException e) {
        return Map.of(); // only the hint is lost
      }
    }
    return names;
  }
}
