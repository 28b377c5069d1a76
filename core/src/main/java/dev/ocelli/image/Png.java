package dev.ocelli.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * PNG by the JRE's decoder, which gets only what draws the picture: transparency, colour profiles and text stay out. They don't
 * count, and a broken one would stop it.
 */
final class Png {
  private static final int SIGNATURE = 8;
  private static final int IHDR = 0x49484452;
  private static final int PLTE = 0x504C5445;
  private static final int IDAT = 0x49444154;
  private static final int IEND = 0x49454E44;
  private static final int EXIF = 0x65584966;
  private static final int ITXT = 0x69545874;

  private Png() {}

  static boolean matches(byte[] b) {
    return Bytes.startsWith(b, 0, 0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A);
  }

  static RgbImage read(byte[] b) throws IOException {
    ByteArrayOutputStream kept = new ByteArrayOutputStream(b.length);
    kept.write(b, 0, SIGNATURE);
    int exif = 0;
    int xmp = 0;
    int at = SIGNATURE;
    while (at < b.length) {
      int length = b.length - at < 12 ? -1 : Bytes.be32(b, at);
      if (length < 0 || length > b.length - at - 12) {
        throw new IOException("it ends inside a chunk, at byte " + at + " of " + b.length);
      }
      int type = Bytes.be32(b, at + 4);
      int body = at + 8;
      int next = body + length + 4;
      if (type == IHDR || type == PLTE || type == IDAT || type == IEND) {
        check(b, at + 4, length + 4);
        if (type == IHDR && length >= 8) {
          Decoder.checkSize(Bytes.be32(b, body), Bytes.be32(b, body + 4));
        }
        kept.write(b, at, next - at);
      } else if (type == EXIF) {
        // Some writers leave the prefix that a JPEG would need.
        boolean prefixed = Bytes.startsWith(b, body, 'E', 'x', 'i', 'f', 0, 0);
        exif = Orientation.ofExif(Arrays.copyOfRange(b, prefixed ? body + 6 : body, body + length), 0);
      } else if (type == ITXT && Bytes.startsWith(b, body, 'X', 'M', 'L', ':')) {
        xmp = Orientation.ofXmp(Arrays.copyOfRange(b, body, body + length));
      }
      at = next;
      if (type == IEND) {
        break;
      }
    }
    return Orientation.upright(Pixels.rgb(Decoder.image("png", kept.toByteArray()), isGrey16(b)), exif != 0 ? exif : xmp);
  }

  /** Pillow holds 16-bit grey in a mode of its own, whose way to RGB cuts off at 255; its other 16-bit kinds keep the high byte. */
  private static boolean isGrey16(byte[] b) {
    return b.length > 25 && b[24] == 16 && b[25] == 0;
  }

  private static void check(byte[] b, int at, int length) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(b, at, length);
    if ((int) crc.getValue() != Bytes.be32(b, at + length)) {
      throw new IOException("the checksum at byte " + (at + length) + " is wrong");
    }
  }
}
