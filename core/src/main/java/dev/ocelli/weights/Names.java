package dev.ocelli.weights;

import dev.ocelli.UserError;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;

/** Messages for a name that isn't there. */
final class Names {
  private Names() {}

  static UserError missing(Path file, String what, String name, Collection<String> known) {
    if (known.isEmpty()) {
      return UserError.of("%s has no %s %s: it holds none at all.", file, what, name);
    }
    String nearest = known.stream().min(Comparator.comparingInt(other -> distance(name, other))).orElseThrow();
    return UserError.of(
        "%s has no %s %s; the nearest of its %d is %s. Is it another model's file?", file, what, name, known.size(), nearest);
  }

  /** Edits (insert, delete, replace a letter) that lead from one name to the other. */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replace = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replace, 1 + Math.min(diagonal, row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
