package dev.ocelli.image;

import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Arrays;

/**
 * JPEG, as libjpeg-turbo (and so Pillow) decodes it. The JRE's own libjpeg does the work; it sees the coded picture only, with
 * every application segment taken out, and returns the components as they are stored. That keeps colour profiles (which Pillow
 * ignores), broken metadata and the JRE's guesses about colour out of the way, and leaves CMYK open, which the JRE doesn't convert.
 *
 * @param coded a JPEG stream without application segments but one that says "components as they are"
 * @param components 1 (grey), 3 or 4
 * @param transformed whether the first three components are Y, Cb, Cr
 * @param orientation 1 to 8, anything else for none
 */
record Jpeg(byte[] coded, int components, boolean transformed, int orientation) {
  private static final int APP0 = 0xE0;
  private static final int APP1 = 0xE1;
  private static final int APP14 = 0xEE;
  private static final int SCAN = 0xDA;
  private static final int END = 0xD9;

  /** SOI, then an Adobe segment whose last byte, 0, says that there is no colour transform. */
  private static final byte[] PLAIN_START = {
    (byte) 0xFF, (byte) 0xD8, (byte) 0xFF, (byte) 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0
  };

  static boolean matches(byte[] b) {
    return Bytes.startsWith(b, 0, 0xFF, 0xD8, 0xFF);
  }

  static RgbImage read(byte[] bytes) throws IOException {
    Jpeg jpeg = parse(bytes);
    Raster raster = Decoder.raster("jpeg", jpeg.coded);
    int w = raster.getWidth();
    int h = raster.getHeight();
    if (raster.getNumBands() != jpeg.components) {
      throw new IOException("it has " + raster.getNumBands() + " components where its header says " + jpeg.components);
    }
    byte[] data = ((DataBufferByte) raster.getDataBuffer()).getData();
    byte[] rgb = jpeg.components == 1 ? spread(data) : jpeg.components == 3 ? data : new byte[3 * w * h];
    if (jpeg.transformed) {
      toRgb(data, rgb, jpeg.components);
    }
    if (jpeg.components == 4) {
      inkToRgb(data, rgb, jpeg.transformed);
    }
    return Orientation.upright(new RgbImage(w, h, rgb), jpeg.orientation);
  }

  static Jpeg parse(byte[] b) throws IOException {
    byte[] kept = Arrays.copyOf(PLAIN_START, PLAIN_START.length + b.length);
    int length = PLAIN_START.length;
    boolean jfif = false;
    int adobe = -1;
    int[] identifiers = null;
    int exif = 0;
    int xmp = 0;
    int at = 2;
    while (true) {
      if (at + 4 > b.length) {
        throw new IOException("it ends inside its header");
      }
      int marker = b[at + 1] & 255;
      if (b[at] != (byte) 0xFF) {
        throw new IOException("its header is damaged at byte " + at);
      }
      if (marker == 0xFF) {
        at++;
        continue;
      }
      if (marker == 0x01 || marker >= 0xD0 && marker <= 0xD8) {
        at += 2;
        continue;
      }
      if (marker == END) {
        throw new IOException("it holds no picture");
      }
      if (marker == SCAN) {
        break;
      }
      int size = Bytes.be16(b, at + 2);
      int body = at + 4;
      int next = at + 2 + size;
      if (size < 2 || next > b.length) {
        throw new IOException("it ends inside its header");
      }
      if (marker == APP0 && size >= 16 && Bytes.startsWith(b, body, 'J', 'F', 'I', 'F', 0)) {
        jfif = true;
      } else if (marker == APP14 && size >= 14 && Bytes.startsWith(b, body, 'A', 'd', 'o', 'b', 'e')) {
        adobe = b[body + 11] & 255;
      } else if (marker == APP1 && size >= 8 && exif == 0 && Bytes.startsWith(b, body, 'E', 'x', 'i', 'f', 0)) {
        exif = Orientation.ofExif(Arrays.copyOfRange(b, body + 6, next), 0);
      } else if (marker == APP1 && xmp == 0 && Bytes.startsWith(b, body, 'h', 't', 't', 'p')) {
        xmp = Orientation.ofXmp(Arrays.copyOfRange(b, body, next));
      }
      if (isFrame(marker)) {
        identifiers = identifiers(b, body, next);
      }
      if (marker < APP0 || marker > 0xEF && marker < 0xFE) {
        System.arraycopy(b, at, kept, length, next - at);
        length += next - at;
      }
      at = next;
    }
    if (identifiers == null) {
      throw new IOException("its header gives no size");
    }
    System.arraycopy(b, at, kept, length, b.length - at);
    byte[] coded = Arrays.copyOf(kept, length + b.length - at);
    return new Jpeg(coded, identifiers.length, isTransformed(identifiers, jfif, adobe), exif != 0 ? exif : xmp);
  }

