package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Dialogue;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Questions;
import dev.ocelli.data.SplitSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LessonsTest {
  @TempDir Path folder;

  private List<Photo> photos;
  private Questions questions;

  @BeforeEach
  void data() throws IOException {
    StringBuilder captions = new StringBuilder("image,caption\n");
    StringBuilder asked = new StringBuilder("image,question,answer\n");
    for (int i = 0; i < 6; i++) {
      Files.createFile(folder.resolve(i + ".jpg"));
      captions.append(i + ".jpg,one\n" + i + ".jpg,two\n");
      // Photo 0 has no questions, photo 5 has five.
      for (int q = 0; q < i; q++) {
        asked.append(i + ".jpg,question " + q + "?,answer " + i + " " + q + "\n");
      }
    }
    Files.writeString(folder.resolve("captions.csv"), captions);
    Files.writeString(folder.resolve("questions.csv"), asked);
    CaptionFolder read = CaptionFolder.read(folder, new SplitSettings(0, 0, 1));
    photos = read.photos();
    questions = Questions.read(folder, read);
  }

  private List<Lessons.Lesson> pass(long pass, String... changes) {
    List<String> all = new ArrayList<>(List.of("stage2.captions_at_once=1", "features.views=0"));
    all.addAll(List.of(changes));
    Recipe recipe = new Recipes().read("photos", all);
    Lessons lessons = new Lessons(7, photos, recipe.features().photoViews(), questions, recipe.stage2(), 1);
    List<Lessons.Lesson> found = new ArrayList<>();
    for (long step = lessons.steps(pass); step < lessons.steps(pass + 1); step++) {
      found.add(lessons.lesson(step, 0));
    }
    return found;
  }

  private int perStep(String... changes) {
    Recipe recipe = new Recipes().read("photos", List.of(changes));
    return new Lessons(7, photos, recipe.features().photoViews(), questions, recipe.stage2(), 12).perStep();
  }

  private static List<String> answers(List<Lessons.Lesson> lessons) {
    return lessons.stream().flatMap(l -> l.turns().stream()).map(Dialogue.Turn::answer).toList();
  }

  @Test
  void everyQuestionComesOnceAPassInConversationsOfSome() {
    List<Lessons.Lesson> pass = pass(0, "stage2.questions=10", "stage2.turns=2");
    assertThat(answers(pass)).hasSize(15).doesNotHaveDuplicates();
    assertThat(pass.stream().filter(l -> !l.captions().isEmpty())).hasSize(6);
    // 1, 2, 3, 4 and 5 questions by twos.
    assertThat(pass.stream().filter(l -> l.captions().isEmpty())).hasSize(1 + 1 + 2 + 2 + 3).allMatch(l -> l.turns().size() <= 2);
    assertThat(pass).filteredOn(l -> l.captions().isEmpty()).allMatch(l -> l.turns().stream().allMatch(t -> t.answer().startsWith("answer " + l.photo())));
  }

  @Test
  void eachPassDrawsItsOwn() {
    Set<List<String>> orders = new HashSet<>();
    Set<String> seen = new HashSet<>();
    for (int pass = 0; pass < 20; pass++) {
      List<String> drawn = answers(pass(pass, "stage2.questions=2", "stage2.turns=2"));
      assertThat(drawn).hasSize(1 + 2 + 2 + 2 + 2).doesNotHaveDuplicates();
      orders.add(drawn);
      seen.addAll(drawn);
    }
    assertThat(orders).hasSizeGreaterThan(15);
    assertThat(seen).hasSize(15);
  }

  @Test
  void theMixtureIsTheRecipes() {
    assertThat(pass(0, "stage2.questions=0")).hasSize(6).allMatch(l -> !l.captions().isEmpty());
    assertThat(pass(0, "stage2.questions=0", "stage2.captions=all")).hasSize(12);
    assertThat(pass(0, "stage2.captions=none", "stage2.questions=9", "stage2.turns=1")).hasSize(15).allMatch(l -> l.turns().size() == 1);
  }

  @Test
  void theFirstPassesMayHaveCaptionsAlone() {
    String[] changes = {"stage2.captions_first=2", "stage2.questions=10", "stage2.turns=2"};
    for (int pass = 0; pass < 2; pass++) {
      List<Lessons.Lesson> early = pass(pass, changes);
      assertThat(early).hasSize(6).allMatch(l -> !l.captions().isEmpty());
      assertThat(early.stream().map(Lessons.Lesson::photo)).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5);
    }
    assertThat(pass(2, changes)).isEqualTo(pass(2, "stage2.captions_first=0", "stage2.questions=10", "stage2.turns=2")).hasSize(6 + 9);
    assertThat(pass(3, changes)).isEqualTo(pass(3, "stage2.captions_first=0", "stage2.questions=10", "stage2.turns=2"));
    // A step is no larger than what there are captions, where a pass has these alone.
    assertThat(perStep(changes)).isEqualTo(6);
    assertThat(perStep("stage2.questions=10", "stage2.turns=2")).isEqualTo(12);
    // Nothing but questions: they can't wait.
    assertThat(pass(0, "stage2.captions=none", "stage2.captions_first=2", "stage2.questions=9", "stage2.turns=1")).hasSize(15);
  }

  @Test
  void onlyAShareOfTheCaptionsMayStandBesideQuestions() {
    String[] changes = {"stage2.captions_first=1", "stage2.captions_share=0.34", "stage2.questions=10", "stage2.turns=2"};
    assertThat(pass(0, changes)).hasSize(6);
    Set<Integer> photos = new HashSet<>();
    for (int pass = 1; pass < 12; pass++) {
      List<Lessons.Lesson> mixed = pass(pass, changes);
      assertThat(answers(mixed)).hasSize(15).doesNotHaveDuplicates();
      List<Integer> said = mixed.stream().filter(l -> !l.captions().isEmpty()).map(Lessons.Lesson::photo).toList();
      assertThat(said).hasSize(2).doesNotHaveDuplicates();
      photos.addAll(said);
    }
    assertThat(photos).hasSize(6);
    assertThat(pass(1, "stage2.captions_share=0", "stage2.questions=10", "stage2.turns=2")).hasSize(9).allMatch(l -> l.captions().isEmpty());
    // Where there is nothing else to learn, all are wanted.
    assertThat(pass(0, "stage2.captions_share=0.34", "stage2.questions=0")).hasSize(6);
    assertThat(perStep(changes)).isEqualTo(6);
    assertThat(perStep("stage2.captions_share=0.34", "stage2.questions=10", "stage2.turns=2")).isEqualTo(2 + 9);
  }

  @Test
  void severalCaptionsMayBeSaidOfOnePicture() throws IOException {
    Path many = Files.createDirectory(folder.resolve("many"));
    StringBuilder csv = new StringBuilder("image,caption\n");
    for (int i = 0; i < 4; i++) {
      Files.createFile(many.resolve(i + ".jpg"));
      // One caption, two, three and four; the last photo's third tells of a side.
      for (int c = 0; c <= i; c++) {
        csv.append(i + ".jpg," + (c == 2 && i == 3 ? "on the left" : i + "-" + c) + "\n");
      }
    }
    Files.writeString(many.resolve("captions.csv"), csv);
    photos = CaptionFolder.read(many, new SplitSettings(0, 0, 1)).photos();
    String[] drawn = {"stage2.questions=0", "stage2.captions_at_once=3", "features.views=2"};
    Set<String> firsts = new HashSet<>();
    Set<Integer> views = new HashSet<>();
    for (int pass = 0; pass < 60; pass++) {
      List<Lessons.Lesson> lessons = pass(pass, drawn);
      assertThat(lessons).hasSize(4);
      for (Lessons.Lesson lesson : lessons) {
        List<String> said = photos.get(lesson.photo()).captions();
        int from = said.indexOf(lesson.captions().get(0));
        assertThat(lesson.captions()).hasSize(Math.min(3, said.size())).doesNotHaveDuplicates();
        for (int i = 0; i < lesson.captions().size(); i++) {
          assertThat(lesson.captions().get(i)).isEqualTo(said.get((from + i) % said.size()));
        }
        firsts.add(lesson.captions().get(0));
        if (lesson.captions().contains("on the left")) {
          views.add(lesson.view());
        }
      }
    }
    assertThat(firsts).hasSize(10);
    // Every other view is mirrored, and what one of the captions says would be wrong of it.
    assertThat(views).containsExactlyInAnyOrder(0, 2);
    List<Lessons.Lesson> all = pass(0, "stage2.questions=0", "stage2.captions=all", "stage2.captions_at_once=3");
    assertThat(all.stream().map(l -> l.captions().size())).containsExactlyInAnyOrder(1, 2, 3, 3, 1);
    assertThat(all.stream().flatMap(l -> l.captions().stream())).hasSize(10).doesNotHaveDuplicates();
  }

  @Test
  void captionsAloneComeAsBeforeThereWereQuestions() {
    Recipe recipe = new Recipes().read("photos", List.of("stage2.questions=0", "stage2.captions_at_once=1"));
    Lessons lessons = new Lessons(7, photos, recipe.features().photoViews(), questions, recipe.stage2(), 2);
    Pairs pairs = new Pairs(7, "stage 2", photos, recipe.features().photoViews(), recipe.data(), false, 2, 0);
    for (long step = 0; step < 9; step++) {
      for (int row = 0; row < 2; row++) {
        assertThat(lessons.lesson(step, row).photo()).isEqualTo(pairs.pair(step, row).photo());
        assertThat(lessons.lesson(step, row).captions()).containsExactly(pairs.pair(step, row).caption());
      }
    }
  }
}
