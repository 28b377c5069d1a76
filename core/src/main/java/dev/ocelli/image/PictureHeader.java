package dev.ocelli.image;

import dev.ocelli.UserError;
import java.util.Optional;

/**
 * What a picture's file says of itself before anything is unpacked. It may lie; {@link ImageReader} checks again while it unpacks.
 *
 * @param width of the largest part, in pixels
 * @param height of the largest part, in pixels
 * @param frames pictures in the file, more than 1 in an animation
 * @param scans passes over a progressive JPEG, each of which costs time; 1 in other formats
 */
public record PictureHeader(String format, int width, int height, int frames, int scans) {
  /** What may be unpacked. */
  public record Limits(long pixels, int frames, int scans) {}

  /** The header of a JPEG, PNG, GIF, WebP or BMP; empty where the bytes are none or end inside it. */
  public static Optional<PictureHeader> of(byte[] bytes) {
    try {
      if (Jpeg.matches(bytes)) {
        return jpeg(bytes);
      }
      if (Png.matches(bytes)) {
        return png(bytes);
      }
      if (Gif.matches(bytes)) {
        return gif(bytes);
      }
      if (Webp.matches(bytes)) {
        return webp(bytes);
      }
      return Bytes.startsWith(bytes, 0, 'B', 'M') ? bmp(bytes) : Optional.empty();
    } catch (IndexOutOfBoundsException cutShort) {
      return Optional.empty();
    }
  }

  /**
   * Refuses what would be costly to unpack.
   *
   * @param name what errors call the picture
   */
  public static void check(byte[] bytes, Limits limits, String name) {
    PictureHeader header = of(bytes).orElse(null);
    if (header == null) {
      throw UserError.of("Can't read %s as a picture: it is none, or cut short. Give JPEG, PNG, GIF, BMP or WebP.", name);
    }
    if (header.width < 1 || header.height < 1 || (long) header.width * header.height > limits.pixels) {
      throw UserError.of(
          "%s is %dx%d pixels; from 1 to %d pixels in all can be read. Scale it down.", name, header.width, header.height, limits.pixels);
    }
    if (header.frames > limits.frames) {
      throw UserError.of("%s has more than %d frames. Give one of them.", name, limits.frames);
    }
    if (header.scans > limits.scans) {
      throw UserError.of("%s is a JPEG of more than %d scans. Save it anew.", name, limits.scans);
    }
  }

