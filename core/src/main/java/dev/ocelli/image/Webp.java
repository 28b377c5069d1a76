package dev.ocelli.image;

import java.io.IOException;
import java.util.Arrays;

/**
 * WebP, lossy and lossless, by libwebp, which gets only the coded picture: transparency and colour profiles don't count. Of an
 * animation, the first frame on its canvas.
 */
final class Webp {
  private static final int HEADER = 12;
  private static final int VP8_LOSSY = fourCc("VP8 ");
  private static final int VP8_LOSSLESS = fourCc("VP8L");
  private static final int EXTENDED = fourCc("VP8X");
  private static final int FRAME = fourCc("ANMF");
  private static final int EXIF = fourCc("EXIF");
  private static final int XMP = fourCc("XMP ");

  private Webp() {}

  static boolean matches(byte[] b) {
    return Bytes.startsWith(b, 0, 'R', 'I', 'F', 'F') && Bytes.startsWith(b, 8, 'W', 'E', 'B', 'P');
  }

  static RgbImage read(byte[] b) throws IOException {
    byte[] coded = null;
    int[] canvas = null;
    int[] place = {0, 0};
    int exif = 0;
    int xmp = 0;
    int at = HEADER;
    while (at + 8 <= b.length) {
      int type = Bytes.le32(b, at);
      int length = Bytes.le32(b, at + 4);
      int body = at + 8;
      if (length < 0 || length > b.length - body) {
        throw new IOException("it ends inside a chunk, at byte " + at + " of " + b.length);
      }
      if (type == FRAME && coded == null) {
        place = new int[] {2 * le24(b, body), 2 * le24(b, body + 3)};
        // Go on inside the frame: its chunks follow its 16 bytes of place and time.
        at = body + 16;
        continue;
      }
      if ((type == VP8_LOSSY || type == VP8_LOSSLESS) && coded == null) {
        coded = alone(b, at, 8 + length);
      } else if (type == EXTENDED) {
        canvas = new int[] {1 + le24(b, body + 4), 1 + le24(b, body + 7)};
        Decoder.checkSize(canvas[0], canvas[1]);
      } else if (type == EXIF) {
        boolean prefixed = Bytes.startsWith(b, body, 'E', 'x', 'i', 'f', 0, 0);
        exif = Orientation.ofExif(Arrays.copyOfRange(b, prefixed ? body + 6 : body, body + length), 0);
      } else if (type == XMP) {
        xmp = Orientation.ofXmp(Arrays.copyOfRange(b, body, body + length));
      }
      at = body + length + (length & 1);
    }
    if (coded == null) {
      throw new IOException("it holds no picture");
    }
    RgbImage picture = Pixels.rgb(Decoder.image("webp", coded), false);
    return Orientation.upright(canvas == null ? picture : on(canvas, picture, place), exif != 0 ? exif : xmp);
  }

  private static RgbImage on(int[] canvas, RgbImage picture, int[] place) {
    if (picture.width() == canvas[0] && picture.height() == canvas[1]) {
      return picture;
    }
    byte[] rgb = new byte[3 * canvas[0] * canvas[1]];
    for (int y = 0; y < picture.height(); y++) {
      int to = 3 * ((place[1] + y) * canvas[0] + place[0]);
      System.arraycopy(picture.rgb(), 3 * y * picture.width(), rgb, to, 3 * picture.width());
    }
    return new RgbImage(canvas[0], canvas[1], rgb);
  }

  /** A file of that chunk only. */
  private static byte[] alone(byte[] b, int at, int length) {
    byte[] file = Arrays.copyOf(b, HEADER + length + (length & 1));
    System.arraycopy(b, at, file, HEADER, length);
    if ((length & 1) != 0) {
      file[HEADER + length] = 0;
    }
    for (int i = 0; i < 4; i++) {
      file[4 + i] = (byte) (file.length - 8 >> 8 * i);
    }
    return file;
  }

  private static int le24(byte[] b, int at) {
    return Bytes.le16(b, at) | (b[at + 2] & 255) << 16;
  }

  private static int fourCc(String name) {
    return name.charAt(0) | name.charAt(1) << 8 | name.charAt(2) << 16 | name.charAt(3) << 24;
  }
}
