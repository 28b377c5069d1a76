package dev.ocelli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Against Pillow, by what tools/goldens/views.py wrote. */
class AlterTest {
  private record Case(String name, float[] arguments, RgbImage image) {}

  private final RgbImage source;
  private final List<Case> cases = new ArrayList<>();

  AlterTest() throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(Path.of("src/test/resources/goldens/image/views.bin"))).order(ByteOrder.LITTLE_ENDIAN);
    source = picture(bytes);
    while (bytes.hasRemaining()) {
      byte[] name = new byte[bytes.getInt()];
      bytes.get(name);
      float[] arguments = {bytes.getFloat(), bytes.getFloat(), bytes.getFloat(), bytes.getFloat()};
      cases.add(new Case(new String(name, StandardCharsets.US_ASCII), arguments, picture(bytes)));
    }
  }

  private static RgbImage picture(ByteBuffer bytes) {
    int width = bytes.getInt();
    int height = bytes.getInt();
    byte[] rgb = new byte[3 * width * height];
    bytes.get(rgb);
    return new RgbImage(width, height, rgb);
  }

  private static RgbImage alter(RgbImage image, String name, float[] a) {
    return switch (name) {
      case "crop" -> Alter.crop(image, (int) a[0], (int) a[1], (int) a[2], (int) a[3]);
      case "mirror" -> Alter.mirror(image);
      case "brightness" -> Alter.brightness(image, a[0]);
      case "contrast" -> Alter.contrast(image, a[0]);
      case "saturation" -> Alter.saturation(image, a[0]);
      default -> throw new IllegalArgumentException(name);
    };
  }

  @Test
  void everyBitIsPillows() {
    assertThat(cases).hasSize(20);
    for (Case c : cases) {
      RgbImage ours = alter(source, c.name, c.arguments);
      assertThat(new int[] {ours.width(), ours.height()}).as(c.name).containsExactly(c.image.width(), c.image.height());
      assertThat(ours.rgb()).as(c.name + " " + c.arguments[0]).isEqualTo(c.image.rgb());
    }
  }

  @Test
  void anotherAlterationShows() {
    for (Case c : cases) {
      for (String other : List.of("mirror", "brightness", "contrast", "saturation")) {
        boolean same = !c.name.equals("crop") && !other.equals("mirror") && c.arguments[0] == 1;
        if (!other.equals(c.name) && !same) {
          assertThat(alter(source, other, c.arguments).rgb()).as(other + " for " + c.name).isNotEqualTo(c.image.rgb());
        }
      }
    }
  }

  @Test
  void aPartMustLieWithin() {
    assertThatThrownBy(() -> Alter.crop(source, 5, 0, 5, 2)).isInstanceOf(IllegalArgumentException.class);
  }
}
