package dev.ocelli.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class ResizeTest {
  private record Golden(Filter filter, int width, int height, int crc) {}

  private static Filter filter(int code) {
    for (Filter filter : Filter.values()) {
      if (filter.code == code) {
        return filter;
      }
    }
    throw new AssertionError(code);
  }

  private static Golden next(ByteBuffer records) {
    return new Golden(filter(records.getInt()), records.getInt(), records.getInt(), records.getInt());
  }

  private static RgbImage source(ByteBuffer records) {
    int width = records.getInt();
    int height = records.getInt();
    byte[] rgb = new byte[3 * width * height];
    records.get(rgb);
    return new RgbImage(width, height, rgb);
  }

  @Test
  void everyBitIsPillows() throws IOException {
    ByteBuffer records = Goldens.records("resize.bin");
    RgbImage source = source(records);
    assertThat(source.rgb()).isEqualTo(Goldens.picture(47, 31, 0).rgb());
    int seen = 0;
    for (; records.hasRemaining(); seen++) {
      Golden golden = next(records);
      RgbImage resized = Resize.resize(source, golden.width, golden.height, golden.filter);
      assertThat(Goldens.crc(resized.rgb())).as("%s", golden).isEqualTo(golden.crc);
    }
    assertThat(seen).isEqualTo(6 * 24);
  }

  /** A comparison that can't fail proves nothing: another filter, or one bit, must not pass it. */
  @Test
  void wrongFiltersAndBitsAreNoticed() throws IOException {
    ByteBuffer records = Goldens.records("resize.bin");
    RgbImage source = source(records);
    while (records.hasRemaining()) {
      Golden golden = next(records);
      if (golden.width == 24 || golden.width == 333) {
        for (Filter other : Filter.values()) {
          byte[] rgb = Resize.resize(source, golden.width, golden.height, other).rgb();
          assertThat(Goldens.crc(rgb) == golden.crc).as("%s for %s", other, golden).isEqualTo(same(other, golden));
          rgb[rgb.length / 2] ^= 1;
          assertThat(Goldens.crc(rgb)).isNotEqualTo(golden.crc);
        }
      }
    }
  }

  /** Enlarging with BOX picks the nearest pixel. */
  private static boolean same(Filter other, Golden golden) {
    boolean copies = (other == Filter.BOX || other == Filter.NEAREST) && (golden.filter == Filter.BOX || golden.filter == Filter.NEAREST);
    return other == golden.filter || golden.width > 47 && copies;
  }

  @Test
  void windowIsTheCropOfTheWhole() {
    RgbImage source = Goldens.picture(53, 41, 3);
    for (Filter filter : Filter.values()) {
      for (int[] size : new int[][] {{53, 41}, {53, 20}, {20, 41}, {31, 90}, {90, 31}, {17, 13}}) {
        RgbImage whole = Resize.resize(source, size[0], size[1], filter);
        RgbImage part = Resize.window(source, size[0], size[1], filter, 3, 2, 9, 7);
        for (int y = 0; y < 7; y++) {
          for (int i = 0; i < 27; i++) {
            assertThat(part.rgb()[27 * y + i]).isEqualTo(whole.rgb()[3 * ((y + 2) * size[0] + 3) + i]);
          }
        }
      }
    }
  }
}
