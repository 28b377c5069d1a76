package dev.ocelli.data.scenes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Captions and questions against the boxes of their scenes, read from the words alone. */
class SceneQuestionsTest {
  private static final int SCENES = 3000;
  private static final Composer COMPOSER = new Composer(11);
  private static final SceneQuestions QUESTIONS = new SceneQuestions(COMPOSER.heldOut());
  private static final List<Scene> ALL = IntStream.range(0, SCENES).mapToObj(COMPOSER::compose).toList();

  /** The group that a word or two name, or null. */
  private static Group named(Scene scene, String noun) {
    return scene.groups().stream()
        .filter(group -> noun.equals(group.kind().word()) || noun.equals(group.kind().plural()))
        .findFirst()
        .orElse(null);
  }

  private static String strip(String text, String... parts) {
    String left = text;
    for (String part : parts) {
      left = left.replaceAll(part, "");
    }
    return left.strip();
  }

  private static String yes(boolean so) {
    return so ? "yes" : "no";
  }

  /** The answer that the boxes give. */
  private static String answer(Scene scene, Question q) {
    String text = q.question();
    switch (q.kind()) {
      case EXISTENCE -> {
        String[] words = strip(text, "^(Is there|Does the picture show|Can you see) an? ", "( in the picture)?\\?$").split(" ");
        Group group = named(scene, words[words.length - 1]);
        return yes(group != null && (words.length == 1 || words[0].equals(group.colour().word())));
      }
      case COUNT -> {
        Group group = named(scene, strip(text, "^(How many|Count the) ", " (are there|does the picture show)\\?$", "\\.$"));
        return List.of("one", "two", "three", "four", "five").get(group.items().size() - 1);
      }
      case COLOUR -> {
        return named(scene, strip(text, "^(What|Which) colour (is|are|do|does) the ", "( have)?\\?$")).colour().word();
      }
      case POSITION -> {
        Box box = named(scene, strip(text, "^(Where is|In which part of the picture is) the ", "\\?$")).box();
        int column = (int) ((box.x() + box.width() / 2.0) / Scene.SIDE * 3);
        int row = (int) ((box.y() + box.height() / 2.0) / Scene.SIDE * 3);
        String words = strip(List.of("top", "", "bottom").get(row) + " " + List.of("left", "", "right").get(column));
        return words.isEmpty() ? "middle" : words;
      }
      case COMPARISON -> {
        boolean counts = text.startsWith("Are there");
        String left = strip(text, "^(Are there more|Which is larger, the|Is the) ", "\\?$");
        String[] nouns = left.split(" (or more|than|or the|larger than the) ");
        Group a = named(scene, nouns[0]);
        Group b = named(scene, nouns[1]);
        double difference = counts ? a.count() - b.count() : length(a) - length(b);
        boolean which = text.contains(" or ");
        return which ? nouns[difference > 0 ? 0 : 1] : yes(difference > 0);
      }
      case YES_NO -> {
        for (Direction direction : Direction.values()) {
          if (text.contains(" " + direction.phrase() + " ")) {
            String[] nouns = strip(text, "^Is the ", "\\?$").split(" " + direction.phrase() + " the ");
            return yes(isTo(named(scene, nouns[0]).box(), direction, named(scene, nouns[1]).box()));
          }
        }
        String[] words = strip(text, "^(Is|Are) the ", "\\?$").split(" ");
        Group group = named(scene, words[0]);
        return yes(words[1].equals(group.colour().word()) || words[1].equals(group.pattern().word()));
      }
      case OBJECT -> {
        for (Direction direction : Direction.values()) {
          if (text.contains(" " + direction.phrase() + " ")) {
            Group reference = named(scene, strip(text, "^.* " + direction.phrase() + " the ", "\\?$"));
            List<String> there =
                scene.groups().stream()
                    .filter(group -> group != reference && isTo(group.box(), direction, reference.box()))
                    .map(group -> group.kind().word())
                    .toList();
            return there.contains(q.answer()) ? q.answer() : there.toString();
          }
        }
        return scene.groups().get(0).kind().word();
      }
    }
    throw new AssertionError(q);
  }

