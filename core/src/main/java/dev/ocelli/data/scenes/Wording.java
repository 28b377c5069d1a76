package dev.ocelli.data.scenes;

import java.util.List;
import java.util.Locale;

/** How things are named in captions and questions. */
final class Wording {
  private static final List<String> NUMBERS = List.of("no", "one", "two", "three", "four", "five");

  private Wording() {}

  /** As in "three". */
  static String number(int count) {
    return NUMBERS.get(count);
  }

  /** The noun alone, in the number that the group has. */
  static String noun(Group group) {
    return group.count() == 1 ? group.kind().word() : group.kind().plural();
  }

  /** As in "a small striped red cat" or "three red cats": colour and object always, the rest where asked for. */
  static String phrase(Group group, boolean withSize, boolean withPattern) {
    StringBuilder words = new StringBuilder();
    if (withSize && group.size() != Size.MEDIUM) {
      words.append(group.size().word()).append(' ');
    }
    if (withPattern && group.pattern() != Pattern.PLAIN) {
      words.append(group.pattern().word()).append(' ');
    }
    words.append(group.colour().word()).append(' ').append(noun(group));
    return group.count() == 1 ? withArticle(words.toString()) : number(group.count()) + " " + words;
  }

  static String withArticle(String words) {
    return ("aeiou".indexOf(words.charAt(0)) >= 0 ? "an " : "a ") + words;
  }

  /** As in "a cat, two dogs and a car". */
  static String list(List<String> parts) {
    int last = parts.size() - 1;
    return last == 0 ? parts.get(0) : String.join(", ", parts.subList(0, last)) + " and " + parts.get(last);
  }

  /** With a capital letter and an end. */
  static String sentence(String words, char end) {
    return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1) + end;
  }
}
