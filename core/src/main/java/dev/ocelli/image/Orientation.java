package dev.ocelli.image;

import com.drew.lang.ByteArrayReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifReader;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which way up a picture was taken, and turning it upright. Orientations are numbered 1 to 8 as in EXIF; 1 is upright. */
final class Orientation {
  static final int UPRIGHT = 1;

  private static final Pattern XMP = Pattern.compile("tiff:Orientation(=\"|>)([0-9])");

  private Orientation() {}

  /** The orientation in an EXIF block (a TIFF header and what follows) at {@code offset}; 0 where there is none. */
  static int ofExif(byte[] bytes, int offset) {
    Metadata metadata = new Metadata();
    new ExifReader().extract(new ByteArrayReader(bytes), metadata, offset);
    ExifIFD0Directory first = metadata.getFirstDirectoryOfType(ExifIFD0Directory.class);
    Integer value = first == null ? null : first.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
    return value == null ? 0 : value;
  }

  /** The orientation in an XMP packet, where editors that drop EXIF leave it; 0 where there is none. */
  static int ofXmp(byte[] bytes) {
    Matcher found = XMP.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
    return found.find() ? found.group(2).charAt(0) - '0' : 0;
  }

  /** {@code in} turned upright; a number that is no orientation counts as 1, as viewers do. */
  static RgbImage upright(RgbImage in, int orientation) {
    int w = in.width();
    int h = in.height();
    // The source pixel of the output's top left, and how far it moves with each output column and row.
    return switch (orientation) {
      case 2 -> walk(in, w, h, w - 1, -1, w);
      case 3 -> walk(in, w, h, w * h - 1, -1, -w);
      case 4 -> walk(in, w, h, (h - 1) * w, 1, -w);
      case 5 -> walk(in, h, w, 0, w, 1);
      case 6 -> walk(in, h, w, (h - 1) * w, -w, 1);
      case 7 -> walk(in, h, w, w * h - 1, -w, -1);
      case 8 -> walk(in, h, w, w - 1, w, -1);
      default -> in;
    };
  }

  private static RgbImage walk(RgbImage in, int w, int h, int start, int perColumn, int perRow) {
    byte[] from = in.rgb();
    byte[] to = new byte[from.length];
    for (int y = 0, o = 0; y < h; y++) {
      int i = 3 * (start + y * perRow);
      for (int x = 0; x < w; x++, o += 3, i += 3 * perColumn) {
        to[o] = from[i];
        to[o + 1] = from[i + 1];
        to[o + 2] = from[i + 2];
      }
    }
    return new RgbImage(w, h, to);
  }
}
