package dev.ocelli.grow;

import dev.ocelli.text.ChatPrompt;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Asks a language model to say a caption in other words, and looks hard at what it says. */
final class Paraphrase {
  private static final String SYSTEM = "You rewrite the description of a photo in other words. You add nothing and leave nothing out.";

  private static final List<String[]> EXAMPLES =
      List.of(
          new String[] {"A man rides a horse along the beach.", "Along the beach, a man is riding a horse."},
          new String[] {"Two children play football in a park.", "A pair of kids kick a ball around in a park."},
          new String[] {"A black cat sleeps on a wooden chair.", "On a chair made of wood lies a sleeping black cat."});

  private Paraphrase() {}

  static List<ChatPrompt.Turn> prompt(String caption) {
    return turns(SYSTEM, EXAMPLES, caption);
  }

  static List<ChatPrompt.Turn> turns(String system, List<String[]> examples, String last) {
    List<ChatPrompt.Turn> turns = new ArrayList<>(List.of(new ChatPrompt.Turn("system", system, 0)));
    for (String[] example : examples) {
      turns.add(new ChatPrompt.Turn("user", example[0], 0));
      turns.add(new ChatPrompt.Turn("assistant", example[1], 0));
    }
    turns.add(new ChatPrompt.Turn("user", last, 0));
    return turns;
  }

  /** The sentence that was written, without what small models like to put around it. */
  static String clean(String written) {
    String line = written.strip().lines().findFirst().orElse("").strip();
    return line.length() > 1 && line.startsWith("\"") && line.endsWith("\"") ? line.substring(1, line.length() - 1).strip() : line;
  }

  /**
   * Why a paraphrase is no use, or null. That it is of the photo still, another must say.
   *
   * @param others captions that the photo has already
   */
  static String wrong(String caption, String text, Collection<String> others) {
    List<String> words = Words.of(text);
    if (words.isEmpty()) {
      return "empty";
    }
    if (words.equals(Words.of(caption))) {
      return "unchanged";
    }
    if (others.stream().anyMatch(other -> Words.of(other).equals(words))) {
      return "already there";
    }
    int before = Words.of(caption).size();
    if (words.size() * 2 < before || words.size() > before * 2 + 4) {
      return "another length";
    }
    if (text.contains(":") || text.contains("?") || text.matches("(?i)(sure|here|i |i'm|the (sentence|description|caption)).*")) {
      return "talks about itself";
    }
    Set<String> added = new HashSet<>(Words.contents(text));
    Set<String> had = Words.contents(caption);
    added.removeAll(had);
    Set<String> left = new HashSet<>(had);
    left.retainAll(Words.contents(text));
    // With none of the caption's own words it has changed the subject; with mostly new ones it makes things up.
    return left.isEmpty() || added.size() > Math.max(2, had.size()) ? "another meaning" : null;
  }
}
