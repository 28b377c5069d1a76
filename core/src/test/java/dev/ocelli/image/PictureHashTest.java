package dev.ocelli.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PictureHashTest {
  private static final Path GOLDENS = Path.of("src/test/resources/goldens/image");

  @Test
  void bitsAreThoseOfImagehash() throws IOException {
    List<String> lines = Files.readAllLines(GOLDENS.resolve("phash.csv"));
    assertThat(lines).hasSizeGreaterThan(30);
    for (String line : lines) {
      String[] fields = line.split(",");
      PictureHash hash = PictureHash.of(ImageReader.read(GOLDENS.resolve("expected").resolve(fields[0])));
      assertThat(String.format("%016x", hash.bits())).as(fields[0]).isEqualTo(fields[1]);
    }
  }

  @Test
  void copiesAreNearAndOtherColoursAreNot() {
    RgbImage picture = blob(200, 150, 90, 60, 220, 40);
    PictureHash hash = PictureHash.of(picture);
    assertThat(hash.near(PictureHash.of(Resize.resize(picture, 97, 71, Filter.BICUBIC)))).isTrue();
    RgbImage blue = blob(200, 150, 90, 60, 138, 255);
    assertThat(hash.distance(PictureHash.of(blue))).as("grey alone is taken in").isLessThanOrEqualTo(PictureHash.NEAR_BITS);
    assertThat(hash.near(PictureHash.of(blue))).isFalse();
    assertThat(hash.near(PictureHash.of(blob(200, 150, 150, 110, 220, 40)))).isFalse();
  }

  /** A soft spot before slopes. */
  private static RgbImage blob(int width, int height, int cx, int cy, int red, int blue) {
    byte[] rgb = new byte[3 * width * height];
    for (int y = 0, i = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        boolean inside = Math.hypot(x - cx, y - cy) < 45;
        rgb[i++] = (byte) (inside ? red : x * 200 / width);
        rgb[i++] = (byte) (inside ? 60 : y * 200 / height);
        rgb[i++] = (byte) (inside ? blue : 128);
      }
    }
    return new RgbImage(width, height, rgb);
  }
}
