package dev.ocelli.search;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.image.ImageFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Finds photos in folders, and in folders within them, by the ends of their names. */
public final class PhotoFiles {
  private PhotoFiles() {}

  /** A photo's file as it lies there now. */
  record Found(Path file, long size, long modified) {}

  /**
   * All photos, in the order of their paths. Hidden files and folders are passed over, and names that an index can't keep.
   *
   * @param places photos and folders; a folder without any photo is refused, as it may be a disk that isn't there
   * @param unread gets each folder or file that can't be read, and why
   * @param nameless gets each photo whose name can't be written down
   */
  static List<Found> find(List<Path> places, BiConsumer<Path, String> unread, Consumer<Path> nameless) {
    TreeMap<Path, Found> found = new TreeMap<>();
    for (Path place : places) {
      Path from = absolute(place);
      int before = found.size();
      List<String> why = new ArrayList<>();
      try {
        if (Files.isDirectory(from)) {
          ImageFiles.walk(
              from,
              (file, about) -> {
                if (hasPlainName(file)) {
                  found.put(file, new Found(file, about.size(), about.lastModifiedTime().toMillis()));
                } else {
                  why.add(file + ": its name isn't in this system's letters (UTF-8 mostly), so rename it");
                  nameless.accept(file);
                }
              },
              (file, e) -> {
                why.add(file + ": " + AtomicFile.reason(e));
                unread.accept(file, AtomicFile.reason(e));
              });
        } else if (Files.isRegularFile(from)) {
          BasicFileAttributes about = Files.readAttributes(from, BasicFileAttributes.class);
          found.put(from, new Found(from, about.size(), about.lastModifiedTime().toMillis()));
        } else {
          throw UserError.of("There is no photo or folder %s.", place);
        }
      } catch (IOException e) {
        throw new UserError("Can't read " + place + ": " + AtomicFile.reason(e) + ".", e);
      }
      if (found.size() == before && found.keySet().stream().noneMatch(file -> file.startsWith(from))) {
        throw why.isEmpty()
            ? UserError.of("%s has no photo (jpg, png, gif, bmp or webp). Name a folder that has some.", place)
            : UserError.of("%s has no photo that can be read. %s.", place, why.get(0));
      }
    }
    return List.copyOf(found.values());
  }

  /** Whether a file's name survives being written down: one of another system's letters becomes a name that no file has. */
  private static boolean hasPlainName(Path file) {
    try {
      return Files.exists(Path.of(file.toString()));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  static Path absolute(Path place) {
    return place.toAbsolutePath().normalize();
  }
}
