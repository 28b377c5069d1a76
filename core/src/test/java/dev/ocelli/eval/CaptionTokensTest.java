package dev.ocelli.eval;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A readable table of the rules; what stands on the right is what the original tokenizer answers. */
class CaptionTokensTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "A dog's toy, a dogs' park. | a dog 's toy a dogs park",
        "Don’t! They can't've | do n't they ca n't 've",
        "You cannot; I'm gonna | you can not i 'm gon na",
        "'Tis rock 'n' roll of the '80s | 't is rock 'n' roll of the '80s",
        "o'clock, y'all, ma'am, li'l | o'clock y' all ma'am li'l",
        "black-and-white, mid- , a--b | black-and-white mid a b",
        "wait... what?! no!! | wait what ?! no !!",
        "in the U.S. with Mr. Lee at 5 p.m. | in the u.s. with mr. lee at 5 p.m.",
        "plan B. The end | plan b the end",
        "plan b. the end | plan b. the end",
        "no. 5 or no. | no. 5 or no",
        "(a) [b] {c} | -lrb- a -rrb- -lsb- b -rsb- -lcb- c -rcb-",
        "£5, €5, 5¢, US$5 | # 5 $ 5 5 cents us$ 5",
        "R&B b&w 1,000 3.5 10:30pm 50% | r&b b & w 1,000 3.5 10:30 pm 50 %",
        "he/she w/o w/ | he/she w/o w /",
        "dog😀cat ❤️ :) <unk> | dog cat ❤ :-rrb- <unk>",
        "say \"hi\" ‘there’ «you» | say hi there you",
      })
  void splits(String caption, String tokens) {
    assertThat(String.join(" ", CaptionTokens.of(caption))).isEqualTo(tokens);
  }

  @ParameterizedTest
  @CsvSource({"''", "' '", "'.'", "'\u200b'", "'😀'", "'\t\n'"})
  void findsNoWords(String caption) {
    assertThat(CaptionTokens.of(caption)).isEmpty();
  }

  @Test
  void takesTextGoneWrong() {
    for (String piece : new String[] {"a", "a-", "a.", "a'", "1/", "1,", "<a", "a_", "n't", "http://a", "a@b.", "&", "\ud83d", "#é"}) {
      assertThat(CaptionTokens.of(piece.repeat(2000))).isNotNull();
    }
  }
}
