package dev.ocelli.grow;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Texts as their words alone, in lower case: what is left to compare once commas and capitals are gone. */
final class Words {
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+(?:'[\\p{L}]+)?");

  /** Words that say nothing by themselves. */
  private static final Set<String> SMALL =
      Set.of(
          "a", "an", "the", "is", "are", "was", "were", "be", "been", "being", "of", "in", "on", "at", "to", "and", "or", "with", "by", "for",
          "from", "it", "its", "his", "her", "their", "he", "she", "they", "that", "this", "there", "as", "some", "what", "who", "where", "which",
          "how", "does", "do", "did", "has", "have");

  private Words() {}

  static List<String> of(String text) {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(text.toLowerCase(Locale.ROOT));
    while (matcher.find()) {
      words.add(matcher.group());
    }
    return words;
  }

  /** Those that mean something. */
  static Set<String> contents(String text) {
    Set<String> words = new HashSet<>(of(text));
    words.removeAll(SMALL);
    return words;
  }
}
