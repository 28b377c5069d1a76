package dev.ocelli.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.data.Dialogue.Turn;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AnswerScoresTest {
  @Test
  void caseStopsAndArticlesMakeNoDifference() {
    assertThat(AnswerText.same("A dog.", "dog")).isTrue();
    assertThat(AnswerText.same(" top  left", "Top left!")).isTrue();
    assertThat(AnswerText.same("another", "other")).isFalse();
    assertThat(AnswerText.same("two", "2")).isFalse();
    assertThat(AnswerText.same("a", "the")).isFalse();
  }

  @Test
  void percentByKind() {
    Map<String, Double> percent = AnswerScores.accuracy(List.of("colour", "count", "colour", ""), List.of(true, false, false, true));
    assertThat(percent).isEqualTo(Map.of("all", 50.0, "colour", 50.0, "count", 0.0, "other", 100.0));
  }

  @Test
  void theLikeliestAnswerGoesByKindAndFirstWords() {
    GuessedAnswers guessed =
        new GuessedAnswers(
            List.of(
                new Turn("What colour is it?", "Red", "colour"), new Turn("What colour has it?", "red.", "colour"),
                new Turn("Which colour is it?", "blue", "colour"), new Turn("Is there a dog?", "yes", "existence")));
    assertThat(guessed.of(new Turn("What colour is the cat?", "", "colour"))).isEqualTo("red");
    assertThat(guessed.of(new Turn("Which colour?", "", "colour"))).isEqualTo("blue");
    assertThat(guessed.of(new Turn("Name the colour.", "", "colour"))).isEqualTo("red");
    assertThat(guessed.of(new Turn("How many?", "", "count"))).isEmpty();
  }
}
