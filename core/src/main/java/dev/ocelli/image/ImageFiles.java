package dev.ocelli.image;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.BiConsumer;

/** The pictures of a folder. */
public final class ImageFiles {
  private ImageFiles() {}

  /** All at any depth, by their names' endings. Links are followed, hidden files and folders passed over. */
  public static List<Path> under(Path folder) throws IOException {
    List<Path> found = new ArrayList<>();
    walk(
        folder,
        (file, about) -> found.add(file),
        (file, e) -> {
          throw e;
        });
    return found;
  }

  /** What can't be read. */
  public interface Unread {
    void accept(Path file, IOException why) throws IOException;
  }

  /** Whether a walk from a folder passes over a file within it, for the names on the way. */
  public static boolean passedOver(Path folder, Path file) {
    for (Path name : folder.relativize(file)) {
      if (hidden(name)) {
        return true;
      }
    }
    return !ImageReader.looksLikeImage(file);
  }

  /** As {@link #under}, with each file's size and time; {@code unread} decides what becomes of what can't be read. */
  public static void walk(Path folder, BiConsumer<Path, BasicFileAttributes> found, Unread unread) throws IOException {
    Files.walkFileTree(
        folder,
        EnumSet.of(FileVisitOption.FOLLOW_LINKS),
        Integer.MAX_VALUE,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes about) {
            return hidden(dir) && !dir.equals(folder) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes about) {
            if (about.isRegularFile() && ImageReader.looksLikeImage(file) && !hidden(file)) {
              found.accept(file, about);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (!(e instanceof FileSystemLoopException)) { // a link to a folder around it shows nothing new
              unread.accept(file, e);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static boolean hidden(Path path) {
    Path name = path.getFileName();
    return name != null && name.toString().startsWith(".");
  }
}
