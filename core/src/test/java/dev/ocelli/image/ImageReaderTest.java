package dev.ocelli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReaderTest {
  private static final Path FORMATS = Goldens.FOLDER.resolve("formats");

  static List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(FORMATS)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void readsWhatPillowReads(String name) throws IOException {
    assertThat(Goldens.worst(ImageReader.read(FORMATS.resolve(name)), Goldens.expected(name))).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
  void everyWrongOrientationIsNoticed(int right) throws IOException {
    RgbImage lying = ImageReader.read(FORMATS.resolve("exif1.jpg"));
    RgbImage expected = Goldens.expected("exif" + right + ".jpg");
    for (int wrong = 1; wrong <= 8; wrong++) {
      int worst = Goldens.worst(Orientation.upright(lying, wrong), expected);
      assertThat(worst > 2).as("orientation %d for %d", wrong, right).isEqualTo(wrong != right);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cmyk.jpg", "rgb.jpg", "palette8.png", "transparent.gif", "rgb565.bmp", "lossy.webp"})
  void exchangedChannelsAreNoticed(String name) throws IOException {
    RgbImage image = ImageReader.read(FORMATS.resolve(name));
    byte[] bgr = image.rgb().clone();
    for (int i = 0; i < bgr.length; i += 3) {
      byte red = bgr[i];
      bgr[i] = bgr[i + 2];
      bgr[i + 2] = red;
    }
    assertThat(Goldens.worst(new RgbImage(image.width(), image.height(), bgr), Goldens.expected(name))).isGreaterThan(2);
  }

  @Test
  void manyThreadsReadTheSame() throws IOException {
    List<String> names = names();
    boolean same =
        IntStream.range(0, 8 * names.size())
            .parallel()
            .allMatch(
                i -> {
                  Path file = FORMATS.resolve(names.get(i % names.size()));
                  return Arrays.equals(ImageReader.read(file).rgb(), ImageReader.read(file).rgb());
                });
    assertThat(same).isTrue();
  }

  @ParameterizedTest
  @MethodSource("names")
  void cutOrDamagedFilesNameThemselves(String name) throws IOException {
    byte[] whole = Files.readAllBytes(FORMATS.resolve(name));
    for (int length : new int[] {0, 1, 3, 9, 14, 20, 40, whole.length / 3, whole.length / 2}) {
      byte[] part = Arrays.copyOf(whole, Math.min(length, whole.length / 2));
      assertThatThrownBy(() -> ImageReader.read(part, name))
          .as("%d bytes", length)
          .isInstanceOf(UserError.class)
          .hasMessageContaining(name);
    }
    java.util.Random random = new java.util.Random(7);
    for (int i = 0; i < 60; i++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(Math.min(whole.length, 200))] = (byte) random.nextInt();
      try {
        ImageReader.read(damaged, name);
      } catch (UserError e) {
        assertThat(e.getMessage()).contains(name).hasLineCount(1);
      }
    }
  }

  /** The JRE's libjpeg fills up with grey and only warns. */
  @ParameterizedTest
  @ValueSource(strings = {"sampling-420.jpg", "progressive.jpg", "cmyk.jpg", "restart.jpg", "rgb8.png", "rgb24.bmp", "lossless.webp"})
  void aMissingEndIsNoticed(String name) throws IOException {
    byte[] whole = Files.readAllBytes(FORMATS.resolve(name));
    byte[] part = Arrays.copyOf(whole, whole.length - 40);
    assertThatThrownBy(() -> ImageReader.read(part, name)).isInstanceOf(UserError.class).hasMessageContainingAll(name, "cut short");
  }

  @Test
  void bombsAreRefusedByTheirHeader() throws IOException {
    byte[] png = Files.readAllBytes(FORMATS.resolve("rgb8.png"));
    png[16] = 0;
    png[17] = 1;
    png[21] = 1;
    java.util.zip.CRC32 crc = new java.util.zip.CRC32();
    crc.update(png, 12, 17);
    for (int i = 0; i < 4; i++) {
      png[29 + i] = (byte) (crc.getValue() >> 24 - 8 * i);
    }
    byte[] jpeg = Files.readAllBytes(FORMATS.resolve("grey.jpg"));
    byte[] gif = Files.readAllBytes(FORMATS.resolve("grey.gif"));
    byte[] bmp = Files.readAllBytes(FORMATS.resolve("rgb24.bmp"));
    byte[] webp = Files.readAllBytes(FORMATS.resolve("lossless-alpha.webp"));
    Arrays.fill(jpeg, frame(jpeg) + 5, frame(jpeg) + 9, (byte) 0xFF);
    Arrays.fill(gif, 6, 10, (byte) 0xFF);
    bmp[20] = 1;
    bmp[24] = 1;
    Arrays.fill(webp, 21, 24, (byte) 0xFF);
    webp[24] |= 15;
    byte[] extended = Files.readAllBytes(FORMATS.resolve("lossy-alpha.webp"));
    Arrays.fill(extended, 24, 30, (byte) 0xFF);
    for (byte[] bomb : List.of(png, jpeg, gif, bmp, webp, extended)) {
      assertThatThrownBy(() -> ImageReader.read(bomb, "bomb"))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("bomb", "pixels", "178000000 allowed");
    }
    Arrays.fill(jpeg, frame(jpeg) + 5, frame(jpeg) + 9, (byte) 0);
    Arrays.fill(bmp, 18, 26, (byte) 0);
    for (byte[] nothing : List.of(jpeg, bmp)) {
      assertThatThrownBy(() -> ImageReader.read(nothing, "nothing")).isInstanceOf(UserError.class).hasMessageContaining("nothing");
    }
  }

  private static int frame(byte[] jpeg) {
    for (int i = 0; ; i++) {
      if (jpeg[i] == (byte) 0xFF && jpeg[i + 1] == (byte) 0xC0) {
        return i;
      }
    }
  }

  @Test
  void otherFilesAreRefusedInWords(@TempDir Path folder) throws IOException {
    Path text = Files.writeString(folder.resolve("notes.jpg"), "no picture at all", StandardCharsets.UTF_8);
    assertThatThrownBy(() -> ImageReader.read(text)).isInstanceOf(UserError.class).hasMessageContainingAll("notes.jpg", "6e 6f 20", "JPEG");
    Path empty = Files.createFile(folder.resolve("empty.png"));
    assertThatThrownBy(() -> ImageReader.read(empty)).isInstanceOf(UserError.class).hasMessageContainingAll("empty.png", "0 bytes");
    Path inside = Files.createDirectory(folder.resolve("folder.png"));
    assertThatThrownBy(() -> ImageReader.read(inside)).isInstanceOf(UserError.class).hasMessageContainingAll("folder.png", "folder");
    Path none = folder.resolve("none.png");
    assertThatThrownBy(() -> ImageReader.read(none)).isInstanceOf(UserError.class).hasMessageContainingAll("none.png", "no such file");
  }

  @Test
  void picturesAreKnownByTheirEnding() {
    assertThat(Stream.of("a.jpg", "a.b.JPEG", "x/y.Png", "a.webp", "a.gif", "a.bmp").map(Path::of)).allMatch(ImageReader::looksLikeImage);
    assertThat(Stream.of("a.txt", "jpg", ".png", "a.jpg.part", "a.").map(Path::of)).noneMatch(ImageReader::looksLikeImage);
  }
}
