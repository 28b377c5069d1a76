package dev.ocelli.image;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/**
 * Reads JPEG, PNG, GIF (its first frame), BMP and WebP by content, whatever the file is called, to what Pillow's
 * {@code ImageOps.exif_transpose(image).convert("RGB")} gives: transparency dropped, colour profiles ignored, upright by EXIF (or
 * else XMP), pixel by pixel. Safe to call from many threads; nothing is cached, neither libtorch nor the network is touched.
 */
public final class ImageReader {
  /** What is said of a picture for which Java's memory is too small. */
  public static final String NO_MEMORY = "takes more memory than Java has left. Scale it down, or give Java more (OCELLI_JAVA_OPTS=-Xmx4g).";

  /** The largest picture that is unpacked, in pixels (it takes about 6 bytes each): the size at which Pillow, too, suspects a bomb. */
  public static final long MAX_PIXELS = 178_000_000;

  /** File endings, lower case without dot, of the formats read here. */
  public static final Set<String> EXTENSIONS = Set.of("jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "dib", "webp");

  private ImageReader() {}

  /** Whether the name ends as a picture's does; the file isn't opened. */
  public static boolean looksLikeImage(Path file) {
    Path name = file.getFileName();
    String text = name == null ? "" : name.toString().toLowerCase(Locale.ROOT);
    return EXTENSIONS.contains(text.substring(text.lastIndexOf('.') + 1)) && text.lastIndexOf('.') > 0;
  }

  /**
   * The picture in {@code file}, upright.
   *
   * @throws UserError where the file is missing, unreadable, empty, no picture, cut short, damaged or larger than {@link #MAX_PIXELS}
   */
  public static RgbImage read(Path file) {
    if (Files.isDirectory(file)) {
      throw new UserError("Can't read " + file + " as a picture: it is a folder.");
    }
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
    return read(bytes, file.toString());
  }

  /** As {@link #read(Path)}, of bytes that errors call {@code nameForErrors}. */
  public static RgbImage read(byte[] bytes, String nameForErrors) {
    try {
      return decode(bytes, nameForErrors);
    } catch (Decoder.TooLarge e) {
      throw new UserError("Can't read " + nameForErrors + ": " + e.getMessage() + ". Scale it down or leave it out.", e);
    } catch (UserError e) {
      throw e;
    } catch (OutOfMemoryError e) {
      throw new UserError("Can't read " + nameForErrors + ": it " + NO_MEMORY, e);
    } catch (IOException | RuntimeException e) {
      // Decoders meet damaged bytes with all kinds of exceptions, such as an index out of bounds, whose words tell a user nothing.
      String why = e instanceof IOException && e.getMessage() != null ? e.getMessage() : "its data can't be unpacked";
      throw new UserError(
          "Can't read the picture " + nameForErrors + ": " + why.lines().findFirst().orElse("") + " (" + bytes.length
              + " bytes). It may be cut short or damaged: copy it again or leave it out.",
          e);
    }
  }

  private static RgbImage decode(byte[] bytes, String name) throws IOException {
    if (bytes.length == 0) {
      throw new UserError("Can't read the picture " + name + ": it is empty (0 bytes). Copy it again or leave it out.");
    }
    if (Jpeg.matches(bytes)) {
      return Jpeg.read(bytes);
    }
    if (Png.matches(bytes)) {
      return Png.read(bytes);
    }
    if (Gif.matches(bytes)) {
      return Gif.read(bytes);
    }
    if (Webp.matches(bytes)) {
      return Webp.read(bytes);
    }
    if (Bytes.startsWith(bytes, 0, 'B', 'M')) {
      return Pixels.rgb(Decoder.image("bmp", bytes), false);
    }
    throw new UserError(
        "Can't read " + name + " as a picture: its first bytes (" + start(bytes)
            + ") are of no known format. Give JPEG, PNG, GIF, BMP or WebP.");
  }

  private static String start(byte[] bytes) {
    StringBuilder hex = new StringBuilder();
    for (int i = 0; i < Math.min(8, bytes.length); i++) {
      hex.append(i == 0 ? "" : " ").append(String.format(Locale.ROOT, "%02x", bytes[i]));
    }
    return hex.toString();
  }
}
