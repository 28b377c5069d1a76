package dev.ocelli.data.source;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.Utf8Reader;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The token files of Flickr8k and Flickr30k: lines of {@code image.jpg#0}, a tab, and a caption. Lists of images beside it, such as
 * Flickr_8k.trainImages.txt, give the split; photos in none of them are left out then, as in everybody's use of the data.
 *
 * @param lists the lists, by the word for their split; empty where there are none
 */
record FlickrTokens(Path file, Map<String, Path> lists, List<Path> folders) implements PairSource {
  @Override
  public String format() {
    return "Flickr token file " + file.getFileName() + (lists.isEmpty() ? "" : " with " + lists.size() + " lists of images");
  }

  /** The lists of images among text files. */
  static Map<String, Path> lists(List<Path> texts) {
    Map<String, Path> lists = new TreeMap<>();
    for (Path text : texts) {
      String name = text.getFileName().toString().toLowerCase(Locale.ROOT);
      // The word is written together with "Images" here.
      String word = SplitNames.word(name.replace("images", ""));
      if (!word.isEmpty() && name.endsWith(".txt") && (name.contains("images") || name.equals(word + ".txt"))) {
        lists.put(word, text);
      }
    }
    return lists.size() > 1 ? lists : Map.of();
  }

  /** Whether a text file is of this kind, by its first line. */
  static boolean matches(Path text) {
    try (BufferedReader lines = new BufferedReader(new Utf8Reader(text))) {
      String line = lines.readLine();
      return line != null && line.matches("[^\\t]+#[0-9]+\\t.*");
    } catch (IOException | UserError e) {
      return false; // some other file
    }
  }

  @Override
  public Contents read(Sink sink) {
    RowDigest rows = new RowDigest(sink);
    Map<String, String> splits = splits();
    long unlisted = 0;
    long number = 0;
    try (BufferedReader lines = new BufferedReader(new Utf8Reader(file))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        int tab = line.indexOf('\t');
        int mark = tab < 0 ? -1 : line.lastIndexOf('#', tab);
        if (line.isBlank()) {
          continue;
        }
        if (mark < 1) {
          throw UserError.of(
              "%s, line %d: \"%s\" is no image.jpg#0, a tab and a caption. Mend or remove the line.",
              file, number, DelimitedTable.shortened(line));
        }
        String image = line.substring(0, mark).strip();
        String split = splits.getOrDefault(stem(image), "");
        if (split.isEmpty() && !lists.isEmpty()) {
          unlisted++;
        } else {
          rows.pair(new Pair(image, null, line.substring(tab + 1).strip(), split, new Place(file, "line", number)));
        }
      }
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
    String note = unlisted + " captions are of images that no list names (" + String.join(", ", lists.keySet()) + "); skipped";
    return new Contents(rows.sha256(), !lists.isEmpty(), unlisted == 0 ? List.of() : List.of(file + ": " + note));
  }

  /** Flickr30k's lists name photos without their ending. */
  private static String stem(String image) {
    return image.replaceFirst("\\.[A-Za-z]+$", "");
  }

  private Map<String, String> splits() {
    Map<String, String> splits = new HashMap<>();
    lists.forEach(
        (word, list) -> {
          try (BufferedReader reader = new BufferedReader(new Utf8Reader(list))) {
            reader.lines().map(String::strip).filter(line -> !line.isEmpty()).forEach(line -> splits.put(stem(line), word));
          } catch (IOException e) {
            throw new UserError("Can't read " + list + ": " + AtomicFile.reason(e) + ".", e);
          }
        });
    return splits;
  }
}
