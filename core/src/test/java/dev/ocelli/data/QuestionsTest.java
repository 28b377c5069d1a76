package dev.ocelli.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuestionsTest {
  private static final SplitSettings SPLIT = new SplitSettings(0, 0, 1);

  @TempDir Path folder;

  @BeforeEach
  void captions() throws IOException {
    for (String image : List.of("a.jpg", "b.jpg", "c.jpg")) {
      Files.createFile(folder.resolve(image));
    }
    write("captions.csv", "image,caption,split\na.jpg,one,train\nb.jpg,two,test\nc.jpg,three,unseen\n");
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private CaptionFolder folder() {
    return CaptionFolder.read(folder, SPLIT);
  }

  private Questions read() {
    return Questions.read(folder, folder());
  }

  @Test
  void readsTablesAndConversations() throws IOException {
    write("questions.csv", "kind,answer,question,image\ncolour,red,\"What colour, please?\",a.jpg\n,no,Is it?,b.jpg\n");
    write(
        "questions.jsonl",
        """
        {"image": "a.jpg", "turns": [{"question": "What?", "answer": "a dog"}, {"question": "Which?", "answer": "the big one", "kind": "size"}]}

        {"image": "c.jpg", "question": "How many?", "answer": "two", "split": "unseen"}
        """);
    Questions questions = read();
    List<Photo> photos = folder().photos();
    assertThat(questions.of(photos.get(0)))
        .containsExactly(
            new Dialogue("a.jpg", List.of(new Dialogue.Turn("What colour, please?", "red", "colour"))),
            new Dialogue("a.jpg", List.of(new Dialogue.Turn("What?", "a dog", ""), new Dialogue.Turn("Which?", "the big one", "size"))));
    assertThat(questions.of(photos.get(2))).containsExactly(new Dialogue("c.jpg", List.of(new Dialogue.Turn("How many?", "two", ""))));
    assertThat(questions.count(photos)).isEqualTo(5);
    assertThat(questions.warnings()).isEmpty();
  }

  @Test
  void aFolderWithoutThemHasNone() {
    assertThat(read().isEmpty()).isTrue();
  }

  @Test
  void photosWithoutCaptionsArePassedOverAloud() throws IOException {
    write("questions.csv", "image,question,answer\nx.jpg,What?,that\na.jpg,What?,this\ny.jpg,What?,that\n");
    assertThat(read().warnings())
        .containsExactly(folder.resolve("questions.csv") + ", row 2: no caption is about x.jpg, and 1 more rows are like that; skipped");
  }

  @Test
  void mistakesAreNamedWithTheirPlace() throws IOException {
    refused("image,question\na.jpg,What?\n", "questions.csv has no column \"answer\"");
    refused("image,question,answer\na.jpg,What?\n", "row 2: 2 fields where the header has 3");
    refused("image,question,answer\na.jpg,What?,\n", "row 2: the answer about a.jpg has no words");
    refused("image,question,answer\n,What?,that\n", "row 2: no image is named");
    refused("image,question,answer,split\nb.jpg,What?,that,train\n", "row 2: the question says that b.jpg is train data, the captions say test");
    refused("image,question,answer\na.jpg,\"What?,that\n", "row 2: quotes don't match");
    refused("", "is empty");
    write("questions.csv", "image,question,answer\n");
    write("questions.jsonl", "\n{\"image\": \"a.jpg\", \"turns\": [{\"question\": \"What?\"}]}\n");
    assertThatThrownBy(this::read).isInstanceOf(UserError.class).hasMessageContaining("line 2: a turn has no text \"answer\"");
    write("questions.jsonl", "{\n");
    assertThatThrownBy(this::read).isInstanceOf(UserError.class).hasMessageContaining("line 1: no valid JSON");
  }

  private void refused(String table, String message) throws IOException {
    write("questions.csv", table);
    assertThatThrownBy(this::read).isInstanceOf(UserError.class).hasMessageContaining(message);
  }

  @Test
  void otherQuestionsHaveAnotherHash() throws IOException {
    write("questions.csv", "image,question,answer\na.jpg,What?,this\n");
    String one = read().sha256();
    write("questions.csv", "image,question,answer\na.jpg,What?,that\n");
    assertThat(read().sha256()).isNotEqualTo(one);
  }
}
