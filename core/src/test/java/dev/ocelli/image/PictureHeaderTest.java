package dev.ocelli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a header says is what is unpacked, and what would be costly is refused by it. */
class PictureHeaderTest {
  private static final Path FORMATS = Goldens.FOLDER.resolve("formats");
  private static final PictureHeader.Limits LIMITS = new PictureHeader.Limits(1_000_000, 100, 50);

  static List<String> names() throws IOException {
    return ImageReaderTest.names();
  }

  private static byte[] bytes(String name) throws IOException {
    return Files.readAllBytes(FORMATS.resolve(name));
  }

  @ParameterizedTest
  @MethodSource("names")
  void sizesAreThoseUnpacked(String name) throws IOException {
    PictureHeader header = PictureHeader.of(bytes(name)).orElseThrow();
    RgbImage image = ImageReader.read(FORMATS.resolve(name));
    // A picture that is turned upright may change its sides.
    assertThat(List.of(header.width(), header.height())).containsExactlyInAnyOrder(image.width(), image.height());
    assertThat(header.frames()).isEqualTo(name.startsWith("animated") ? 2 : 1);
    assertThat(header.scans() > 1).isEqualTo(name.equals("progressive.jpg"));
    PictureHeader.check(bytes(name), LIMITS, name);
  }

  @ParameterizedTest
  @MethodSource("names")
  void filesCutShortAreNoTrouble(String name) throws IOException {
    byte[] whole = bytes(name);
    for (int length = 0; length < Math.min(whole.length, 400); length++) {
      PictureHeader.of(Arrays.copyOf(whole, length));
    }
    assertThatThrownBy(() -> PictureHeader.check(Arrays.copyOf(whole, 12), LIMITS, "it")).isInstanceOf(UserError.class);
  }

  private static byte[] with(byte[] whole, int at, int... values) {
    byte[] changed = whole.clone();
    for (int i = 0; i < values.length; i++) {
      changed[at + i] = (byte) values[i];
    }
    return changed;
  }

  private static void refused(byte[] bytes, String why) {
    assertThatThrownBy(() -> PictureHeader.check(bytes, LIMITS, "it")).isInstanceOf(UserError.class).hasMessageContaining(why);
  }

  @Test
  void hugeSizesAreRefused() throws IOException {
    refused(with(bytes("rgb8.png"), 16, 0, 0x7F, 0xFF, 0xFF), "pixels");
    refused(with(bytes("rgb8.png"), 16, 0x80, 0, 0, 0), "pixels");
    refused(with(bytes("rgb24.bmp"), 18, 0xFF, 0xFF, 0xFF, 0x0F), "pixels");
    refused(with(bytes("animated.gif"), 6, 0xFF, 0xFF, 0xFF, 0xFF), "pixels");
    refused(with(bytes("lossless.webp"), 21, 0xFF, 0xFF, 0xFF, 0x0F), "pixels");
  }

  @Test
  void aLaterFrameMayNotBeLarger() throws IOException {
    byte[] gif = bytes("animated.gif");
    int last = -1;
    for (int i = 13; i + 9 < gif.length; i++) {
      // A frame follows the end of a control block.
      last = gif[i] == 0 && gif[i + 1] == ',' && gif[i + 2] == 0 ? i + 1 : last;
    }
    refused(with(gif, last + 5, 0xFF, 0xFF, 0xFF, 0xFF), "pixels");
  }

  @Test
  void manyFramesAreRefused() throws IOException {
    byte[] png = bytes("rgb8.png");
    ByteArrayOutputStream animated = new ByteArrayOutputStream();
    animated.write(png, 0, 33);
    animated.write(new byte[] {0, 0, 0, 8, 'a', 'c', 'T', 'L', 0, 0, 0, 101, 0, 0, 0, 0, 0, 0, 0, 0});
    animated.write(png, 33, png.length - 33);
    refused(animated.toByteArray(), "100 frames");
  }

  @Test
  void manyScansAreRefused() throws IOException {
    byte[] jpeg = bytes("progressive.jpg");
    ByteArrayOutputStream scans = new ByteArrayOutputStream();
    scans.write(jpeg, 0, jpeg.length - 2);
    for (int i = 0; i < 50; i++) {
      scans.write(new byte[] {(byte) 0xFF, (byte) 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 42});
    }
    refused(scans.toByteArray(), "50 scans");
  }

  @Test
  void aBmpAroundAnotherPictureIsRefused() throws IOException {
    refused(with(bytes("rgb24.bmp"), 30, 4, 0, 0, 0), "none");
  }

  /** Bytes that one reader takes for a segment and another for filling must not hide a size. */
  @Test
  void aJpegWithGarbageInItsHeaderIsRefused() throws IOException {
    byte[] jpeg = bytes("rgb.jpg");
    ByteArrayOutputStream odd = new ByteArrayOutputStream();
    odd.write(jpeg, 0, 2);
    odd.write(new byte[] {0, 0});
    odd.write(jpeg, 2, jpeg.length - 2);
    refused(odd.toByteArray(), "none");
  }
}
