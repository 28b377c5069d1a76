package dev.ocelli.data.scenes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.Progress;
import dev.ocelli.data.scenes.CaptionSlots.Slot;
import dev.ocelli.data.scenes.CaptionSlots.Slots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptionSlotsTest {
  private static final SceneTruth RED_CAT_LEFT_OF_TWO =
      new SceneTruth(
          List.of(new SceneTruth.Thing(ObjectKind.CAT, Colour.RED, 1), new SceneTruth.Thing(ObjectKind.CUP, Colour.BLUE, 1)),
          Map.of(new SceneTruth.Pair(0, 1), Direction.LEFT, new SceneTruth.Pair(1, 0), Direction.RIGHT));

  private static Slots slots(String caption) {
    return CaptionSlots.of(RED_CAT_LEFT_OF_TWO, caption);
  }

  @Test
  void ourOwnCaptionsAreRightInEverySlot() {
    Composer composer = new Composer(7);
    int relations = 0;
    for (int i = 0; i < 400; i++) {
      Scene scene = composer.compose(i);
      for (String caption : SceneCaptions.of(scene)) {
        Slots slots = CaptionSlots.of(SceneTruth.of(scene), caption);
        boolean relation = scene.layout() == Scene.Layout.PAIR;
        assertThat(slots.object()).as(caption).isEqualTo(new Slot(scene.groups().size(), scene.groups().size()));
        assertThat(slots.colour()).as(caption).isEqualTo(slots.object());
        assertThat(slots.count()).as(caption).isEqualTo(slots.object());
        // Two groups of several: captions don't say how they lie.
        if (relation) {
          assertThat(slots.relation()).as(caption).isEqualTo(new Slot(1, 1));
          relations++;
        }
      }
    }
    assertThat(relations).isGreaterThan(200);
  }

  @Test
  void eachMistakeCostsItsOwnSlot() {
    assertThat(slots("a red cat to the left of a blue cup")).isEqualTo(new Slots(new Slot(2, 2), new Slot(2, 2), new Slot(2, 2), new Slot(1, 1)));
    assertThat(slots("a red dog to the left of a blue cup").object()).isEqualTo(new Slot(1, 2));
    assertThat(slots("a red dog to the left of a blue cup").colour()).isEqualTo(new Slot(2, 2));
    assertThat(slots("a green cat to the left of a blue cup").colour()).isEqualTo(new Slot(1, 2));
    assertThat(slots("three red cats to the left of a blue cup").count()).isEqualTo(new Slot(1, 2));
    assertThat(slots("a red cat to the right of a blue cup").relation()).isEqualTo(new Slot(0, 1));
    assertThat(slots("a blue cup to the right of a red cat").relation()).isEqualTo(new Slot(1, 1));
    assertThat(slots("a blue cup with a red cat on the left").relation()).isEqualTo(new Slot(1, 1));
    assertThat(slots("a blue cup with a red cat above it").relation()).isEqualTo(new Slot(0, 1));
    assertThat(slots("a red cat and a blue cup").relation()).isEqualTo(new Slot(0, 1));
  }

  @Test
  void coloursGoWithTheirObjects() {
    assertThat(slots("a blue cat to the left of a red cup").colour()).isEqualTo(new Slot(0, 2));
  }

  @Test
  void whatIsNotThereCountsAsWrongAndSilenceToo() {
    assertThat(slots("a red cat, a blue cup and a green bus").object()).isEqualTo(new Slot(2, 3));
    assertThat(slots("a red cat")).isEqualTo(new Slots(new Slot(1, 2), new Slot(1, 2), new Slot(1, 2), new Slot(0, 1)));
    assertThat(slots("")).isEqualTo(new Slots(new Slot(0, 2), new Slot(0, 2), new Slot(0, 2), new Slot(0, 1)));
  }

  @Test
  void theFileOfScenesTellsTheSameTruth(@TempDir Path folder) {
    SceneFolder.write(folder.resolve("scenes"), new SceneFolder.Settings(30, 7, false), false, 2, Progress.NONE);
    Map<String, SceneTruth> read = SceneTruth.read(folder.resolve("scenes"));
    Composer composer = new Composer(7);
    List<SceneTruth> composed = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      composed.add(SceneTruth.of(composer.compose(i)));
      assertThat(read.get(Scene.image(i))).isEqualTo(composed.get(i));
    }
    assertThat(read).hasSize(30);
  }
}
