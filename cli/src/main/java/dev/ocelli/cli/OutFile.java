package dev.ocelli.cli;

import dev.ocelli.UserError;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that a command writes when all is done: what can't be written is refused before. */
final class OutFile {
  private OutFile() {}

  /**
   * @param option that names it
   * @param out null where none is asked for
   */
  static void check(String option, Path out) {
    if (out == null) {
      return;
    }
    if (Files.isDirectory(out)) {
      throw UserError.of("%s %s is a folder. Name a file.", option, out);
    }
    Path folder = out.toAbsolutePath().getParent();
    while (folder != null && !Files.exists(folder)) {
      folder = folder.getParent();
    }
    if (folder != null && (!Files.isDirectory(folder) || !Files.isWritable(folder))) {
      throw UserError.of("%s %s can't be written: %s is %s.", option, out, folder, Files.isDirectory(folder) ? "not yours to write in" : "no folder");
    }
  }
}
