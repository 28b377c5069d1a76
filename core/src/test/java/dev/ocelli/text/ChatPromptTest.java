package dev.ocelli.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatPromptTest {
  @TempDir Path folder;

  private static final WholeWords WORDS = new WholeWords(List.of("What is this? a red dog, two cats", "Look!"));

  private Tokenizer tokenizer() {
    WORDS.write(folder, false);
    return Tokenizer.open(folder.resolve("tokenizer.json"));
  }

  private static int[] joined(int[]... pieces) {
    return IntStream.range(0, pieces.length).flatMap(i -> IntStream.of(pieces[i])).toArray();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aDialogueIsTheConversationInPieces(boolean imageAfterPrompt) {
    try (Tokenizer tokenizer = tokenizer()) {
      ChatPrompt chat = new ChatPrompt(new ChatTemplate(WholeWords.TEMPLATE, Map.of()), tokenizer, imageAfterPrompt);
      int[] end = {WORDS.end()};
      ChatPrompt.Dialogue dialogue = chat.dialogue("Look!", List.of("What is this?", "two dog?", "red?"), WORDS.end());
      List<int[]> whole =
          chat.conversation(
              List.of(
                  new ChatPrompt.Turn("system", "Look!", 0), new ChatPrompt.Turn("user", "What is this?", 1),
                  new ChatPrompt.Turn("assistant", "a dog", 0), new ChatPrompt.Turn("user", "two dog?", 0),
                  new ChatPrompt.Turn("assistant", "cats, two", 0), new ChatPrompt.Turn("user", "red?", 0)));
      assertThat(dialogue.first().before()).isEqualTo(whole.get(0));
      assertThat(
              joined(
                  dialogue.first().after(), tokenizer.encodeLiteral("a dog"), end, dialogue.next().get(0),
                  tokenizer.encodeLiteral("cats, two"), end, dialogue.next().get(1)))
          .isEqualTo(whole.get(1));
      ChatPrompt.Dialogue alone = chat.dialogue("Look!", List.of("What is this?"), WORDS.end());
      assertThat(alone.first().after()).isEqualTo(chat.ids("Look!", "What is this?").after());
      assertThat(alone.next()).isEmpty();
    }
  }

  @Test
  void aTemplateThatEndsTurnsOtherwiseIsRefused() {
    try (Tokenizer tokenizer = tokenizer()) {
      ChatTemplate template = new ChatTemplate("{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}", Map.of());
      ChatPrompt chat = new ChatPrompt(template, tokenizer, false);
      assertThatThrownBy(() -> chat.dialogue("a", List.of("dog?", "red?"), WORDS.end()))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("stage2.turns=1");
    }
  }

  @Test
  void wholeWordsComeBackAsText() {
    try (Tokenizer tokenizer = tokenizer()) {
      assertThat(tokenizer.decode(tokenizer.encodeLiteral("A red dog, two cats"), true)).isEqualTo("a red dog, two cats");
      assertThat(tokenizer.vocabularySize()).isEqualTo(WORDS.size());
      assertThat(tokenizer.encodeLiteral("a blue <|im_end|>")).doesNotContain(WORDS.end());
      assertThat(tokenizer.encode("<|im_end|>", false)).containsExactly(WORDS.end());
    }
  }
}
