package dev.ocelli.grow;

import dev.ocelli.text.ChatPrompt;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Asks a language model for a question that a caption answers, and checks it as one would a pupil's: the answer must stand in the caption, and
 * the model must give it again when it is asked (round-trip consistency, Alberti et al. 2019).
 */
final class QuestionOf {
  private static final int LONGEST_ANSWER = 5;
  private static final Pattern FORM = Pattern.compile("(?is)\\s*Question:\\s*([^?]+\\?)\\s*Answer:\\s*([^\\n]+).*");
  private static final String SYSTEM = "You write a question about a photo, and its short answer, from the photo's caption.";
  private static final String ANSWERING = "You answer a question about a photo in a few words, from its caption alone.";

  private static final List<String[]> EXAMPLES =
      List.of(
          new String[] {"A man in a red shirt rides a horse on the beach.", "Question: What is the man riding? Answer: a horse"},
          new String[] {"Two children play football in a park.", "Question: Where are the children playing? Answer: in a park"},
          new String[] {"A black cat sleeps on a wooden chair.", "Question: What colour is the cat? Answer: black"},
          new String[] {"Three people wait for a bus in the rain.", "Question: How many people are waiting? Answer: three"});

  private static final List<String[]> ANSWERS =
      List.of(
          new String[] {"A man in a red shirt rides a horse on the beach. Where is the man?", "on the beach"},
          new String[] {"Two children play football in a park. How many children are there?", "two"},
          new String[] {"A black cat sleeps on a wooden chair. What is the cat doing?", "sleeping"});

  private QuestionOf() {}

  /** A question with the answer that was given along with it. */
  record Asked(String question, String answer) {}

  static List<ChatPrompt.Turn> prompt(String caption) {
    return Paraphrase.turns(SYSTEM, EXAMPLES, caption);
  }

  static List<ChatPrompt.Turn> again(String caption, String question) {
    return Paraphrase.turns(ANSWERING, ANSWERS, caption + (caption.endsWith(".") ? " " : ". ") + question);
  }

  /** The question in what was written, or null where it has another form. */
  static Asked read(String written) {
    Matcher form = FORM.matcher(written);
    if (!form.matches()) {
      return null;
    }
    String answer = form.group(2).strip();
    return new Asked(form.group(1).strip().replaceAll("\\s+", " "), answer.endsWith(".") ? answer.substring(0, answer.length() - 1) : answer);
  }

  /** Why a question is no use, or null. */
  static String wrong(String caption, Asked asked) {
    List<String> answer = Words.of(asked.answer);
    Set<String> told = Words.contents(asked.answer);
    if (answer.isEmpty() || told.isEmpty() && !answer.equals(List.of("yes")) && !answer.equals(List.of("no"))) {
      return "no answer";
    }
    if (answer.size() > LONGEST_ANSWER) {
      return "long answer";
    }
    if (!new HashSet<>(Words.of(caption)).containsAll(told)) {
      return "answer isn't in the caption";
    }
    Set<String> asks = Words.contents(asked.question);
    if (asks.stream().noneMatch(Words.contents(caption)::contains)) {
      return "asks of something else";
    }
    return asks.containsAll(told) ? "gives itself away" : null;
  }

  /** Whether a second answer says the same: neither leaves out what the other has, but small words. */
  static boolean same(String answer, String again) {
    Set<String> first = Words.contents(answer);
    Set<String> second = Words.contents(again.strip().lines().findFirst().orElse(""));
    return !first.isEmpty() && (second.containsAll(first) && second.size() <= first.size() + 2);
  }
}