  /** C0 to CF but for the Huffman tables (C4), a reserved one (C8) and the arithmetic coding tables (CC). */
  private static boolean isFrame(int marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
  }

  /** The identifier of each component. */
  private static int[] identifiers(byte[] b, int body, int next) throws IOException {
    int components = next - body < 6 ? 0 : b[body + 5] & 255;
    if (components != 1 && components != 3 && components != 4 || next - body < 6 + 3 * components) {
      throw new IOException("it has " + components + " components; 1, 3 and 4 can be read");
    }
    Decoder.checkSize(Bytes.be16(b, body + 3), Bytes.be16(b, body + 1));
    int[] identifiers = new int[components];
    for (int c = 0; c < components; c++) {
      identifiers[c] = b[body + 6 + 3 * c] & 255;
    }
    return identifiers;
  }

  /** libjpeg's rules: JFIF means YCbCr, else Adobe's word counts, else the components' identifiers. */
  private static boolean isTransformed(int[] identifiers, boolean jfif, int adobe) {
    return switch (identifiers.length) {
      case 3 -> jfif || (adobe >= 0 ? adobe != 0 : !Arrays.equals(identifiers, new int[] {'R', 'G', 'B'}));
      case 4 -> adobe > 0;
      default -> false;
    };
  }

  private static byte[] spread(byte[] grey) {
    byte[] rgb = new byte[3 * grey.length];
    for (int i = 0; i < grey.length; i++) {
      rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = grey[i];
    }
    return rgb;
  }

  /** JFIF's YCbCr in 16-bit fixed point, rounded as libjpeg rounds; {@code from} and {@code to} may be one array of 3 components. */
  private static void toRgb(byte[] from, byte[] to, int components) {
    for (int i = 0, o = 0; i < from.length; i += components, o += 3) {
      int y = from[i] & 255;
      int cb = (from[i + 1] & 255) - 128;
      int cr = (from[i + 2] & 255) - 128;
      // 1.402, 0.34414, 0.71414 and 1.772 times 65536.
      to[o] = clip(y + (91881 * cr + 32768 >> 16));
      to[o + 1] = clip(y + (-22554 * cb - 46802 * cr + 32768 >> 16));
      to[o + 2] = clip(y + (116130 * cb + 32768 >> 16));
    }
  }

  /**
   * Four inks to light, by Pillow's formula. Pillow takes every such file to be stored inverted, as Adobe's programs do (255 is no
   * ink). Behind YCbCr are the inks' complements, so {@code rgb} then holds 255 minus what the file would have stored.
   */
  private static void inkToRgb(byte[] from, byte[] rgb, boolean transformed) {
    for (int i = 0, o = 0; i < from.length; i += 4) {
      int white = from[i + 3] & 255;
      for (int c = 0; c < 3; c++, o++) {
        int ink = transformed ? rgb[o] & 255 : 255 - (from[i + c] & 255);
        int product = ink * white + 128;
        rgb[o] = clip(white - ((product >> 8) + product >> 8));
      }
    }
  }

  private static byte clip(int value) {
    return (byte) Math.max(0, Math.min(255, value));
  }
}
