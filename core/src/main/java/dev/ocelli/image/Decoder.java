package dev.ocelli.image;

import com.luciad.imageio.webp.WebPImageReaderSpi;
import com.twelvemonkeys.imageio.plugins.bmp.BMPImageReaderSpi;
import dev.ocelli.UserError;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Runs one of the JRE's, TwelveMonkeys' or libwebp's decoders over bytes in memory. A reader serves one call, so threads share nothing. */
final class Decoder {
  private Decoder() {}

  /** The components as stored, for decoders that offer it (JPEG). */
  static Raster raster(String format, byte[] bytes) throws IOException {
    return run(format, bytes, reader -> reader.readRaster(0, null));
  }

  static BufferedImage image(String format, byte[] bytes) throws IOException {
    return run(format, bytes, reader -> reader.read(0));
  }

  private interface Decoding<T> {
    T by(ImageReader reader) throws IOException;
  }

  private static <T> T run(String format, byte[] bytes, Decoding<T> decoding) throws IOException {
    ImageReader reader = spi(format).createReaderInstance();
    // Not ImageIO.createImageInputStream: that may use a file, by a setting that the whole process shares.
    try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      Shortage shortage = new Shortage();
      reader.addIIOReadWarningListener(shortage);
      reader.setInput(in, true, true);
      checkSize(reader.getWidth(0), reader.getHeight(0));
      T result = decoding.by(reader);
      if (shortage.seen) {
        throw new IOException("it ends before its last pixel");
      }
      return result;
    } finally {
      reader.dispose();
    }
  }

  /** Refuses what would take gigabytes to unpack, before anything is unpacked. */
  static void checkSize(int width, int height) throws IOException {
    if (width < 1 || height < 1) {
      throw new IOException("it is " + width + "x" + height + " pixels");
    }
    if ((long) width * height > dev.ocelli.image.ImageReader.MAX_PIXELS) {
      throw new TooLarge(width, height);
    }
  }

  /** A picture above the limit: unlike a damaged one it can be mended by scaling it down. */
  static final class TooLarge extends IOException {
    TooLarge(int width, int height) {
      super("it is " + width + "x" + height + " pixels, more than the " + dev.ocelli.image.ImageReader.MAX_PIXELS + " allowed");
    }
  }

  /** libjpeg fills the rest of a cut file with grey and only warns; other warnings are about harmless oddities. */
  private static final class Shortage implements IIOReadWarningListener {
    private boolean seen;

    @Override
    public void warningOccurred(ImageReader source, String warning) {
      String text = warning.toLowerCase(java.util.Locale.ROOT);
      seen |= text.contains("eoi") || text.contains("premature end of") && text.contains("file");
    }
  }

  private static ImageReaderSpi spi(String format) {
    return switch (format) {
      case "webp" -> new WebPImageReaderSpi();
      case "bmp" -> new BMPImageReaderSpi();
      default -> jre(format);
    };
  }

  /** The JRE's decoder even where plug-ins for the same format come first: theirs convert colours by profile. */
  private static ImageReaderSpi jre(String format) {
    Iterator<ImageReaderSpi> all = IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
    while (all.hasNext()) {
      ImageReaderSpi spi = all.next();
      if (spi.getClass().getModule() == ImageIO.class.getModule() && spi.getFormatNames()[0].equalsIgnoreCase(format)) {
        return spi;
      }
    }
    throw new UserError("This Java runtime has no decoder for " + format + ": its module java.desktop is incomplete.");
  }
}