  private static Optional<PictureHeader> jpeg(byte[] b) {
    int width = 0;
    int height = 0;
    int scans = 0;
    int at = 2;
    while (at + 3 < b.length) {
      // Up to the first scan as Jpeg reads it, so that both see the same size; inside a scan, on to the next marker.
      if (b[at] != (byte) 0xFF) {
        if (scans == 0) {
          return Optional.empty();
        }
        at++;
        continue;
      }
      int marker = b[at + 1] & 255;
      if (marker == 0xFF) {
        at++;
      } else if (marker == 0 && scans > 0 || marker == 1 || marker >= 0xD0 && marker <= 0xD8) {
        at += 2;
      } else if (marker == 0xD9) {
        break;
      } else {
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
          height = Math.max(height, Bytes.be16(b, at + 5));
          width = Math.max(width, Bytes.be16(b, at + 7));
        }
        scans += marker == 0xDA ? 1 : 0;
        at += 2 + Math.max(2, Bytes.be16(b, at + 2));
      }
    }
    return Optional.of(new PictureHeader("jpeg", width, height, 1, scans));
  }

  private static Optional<PictureHeader> png(byte[] b) {
    int frames = 1;
    for (int at = 8; at + 12 <= b.length; ) {
      int length = Bytes.be32(b, at);
      if (Bytes.startsWith(b, at + 4, 'a', 'c', 'T', 'L')) {
        frames = count(Bytes.be32(b, at + 8));
      }
      if (length < 0 || length > b.length - at - 12 || Bytes.startsWith(b, at + 4, 'I', 'D', 'A', 'T')) {
        break;
      }
      at += 12 + length;
    }
    return Bytes.startsWith(b, 12, 'I', 'H', 'D', 'R')
        ? Optional.of(new PictureHeader("png", Bytes.be32(b, 16), Bytes.be32(b, 20), frames, 1))
        : Optional.empty();
  }

  private static Optional<PictureHeader> gif(byte[] b) {
    int width = Bytes.le16(b, 6);
    int height = Bytes.le16(b, 8);
    int frames = 0;
    int at = 13 + ((b[10] & 0x80) != 0 ? 3 * (2 << (b[10] & 7)) : 0);
    while (at < b.length && (b[at] == '!' || b[at] == ',')) {
      if (b[at] == ',') {
        frames++;
        width = Math.max(width, Bytes.le16(b, at + 1) + Bytes.le16(b, at + 5));
        height = Math.max(height, Bytes.le16(b, at + 3) + Bytes.le16(b, at + 7));
        at += 11 + ((b[at + 9] & 0x80) != 0 ? 3 * (2 << (b[at + 9] & 7)) : 0);
      } else {
        at += 2;
      }
      while (at < b.length && b[at] != 0) {
        at += 1 + (b[at] & 255);
      }
      at++;
    }
    return frames == 0 ? Optional.empty() : Optional.of(new PictureHeader("gif", width, height, frames, 1));
  }

  private static Optional<PictureHeader> webp(byte[] b) {
    int width = 0;
    int height = 0;
    int frames = 0;
    int at = 12;
    while (at + 8 <= b.length) {
      int length = Bytes.le32(b, at + 4);
      int body = at + 8;
      int w = 0;
      int h = 0;
      if (Bytes.startsWith(b, at, 'V', 'P', '8', 'X')) {
        w = 1 + le24(b, body + 4);
        h = 1 + le24(b, body + 7);
      } else if (Bytes.startsWith(b, at, 'A', 'N', 'M', 'F')) {
        frames++;
        w = 1 + le24(b, body + 6);
        h = 1 + le24(b, body + 9);
      } else if (Bytes.startsWith(b, at, 'V', 'P', '8', 'L')) {
        int bits = Bytes.le32(b, body + 1);
        w = 1 + (bits & 0x3FFF);
        h = 1 + (bits >>> 14 & 0x3FFF);
      } else if (Bytes.startsWith(b, at, 'V', 'P', '8', ' ')) {
        w = Bytes.le16(b, body + 6) & 0x3FFF;
        h = Bytes.le16(b, body + 8) & 0x3FFF;
      }
      width = Math.max(width, w);
      height = Math.max(height, h);
      if (length < 0 || length > b.length - body) {
        break;
      }
      // An animation's frame holds chunks of its own, behind 16 bytes.
      at = body + (Bytes.startsWith(b, at, 'A', 'N', 'M', 'F') ? 16 : length + (length & 1));
    }
    return width == 0 ? Optional.empty() : Optional.of(new PictureHeader("webp", width, height, Math.max(1, frames), 1));
  }

  private static Optional<PictureHeader> bmp(byte[] b) {
    int compression = Bytes.le32(b, 14) < 40 ? 0 : Bytes.le32(b, 30);
    if (compression == 4 || compression == 5) {
      return Optional.empty(); // a JPEG or PNG inside, with a size of its own
    }
    boolean old = Bytes.le32(b, 14) == 12;
    int width = old ? Bytes.le16(b, 18) : Bytes.le32(b, 18);
    int height = old ? Bytes.le16(b, 20) : Bytes.le32(b, 22);
    return Optional.of(new PictureHeader("bmp", width, height == Integer.MIN_VALUE ? 0 : Math.abs(height), 1, 1));
  }

  private static int count(int unsigned) {
    return unsigned < 0 ? Integer.MAX_VALUE : Math.max(1, unsigned);
  }

  private static int le24(byte[] b, int at) {
    return Bytes.le16(b, at) | (b[at + 2] & 255) << 16;
  }
}