  private static int length(Group group) {
    return Math.max(group.box().width(), group.box().height());
  }

  /** On that side by whole boxes. */
  private static boolean isTo(Box a, Direction direction, Box b) {
    return switch (direction) {
      case LEFT -> a.x() + a.width() <= b.x();
      case RIGHT -> b.x() + b.width() <= a.x();
      case ABOVE -> a.y() + a.height() <= b.y();
      case BELOW -> b.y() + b.height() <= a.y();
    };
  }

  @Test
  void answersAreTrue() {
    for (Scene scene : ALL) {
      for (Question q : QUESTIONS.of(scene)) {
        assertThat(answer(scene, q)).as(scene.image() + " " + q).isEqualTo(q.answer());
      }
    }
  }

  @Test
  void whatLiesThereIsTheOnlyOneThere() {
    for (Scene scene : ALL) {
      for (Question q : QUESTIONS.of(scene)) {
        for (Direction direction : Direction.values()) {
          if (q.kind() == Question.Kind.OBJECT && q.question().contains(" " + direction.phrase() + " the ")) {
            Group reference = named(scene, strip(q.question(), "^.* " + direction.phrase() + " the ", "\\?$"));
            for (Group group : scene.groups()) {
              boolean other = group != reference && !group.kind().word().equals(q.answer());
              assertThat(other && isAslant(group.box(), direction, reference.box())).as(scene.image() + " " + q).isFalse();
            }
          }
        }
      }
    }
  }

  /** In that direction for the most part. */
  private static boolean isAslant(Box a, Direction direction, Box b) {
    double dx = a.x() + a.width() / 2.0 - b.x() - b.width() / 2.0;
    double dy = a.y() + a.height() / 2.0 - b.y() - b.height() / 2.0;
    return switch (direction) {
      case LEFT -> -dx > Math.abs(dy);
      case RIGHT -> dx > Math.abs(dy);
      case ABOVE -> -dy > Math.abs(dx);
      case BELOW -> dy > Math.abs(dx);
    };
  }

  @Test
  void everyKindIsAskedAndAnswersDontFollowFromTheWords() {
    Map<String, Map<String, Integer>> answers = new HashMap<>();
    for (Scene scene : ALL) {
      if (scene.split() == Scene.Split.TRAIN) {
        for (Question q : QUESTIONS.of(scene)) {
          // The words with the nouns taken out: what is left must not tell yes from no.
          String form = q.kind() + " " + (q.answer().matches("yes|no") ? q.question().split(" ")[0] : "");
          answers.computeIfAbsent(form, k -> new HashMap<>()).merge(q.answer(), 1, Integer::sum);
        }
      }
    }
    assertThat(answers.keySet().stream().map(form -> form.split(" ")[0]).distinct()).hasSize(Question.Kind.values().length);
    Map<String, Double> most = Map.of("COUNT", 0.3, "COLOUR", 0.13, "POSITION", 0.18, "OBJECT", 0.05, "COMPARISON", 0.1);
    answers.forEach(
        (form, counts) -> {
          double total = counts.values().stream().mapToInt(n -> n).sum();
          double common = counts.values().stream().mapToInt(n -> n).max().orElseThrow() / total;
          boolean binary = counts.keySet().equals(Set.of("yes", "no"));
          assertThat(common).as(form + " " + counts).isLessThan(binary ? 0.56 : most.get(form.strip()));
        });
  }

