package dev.ocelli.data.source;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.Picture;
import dev.ocelli.data.Utf8Reader;
import dev.ocelli.image.ImageReader;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A folder, with folders in it or without, of {@code photo.jpg} and {@code photo.txt} beside it (or photo.caption): each line of the text
 * is a caption. Where the outermost folders are all named after splits (train, val, …), they give them.
 */
record TextFiles(Path root) implements PairSource {
  private static final List<String> ENDINGS = List.of(".txt", ".caption");

  @Override
  public String format() {
    return "photos with text files beside them";
  }

  @Override
  public Path file() {
    return root;
  }

  @Override
  public List<Path> folders() {
    return List.of(root);
  }

  /** Whether some picture in the folder, or in a folder of it, has its text beside it. */
  static boolean matches(Path root) {
    try {
      // The folder may be a link to where it is.
      Path real = root.toRealPath();
      try (Stream<Path> files = Files.find(real, 4, (path, about) -> about.isRegularFile() && ImageReader.looksLikeImage(path))) {
        return files.anyMatch(picture -> text(picture) != null);
      }
    } catch (IOException | java.io.UncheckedIOException e) {
      return false; // reading says why
    }
  }

  @Override
  public Contents read(Sink sink) {
    RowDigest rows = new RowDigest(sink);
    List<Path> inner = list(root).stream().filter(Files::isDirectory).toList();
    SplitNames splits = new SplitNames(inner);
    Counts counts = new Counts();
    walk(root, "", splits, rows, counts);
    List<String> notes =
        counts.textless == 0 ? List.of() : List.of(root + ": " + counts.textless + " photos have no text beside them; skipped");
    return new Contents(rows.sha256(), splits.several() && !counts.outside, notes);
  }

  private static final class Counts {
    long textless;
    boolean outside;
  }

  private void walk(Path folder, String split, SplitNames splits, Sink sink, Counts counts) {
    Map<String, Path> pictures = new HashMap<>();
    for (Path path : list(folder)) {
      if (Files.isDirectory(path)) {
        walk(path, folder.equals(root) ? splits.of(path) : split, splits, sink, counts);
      } else if (ImageReader.looksLikeImage(path)) {
        Path text = text(path);
        if (text == null) {
          counts.textless++;
          continue;
        }
        Path twin = pictures.put(stem(path), path);
        if (twin != null) {
          throw UserError.of("%s and %s share one text, %s. Give each its own.", twin, path.getFileName(), text.getFileName());
        }
        counts.outside |= split.isEmpty();
        pairs(path, text, split, sink);
      }
    }
  }

  private void pairs(Path path, Path text, String split, Sink sink) {
    String image = root.relativize(path).toString().replace('\\', '/');
    Picture picture = new Picture.InFile(path);
    try (BufferedReader lines = new BufferedReader(new Utf8Reader(text))) {
      long number = 0;
      boolean any = false;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (!line.isBlank()) {
          any = true;
          sink.pair(new Pair(image, picture, line.strip(), split, new Place(text, "line", number)));
        }
      }
      if (!any) {
        sink.pair(new Pair(image, picture, "", split, new Place(text, "line", 1)));
      }
    } catch (IOException e) {
      throw new UserError("Can't read " + text + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  private static Path text(Path picture) {
    for (String ending : ENDINGS) {
      Path text = picture.resolveSibling(stem(picture) + ending);
      if (Files.isRegularFile(text)) {
        return text;
      }
    }
    return null;
  }

  private static String stem(Path picture) {
    String name = picture.getFileName().toString();
    return name.substring(0, name.lastIndexOf('.'));
  }

  private static List<Path> list(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> !file.getFileName().toString().startsWith(".")).sorted().toList();
    } catch (IOException e) {
      throw new UserError("Can't read the folder " + folder + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
