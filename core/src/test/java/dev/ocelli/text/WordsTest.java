package dev.ocelli.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class WordsTest {
  @Test
  void everyWordHasItsPlaceAndItsTokens() {
    try (Tokenizer tokenizer = Tokenizer.fromGguf(Goldens.map(Goldens.read("tiny_gguf.json")))) {
      String text = "Two cats, a co-op's naïve 東京 café 🙂 — don't!";
      int[] ids = tokenizer.encodeLiteral(text);
      Words words = Words.of(tokenizer, ids);
      assertThat(words.text()).isEqualTo(text);
      assertThat(words.words().stream().map(Words.Word::text))
          .containsExactly("Two", "cats", "a", "co-op's", "naïve", "東京", "café", "don't");
      int before = 0;
      for (Words.Word word : words.words()) {
        assertThat(text.substring(word.start(), word.end())).isEqualTo(word.text());
        assertThat(word.firstToken()).as(word.text()).isGreaterThanOrEqualTo(before);
        before = word.firstToken();
        // The tokens cover the word, and without the outer ones they don't.
        assertThat(decode(tokenizer, ids, word.firstToken(), word.endToken())).as(word.text()).contains(word.text());
        assertThat(decode(tokenizer, ids, word.firstToken() + 1, word.endToken())).as(word.text()).doesNotContain(word.text());
        assertThat(decode(tokenizer, ids, word.firstToken(), word.endToken() - 1)).as(word.text()).doesNotContain(word.text());
      }
      assertThat(words.words().stream().anyMatch(w -> w.endToken() > w.firstToken() + 2)).as("words of several tokens").isTrue();
    }
  }

  @Test
  void noTokensNoWords() {
    try (Tokenizer tokenizer = Tokenizer.fromGguf(Goldens.map(Goldens.read("tiny_gguf.json")))) {
      assertThat(Words.of(tokenizer, new int[0]).words()).isEmpty();
    }
  }

  private static String decode(Tokenizer tokenizer, int[] ids, int from, int to) {
    return from >= to ? "" : tokenizer.decode(Arrays.copyOfRange(ids, from, to), true);
  }
}
