package dev.ocelli.grow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is thrown away of what a small language model writes. */
class WritingTest {
  private static final String CAPTION = "A brown dog runs over the wet grass .";

  @TempDir Path root;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Over the wet grass runs a brown dog. |",
        "A dog with brown fur is running across a wet lawn. |",
        "a brown dog runs over the wet grass | unchanged",
        "A brown dog, runs over the wet grass! | unchanged",
        "'' | empty",
        "A dog. | another length",
        "The sun sets behind tall mountains far away. | another meaning",
        "Here is the sentence in other words: a dog runs. | talks about itself",
        "What does the brown dog do on the grass? | talks about itself",
        "The dog is running on grass. | already there",
        "A brown dog is in a bright red car with seven children, two cats, balloons and a cake | another meaning",
      })
  void paraphrases(String text, String reason) {
    assertThat(Paraphrase.wrong(CAPTION, text, List.of(CAPTION, "the dog is running on grass"))).isEqualTo(reason);
  }

  @Test
  void quotesAndLaterLinesGo() {
    assertThat(Paraphrase.clean(" \"A dog runs.\"\nI hope this helps.")).isEqualTo("A dog runs.");
    assertThat(Paraphrase.clean("\n")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Question: What colour is the dog? Answer: brown. |",
        "'Question: Where does the dog run?\nAnswer: over the wet grass' |",
        "Question: What colour is the cat? Answer: brown | asks of something else",
        "Question: What colour is the dog? Answer: black | answer isn't in the caption",
        "Question: What does the brown dog do? Answer: dog | gives itself away",
        "Question: What does the dog do? Answer: it | no answer",
        "Question: What does the dog do? Answer: the brown dog runs over the grass | long answer",
        "The dog is brown. | another form",
      })
  void questions(String written, String reason) {
    QuestionOf.Asked asked = QuestionOf.read(written);
    assertThat(asked == null ? "another form" : QuestionOf.wrong(CAPTION, asked)).isEqualTo(reason);
  }

  @Test
  void theSameAnswerComesAgain() {
    assertThat(QuestionOf.same("brown", "Brown.")).isTrue();
    assertThat(QuestionOf.same("over the wet grass", "over wet grass")).isTrue();
    assertThat(QuestionOf.same("brown", "black")).isFalse();
    assertThat(QuestionOf.same("brown", "a brown dog that runs over grass")).isFalse();
    assertThat(QuestionOf.same("brown", "")).isFalse();
  }

  @Test
  void theQuantileIsTheNearestRank() {
    double[] scores = {0.1, 0.2, 0.3, 0.4, 0.5};
    assertThat(Judge.quantile(scores, 0)).isEqualTo(0.1);
    assertThat(Judge.quantile(scores, 0.25)).isEqualTo(0.2);
    assertThat(Judge.quantile(scores, 1)).isEqualTo(0.5);
  }

  @Test
  void draftsSurviveAndOthersAreRefused() throws Exception {
    Path file = root.resolve(".grow.jsonl");
    try (Drafts drafts = new Drafts(file, "key")) {
      drafts.add(List.of("caption a.jpg", "caption b.jpg"), List.of("A \"dog\",\nrunning", "ü"));
    }
    Files.writeString(file, "{\"of\":\"caption c.jp", java.nio.file.StandardOpenOption.APPEND);
    try (Drafts drafts = new Drafts(file, "key")) {
      assertThat(drafts.get("caption a.jpg")).isEqualTo("A \"dog\",\nrunning");
      assertThat(drafts.get("caption c.jpg")).isNull();
      drafts.add(List.of("caption c.jpg"), List.of("c"));
    }
    try (Drafts drafts = new Drafts(file, "key")) {
      assertThat(drafts.get("caption b.jpg")).isEqualTo("ü");
      assertThat(drafts.get("caption c.jpg")).isEqualTo("c");
    }
    byte[] before = Files.readAllBytes(file);
    assertThatThrownBy(() -> new Drafts(file, "another key")).isInstanceOf(UserError.class).hasMessageContainingAll(file.toString(), "other settings", "delete");
    assertThat(file).hasBinaryContent(before);
    // Where nothing was written yet, nothing is lost.
    Files.delete(file);
    new Drafts(file, "key").close();
    try (Drafts drafts = new Drafts(file, "another key")) {
      drafts.add(List.of("caption a.jpg"), List.of("a"));
    }
    assertThatThrownBy(() -> new Drafts(file, "key")).isInstanceOf(UserError.class);
  }

  @Test
  void aUsersColumnsStay() throws Exception {
    Path tsv = Files.writeString(root.resolve("captions.tsv"), "\uFEFFNote\timage\tcaption\nx, y\ta.jpg\t\"a \"\"dog\"\"\"\n");
    UserTable table = UserTable.read(tsv);
    int row = table.add();
    table.set(row, "IMAGE", "b.jpg");
    table.set(row, "origin", "model");
    table.write(root.resolve("out.csv"));
    assertThat(root.resolve("out.csv")).hasContent("Note,image,caption,origin\n\"x, y\",a.jpg,\"a \"\"dog\"\"\",\n\"\",b.jpg,,model\n");
  }
}
