package dev.ocelli.image;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import javax.imageio.ImageIO;

/** What tools/goldens/image.py wrote. */
final class Goldens {
  static final Path FOLDER = Path.of("src/test/resources/goldens/image");

  private Goldens() {}

  static ByteBuffer records(String name) throws IOException {
    try (InputStream in = new GZIPInputStream(java.nio.file.Files.newInputStream(FOLDER.resolve(name)))) {
      return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  /** The RGB PNG beside {@code formats/name}, read by ImageIO so that the reader under test doesn't judge itself. */
  static RgbImage expected(String name) throws IOException {
    BufferedImage image = ImageIO.read(FOLDER.resolve("expected").resolve(name + ".png").toFile());
    byte[] rgb = new byte[3 * image.getWidth() * image.getHeight()];
    for (int i = 0; i < rgb.length / 3; i++) {
      int pixel = image.getRGB(i % image.getWidth(), i / image.getWidth());
      rgb[3 * i] = (byte) (pixel >> 16);
      rgb[3 * i + 1] = (byte) (pixel >> 8);
      rgb[3 * i + 2] = (byte) pixel;
    }
    return new RgbImage(image.getWidth(), image.getHeight(), rgb);
  }

  /** The same as {@code picture} in image.py. */
  static RgbImage picture(int width, int height, int seed) {
    byte[] rgb = new byte[3 * width * height];
    for (int y = 0, o = 0; y < height; y++) {
      for (int x = 0; x < width; x++, o += 3) {
        int noise = (x * 7919 + y * 104729 + seed * 1299709) % 8191 * 31 % 64;
        rgb[o] = (byte) (x * 255 / Math.max(width - 1, 1) + noise / 4);
        rgb[o + 1] = (byte) (y * 255 / Math.max(height - 1, 1) * 3 / 4 + noise / 2);
        rgb[o + 2] = (byte) ((x / 5 + y / 7 + seed) % 2 * 180 + noise);
      }
    }
    return new RgbImage(width, height, rgb);
  }

  static int crc(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  static int crc(float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return crc(bytes.array());
  }

  static int worst(RgbImage a, RgbImage b) {
    int worst = a.width() == b.width() && a.height() == b.height() ? 0 : 256;
    for (int i = 0; i < a.rgb().length && worst < 256; i++) {
      worst = Math.max(worst, Math.abs((a.rgb()[i] & 255) - (b.rgb()[i] & 255)));
    }
    return worst;
  }
}
