package dev.ocelli.data.source;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The names under which tables keep pictures, captions and splits; of several, the first in these lists counts. */
final class Columns {
  static final List<String> IMAGE = List.of("image", "file_name", "filename", "image_path", "filepath", "image_name", "path");
  static final List<String> CAPTION = List.of("caption", "captions", "text", "sentence", "sentences", "comment");
  static final String SPLIT = "split";
  static final String ORIGIN = "origin";

  private Columns() {}

  /** The name as these lists have it. */
  static String plain(String name) {
    return name.strip().toLowerCase(Locale.ROOT);
  }

  /** Where the picture's column is, or -1. */
  static int image(List<String> names) {
    return first(names, IMAGE);
  }

  /** Where captions are: one column, or several that are numbered (caption_0, caption_1, …). */
  static List<Integer> captions(List<String> names) {
    int one = first(names, CAPTION);
    if (one >= 0) {
      return List.of(one);
    }
    List<Integer> numbered = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).matches("(caption|text|sentence)_?[0-9]+")) {
        numbered.add(i);
      }
    }
    return numbered;
  }

  private static int first(List<String> names, List<String> wanted) {
    return wanted.stream().mapToInt(names::indexOf).filter(at -> at >= 0).findFirst().orElse(-1);
  }
}
