package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.FolderLock;
import dev.ocelli.UserError;
import dev.ocelli.model.Pretrained;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir Path temp;

  private RunFolder run;

  @BeforeEach
  void folder() {
    run = new RunFolder(temp.resolve("run"));
  }

  @Test
  void aNewFolderHoldsNothing() {
    assertThat(run.exists()).isFalse();
    assertThat(run.trained()).isFalse();
    assertThat(run.finished("qformer")).isFalse();
    assertThat(run.about()).isEmpty();
  }

  @Test
  void notesAddUp() {
    run.note("data", Map.of("folder", "photos"));
    run.note("qformer", Map.of("finished", false));
    assertThat(run.finished("qformer")).isFalse();
    run.note("qformer", Map.of("finished", true));
    assertThat(run.finished("qformer")).isTrue();
    assertThat(run.finished("vlm")).isFalse();
    assertThat(run.about()).containsEntry("data", Map.of("folder", "photos"));
  }

  @Test
  void otherWeightsThanTheRunBeganWithAreRefused() {
    run.identify("vision", new Pretrained.Identity("eyes", "a".repeat(64), "hub"));
    run.identify("vision", new Pretrained.Identity("the same elsewhere", "a".repeat(64), "folder"));
    run.identify("text", new Pretrained.Identity("words", "b".repeat(64), "hub"));
    assertThatThrownBy(() -> run.identify("vision", new Pretrained.Identity("eyes", "b".repeat(64), "hub")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("vision")
        .hasMessageContaining("aaaaaaaaaaaa")
        .hasMessageContaining("bbbbbbbbbbbb");
  }

  @Test
  void clearingLeavesWhatIsNotTheRuns() throws Exception {
    Files.createDirectories(run.stage1());
    Files.createDirectories(run.checkpoint("qformer").getParent());
    for (Path own : List.of(run.recipe(), run.metrics(), run.stage1().resolve("model.safetensors"), run.checkpoint("qformer"))) {
      Files.writeString(own, "x");
    }
    Path notes = Files.writeString(run.path().resolve("notes.txt"), "mine");
    assertThat(run.exists()).isTrue();
    assertThat(run.trained()).isTrue();
    run.clear();
    assertThat(run.exists()).isFalse();
    assertThat(run.trained()).isFalse();
    assertThat(run.path().toFile().list()).containsExactly("notes.txt");
    assertThat(notes).hasContent("mine");
  }

  @Test
  void stageTwoAloneIsCleared() throws Exception {
    run.note("qformer", Map.of("finished", true));
    run.note("vlm", Map.of("finished", true));
    run.note("language", Map.of("sha256", "a"));
    model("stage1", "kept");
    model("vlm", "gone");
    Files.createDirectories(run.checkpoint("vlm").getParent());
    for (Path file : List.of(run.checkpoint("qformer"), run.checkpoint("vlm"), run.summary())) {
      Files.writeString(file, "x");
    }
    run.clearVlm();
    assertThat(run.finished("qformer")).isTrue();
    assertThat(run.begunVlm()).isFalse();
    assertThat(run.about()).doesNotContainKeys("vlm", "language");
    assertThat(run.checkpoint("qformer")).exists();
    assertThat(run.stage1()).exists();
    assertThat(run.summary()).doesNotExist();
  }

  /** A kill, or a file that can't be removed, leaves what the rest belongs to: else other data would go on from its checkpoint. */
  @Test
  void whatSaysWhoseItIsGoesLast() {
    assertThat(RunFolder.OWN).startsWith("state").endsWith("run.json", "recipe.yaml");
  }

  private Path model(String folder, String text) throws Exception {
    Files.createDirectories(run.path().resolve(folder));
    return Files.writeString(run.path().resolve(folder).resolve("model.safetensors"), text);
  }

  @Test
  void aModelSetAsideByAKillComesBack() throws Exception {
    model("stage1.old", "the best so far");
    model("stage1.new", "maybe half");
    run.recoverWhereNobodyTrains();
    assertThat(run.stage1().resolve("model.safetensors")).hasContent("the best so far");
    assertThat(run.path().resolve("stage1.old")).doesNotExist();
    // What is in its place stays.
    model("stage1.old", "one before");
    run.recover();
    assertThat(run.stage1().resolve("model.safetensors")).hasContent("the best so far");
    model("stage1.new", "better");
    RunFolder.replace(run.stage1(), run.path().resolve("stage1.new"));
    assertThat(run.stage1().resolve("model.safetensors")).hasContent("better");
    assertThat(run.path().resolve("stage1.old")).doesNotExist();
  }

  @Test
  void aReaderTakesNothingFromATrainerThatIsReplacingIt() throws Exception {
    model("vlm.old", "set aside");
    try (FolderLock lock = FolderLock.take(run.path(), "ocelli train")) {
      assertThatThrownBy(run::recoverWhereNobodyTrains).isInstanceOf(UserError.class).hasMessageContaining("another ocelli train");
      assertThat(run.vlm()).doesNotExist();
    }
    run.recoverWhereNobodyTrains();
    assertThat(run.vlm().resolve("model.safetensors")).hasContent("set aside");
  }
}
