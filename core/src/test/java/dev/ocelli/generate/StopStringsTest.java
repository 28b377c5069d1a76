package dev.ocelli.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class StopStringsTest {
  @Test
  void holdsBackWhatMayBeAStopText() {
    StopStrings stops = new StopStrings(List.of("</s>", "\n\n"));
    assertThat(stops.accept("A dog<")).isEqualTo("A dog");
    assertThat(stops.accept("b>")).isEqualTo("<b>");
    assertThat(stops.accept("\n")).isEmpty();
    assertThat(stops.accept("runs</")).isEqualTo("\nruns");
    assertThat(stops.stopped()).isFalse();
    assertThat(stops.accept("s> and more")).isEmpty();
    assertThat(stops.stopped()).isTrue();
    assertThat(stops.accept("more")).isEmpty();
    assertThat(stops.finish()).isEmpty();
  }

  @Test
  void givesBackWhatWasHeldAtTheEnd() {
    StopStrings stops = new StopStrings(List.of("END"));
    assertThat(stops.accept("the EN")).isEqualTo("the ");
    assertThat(stops.finish()).isEqualTo("EN");
    assertThat(new StopStrings(List.of()).accept("all")).isEqualTo("all");
    assertThatThrownBy(() -> new StopStrings(List.of(""))).isInstanceOf(UserError.class);
  }

  @Test
  void piecesMakeNoDifference() {
    SplittableRandom random = new SplittableRandom(2);
    for (int round = 0; round < 20_000; round++) {
      List<String> stopTexts = List.of(word(random, 1 + random.nextInt(4)), word(random, 1 + random.nextInt(5)));
      String text = word(random, random.nextInt(14));
      StopStrings stops = new StopStrings(stopTexts);
      StringBuilder shown = new StringBuilder();
      for (int at = 0; at < text.length(); ) {
        int next = Math.min(text.length(), at + random.nextInt(5));
        shown.append(stops.accept(text.substring(at, next)));
        assertThat(text).startsWith(shown.toString());
        at = next;
      }
      shown.append(stops.finish());
      assertThat(shown.toString()).isEqualTo(plainly(text, stopTexts));
    }
  }

  /** The text up to the stop text that is complete first, by trying every end. */
  private static String plainly(String text, List<String> stops) {
    for (int end = 1; end <= text.length(); end++) {
      String before = text.substring(0, end);
      int longest = stops.stream().filter(before::endsWith).mapToInt(String::length).max().orElse(0);
      if (longest > 0) {
        return before.substring(0, end - longest);
      }
    }
    return text;
  }

  private static String word(SplittableRandom random, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) ('a' + random.nextInt(3)));
    }
    return text.toString();
  }
}
