package dev.ocelli.cli;

import dev.ocelli.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Photos named on the command line. */
final class Images {
  private Images() {}

  /** Refuses files that aren't there, before anything is loaded. */
  static void check(List<Path> images) {
    for (Path image : images) {
      if (Files.isDirectory(image)) {
        throw UserError.of("%s is a folder. Name the photos in it.", image);
      }
      if (!Files.isRegularFile(image)) {
        throw UserError.of("There is no photo %s.", image);
      }
    }
  }
}
