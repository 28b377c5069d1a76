package dev.ocelli.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Makes JPEG files of pixels. Threads share nothing. */
public final class JpegWriter {
  private JpegWriter() {}

  /** @param quality from 1 to 100 */
  public static byte[] write(RgbImage image, int quality) {
    BufferedImage pixels = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
    int[] row = new int[image.width()];
    for (int y = 0, at = 0; y < image.height(); y++) {
      for (int x = 0; x < row.length; x++, at += 3) {
        row[x] = (image.rgb()[at] & 255) << 16 | (image.rgb()[at + 1] & 255) << 8 | image.rgb()[at + 2] & 255;
      }
      pixels.setRGB(0, y, row.length, 1, row, 0, row.length);
    }
    return write(pixels, quality);
  }

  /** As {@link #write(RgbImage, int)}, of pixels that Java drew. */
  public static byte[] write(BufferedImage image, int quality) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 15);
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      ImageWriteParam settings = writer.getDefaultWriteParam();
      settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      settings.setCompressionQuality(quality / 100f);
      writer.setOutput(out);
      writer.write(null, new IIOImage(image, null, null), settings);
    } catch (IOException e) {
      throw new UncheckedIOException("Writing to memory failed", e);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }
}
