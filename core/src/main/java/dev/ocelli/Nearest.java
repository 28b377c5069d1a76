package dev.ocelli;

import java.util.Collection;
import java.util.Comparator;

/** The known name that a misspelt one most likely meant. */
public final class Nearest {
  private Nearest() {}

  /** @param known at least one */
  public static String of(String wanted, Collection<String> known) {
    return known.stream().min(Comparator.comparingInt(name -> distance(wanted, name))).orElseThrow();
  }

  /** Edits (insert, delete, replace a letter) that lead from one name to the other. */
  private static int distance(String a, String b) {
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