  @Test
  void questionsOfUnseenScenesAreAboutTheirPairs() {
    for (Scene scene : ALL) {
      if (scene.split() == Scene.Split.UNSEEN) {
        List<String> pairs = COMPOSER.heldOut().in(scene);
        List<Question> questions = QUESTIONS.of(scene);
        assertThat(questions).as(scene.image()).isNotEmpty();
        for (Question q : questions) {
          boolean absent = q.kind() == Question.Kind.EXISTENCE && q.answer().equals("no");
          String words = q.question() + " " + q.answer();
          assertThat(absent || pairs.stream().anyMatch(pair -> mentions(words, pair))).as(scene.image() + " " + q + pairs).isTrue();
        }
      }
    }
  }

  private static boolean mentions(String words, String pair) {
    String[] parts = pair.split(" ");
    String noun = List.of("left", "right", "above", "below").contains(parts[1]) ? parts[0] : parts[1];
    return words.contains(noun) || words.contains(ObjectKind.valueOf(noun.toUpperCase(Locale.ROOT)).plural());
  }

  @Test
  void captionsNameEveryGroupAndNothingElse() {
    Set<String> nouns = new HashSet<>();
    Arrays.stream(ObjectKind.values()).forEach(kind -> nouns.addAll(List.of(kind.word(), kind.plural())));
    for (Scene scene : ALL) {
      List<String> captions = SceneCaptions.of(scene);
      assertThat(captions).hasSize(5).doesNotHaveDuplicates();
      for (String caption : captions) {
        List<String> words = List.of(caption.toLowerCase().replaceAll("[.,]", "").split(" "));
        assertThat(words.stream().filter(nouns::contains)).as(caption).hasSize(scene.groups().size());
        for (Group group : scene.groups()) {
          int noun = words.indexOf(group.count() == 1 ? group.kind().word() : group.kind().plural());
          assertThat(noun).as(caption + group).isPositive();
          assertThat(words.get(noun - 1)).as(caption).isEqualTo(group.colour().word());
          List<String> before = new ArrayList<>(words.subList(Math.max(0, noun - 4), noun - 1));
          String number = List.of("a", "two", "three", "four", "five").get(group.count() - 1);
          assertThat(before.contains(number) || group.count() == 1 && before.contains("an")).as(caption).isTrue();
        }
        for (Size size : Size.values()) {
          assertThat(!words.contains(size.word()) || scene.groups().stream().anyMatch(g -> g.size() == size)).as(caption).isTrue();
        }
        for (Pattern pattern : List.of(Pattern.STRIPED, Pattern.SPOTTED, Pattern.CHECKED)) {
          assertThat(!words.contains(pattern.word()) || scene.groups().stream().anyMatch(g -> g.pattern() == pattern)).as(caption).isTrue();
        }
        assertThat(caption).doesNotContainPattern("\\ba [aeiou]").doesNotContainPattern("\\ban [^aeiou]").doesNotContain("There is two");
        assertThat(caption).matches("[A-Z].*[a-z]\\.");
      }
    }
  }

  @Test
  void captionsOfPairsSayHowTheyLie() {
    for (Scene scene : ALL) {
      if (scene.layout() == Scene.Layout.PAIR) {
        for (String caption : SceneCaptions.of(scene)) {
          boolean found = false;
          for (Direction direction : Direction.values()) {
            String[] halves = caption.split(" " + direction.phrase() + " an? ");
            String[] aside = caption.split(" with an? ");
            if (halves.length == 2) {
              assertThat(isTo(box(scene, halves[0]), direction, box(scene, halves[1]))).as(caption).isTrue();
              found = true;
            } else if (aside.length == 2 && aside[1].contains(direction.aside())) {
              assertThat(isTo(box(scene, aside[1]), direction, box(scene, aside[0]))).as(caption).isTrue();
              found = true;
            }
          }
          assertThat(found).as(caption).isTrue();
        }
      }
    }
  }

  private static Box box(Scene scene, String words) {
    return scene.groups().stream().filter(group -> words.matches(".*\\b" + group.kind().word() + "\\b.*")).findFirst().orElseThrow().box();
  }
}
