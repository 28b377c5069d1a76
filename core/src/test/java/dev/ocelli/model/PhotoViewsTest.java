package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.Sha256;
import dev.ocelli.image.Alter;
import dev.ocelli.image.RgbImage;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PhotoViewsTest {
  private static final String PICTURE = Sha256.of("a photo");
  private final RgbImage photo = slopes(60, 40);

  /** A picture in which every pixel says where it stands: red by the column, green by the row. */
  private static RgbImage slopes(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < width * height; i++) {
      rgb[3 * i] = (byte) (i % width);
      rgb[3 * i + 1] = (byte) (i / width);
    }
    return new RgbImage(width, height, rgb);
  }

  @Test
  void aViewIsAFunctionOfPictureAndNumber() {
    PhotoViews views = new PhotoViews(4, 0.5, true, 0.3);
    Set<String> different = new HashSet<>();
    for (int view = 1; view <= 4; view++) {
      byte[] once = views.of(photo, PICTURE, view).rgb();
      assertThat(views.of(photo, PICTURE, view).rgb()).isEqualTo(once);
      different.add(Sha256.of(java.util.Arrays.toString(once)));
      different.add(Sha256.of(java.util.Arrays.toString(views.of(photo, Sha256.of("another"), view).rgb())));
    }
    assertThat(different).hasSize(8);
  }

  @Test
  void partsShowAtLeastTheLeastShareAndLieWithin() {
    PhotoViews views = new PhotoViews(200, 0.4, false, 0);
    Set<Integer> lefts = new HashSet<>();
    double least = 1;
    for (int view = 1; view <= 200; view++) {
      RgbImage part = views.of(photo, PICTURE, view);
      int left = part.rgb()[0];
      int top = part.rgb()[1];
      assertThat(part.rgb()).isEqualTo(Alter.crop(photo, left, top, part.width(), part.height()).rgb());
      least = Math.min(least, part.width() * part.height() / 2400.0);
      lefts.add(left);
    }
    // Rounding to whole pixels may take a little off.
    assertThat(least).isBetween(0.38, 0.45);
    assertThat(lefts).hasSizeGreaterThan(8);
  }

  @Test
  void everyOtherViewIsMirrored() {
    PhotoViews views = new PhotoViews(2, 1, true, 0);
    assertThat(views.of(photo, PICTURE, 1).rgb()).isEqualTo(Alter.mirror(photo).rgb());
    assertThat(views.of(photo, PICTURE, 2)).isEqualTo(photo);
    assertThat(views.mirrored(0)).isFalse();
    assertThat(views.mirrored(1)).isTrue();
    assertThat(new PhotoViews(2, 1, false, 0).mirrored(1)).isFalse();
  }

  @Test
  void settingsAndNumbersHaveStoresOfTheirOwn() {
    Set<String> names = new HashSet<>();
    for (PhotoViews views :
        new PhotoViews[] {
          new PhotoViews(2, 0.5, true, 0.3), new PhotoViews(2, 0.6, true, 0.3), new PhotoViews(2, 0.5, false, 0.3), new PhotoViews(2, 0.5, true, 0.2)
        }) {
      names.add(views.fingerprint(1));
      names.add(views.fingerprint(2));
    }
    assertThat(names).hasSize(8);
    // More views leave those that are there as they are.
    assertThat(new PhotoViews(5, 0.5, true, 0.3).fingerprint(1)).isEqualTo(new PhotoViews(2, 0.5, true, 0.3).fingerprint(1));
  }
}
