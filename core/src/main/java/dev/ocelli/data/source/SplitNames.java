package dev.ocelli.data.source;

import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits that files or folders have in their names: captions_val2017.json, train-00000-of-00002.parquet, test/. Only where they say
 * several: a data set's training part alone, say, is shared out by the seed like any other.
 */
final class SplitNames {
  private static final Pattern WORD = Pattern.compile("(?<![a-z])(train|trn|validation|valid|val|dev|test|holdout|unseen)(?![a-z])");

  private final Map<Path, String> words = new HashMap<>();
  private final boolean several;

  SplitNames(Collection<Path> files) {
    files.forEach(file -> words.put(file, word(file)));
    several = words.values().stream().distinct().count() > 1 && words.values().stream().noneMatch(String::isEmpty);
  }

  private static String word(Path file) {
    String own = word(file.getFileName().toString());
    Path folder = file.getParent();
    return own.isEmpty() && folder != null && folder.getFileName() != null ? word(folder.getFileName().toString()) : own;
  }

  boolean several() {
    return several;
  }

  /** The split of a file, or "". */
  String of(Path file) {
    return several ? words.get(file) : "";
  }

  /** The word in a name, or "". */
  static String word(String name) {
    Matcher found = WORD.matcher(name.toLowerCase(Locale.ROOT));
    String word = found.find() ? found.group(1) : "";
    return word.equals("trn") ? "train" : word;
  }

  /** Files in the order of their names. */
  static List<Path> sorted(Collection<Path> files) {
    return files.stream().sorted().toList();
  }
}
