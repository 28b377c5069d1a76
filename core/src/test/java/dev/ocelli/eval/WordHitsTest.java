package dev.ocelli.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.ocelli.Progress;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Part;
import dev.ocelli.data.scenes.Box;
import dev.ocelli.data.scenes.NamedObjects.Named;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.model.VisionEncoder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WordHitsTest {
  /** 16 x 16 patches of 14 pixels on the middle 224 x 224 of a scene's 256 x 256. */
  private final WordHits hits =
      new WordHits(new WordMaps(null, new VisionEncoder.Grid(1, 16, 16, 14)), Preprocessing.dinov2(), null, null, null, Progress.NONE);

  private static float[] map(Object... patchesAndValues) {
    float[] map = new float[256];
    for (int i = 0; i < patchesAndValues.length; i += 2) {
      map[(int) patchesAndValues[i]] = (float) patchesAndValues[i + 1];
    }
    return map;
  }

  @Test
  void theHighestPatchsMiddleMustLieInABox() {
    // Patch 2 of row 1: its middle is at 16 + 2.5 * 14 = 51 and 16 + 1.5 * 14 = 37 of the scene.
    float[] map = map(18, 0.6f, 200, 0.4f);
    assertThat(hits.hit(map, List.of(new Box(51, 37, 1, 1)))).isTrue();
    assertThat(hits.hit(map, List.of(new Box(52, 37, 9, 9)))).isFalse();
    assertThat(hits.hit(map, List.of(new Box(51, 38, 9, 9)))).isFalse();
    assertThat(hits.hit(map, List.of(new Box(40, 30, 11, 40)))).as("ends before it").isFalse();
    assertThat(hits.hit(map, List.of(new Box(200, 200, 9, 9), new Box(45, 30, 20, 20)))).as("one of several").isTrue();
  }

  @Test
  void sharesAreOfWhatLiesOnEither() {
    // Row 12, column 8: the middle is at 16 + 8.5 * 14 = 135 and 16 + 12.5 * 14 = 191.
    float[] map = map(18, 0.3f, 200, 0.1f, 255, 0.6f);
    List<Box> one = List.of(new Box(45, 30, 20, 20));
    List<Box> other = List.of(new Box(130, 185, 20, 20));
    assertThat(hits.share(map, one, other)).isCloseTo(0.75, offset(1e-6));
    assertThat(hits.share(map, other, one)).isCloseTo(0.25, offset(1e-6));
    assertThat(hits.share(map(), one, other)).as("nothing on either").isEqualTo(0.5);
  }

  @Test
  void onlyPicturesOfTwoKindsFit() {
    Photo photo = new Photo("a.jpg", java.nio.file.Path.of("a.jpg"), List.of("a cat and a dog"), Part.TEST);
    Named cat = new Named("cat", List.of());
    assertThat(WordHits.fits(photo, Map.of("a.jpg", List.of(cat, cat)))).isTrue();
    assertThat(WordHits.fits(photo, Map.of("a.jpg", List.of(cat)))).isFalse();
    assertThat(WordHits.fits(photo, Map.of("b.jpg", List.of(cat, cat)))).isFalse();
  }
}
