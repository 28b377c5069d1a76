package dev.ocelli.image;

import java.awt.image.Raster;
import java.io.IOException;

/** The first frame of a GIF, on the canvas that its header gives. The JRE unpacks it; palette and place are read here. */
final class Gif {
  private Gif() {}

  static boolean matches(byte[] b) {
    return Bytes.startsWith(b, 0, 'G', 'I', 'F', '8', '7', 'a') || Bytes.startsWith(b, 0, 'G', 'I', 'F', '8', '9', 'a');
  }

  static RgbImage read(byte[] b) throws IOException {
    int palette = (b[10] & 0x80) != 0 ? 13 : -1;
    int colours = palette < 0 ? 0 : 2 << (b[10] & 7);
    int at = 13 + 3 * colours;
    int background = 0;
    while (b[at] != ',') {
      if (b[at] != '!') {
        throw new IOException("it holds no picture");
      }
      // A graphic control extension may name the palette's entry for "nothing here".
      if (Bytes.startsWith(b, at, '!', 0xF9, 4) && (b[at + 3] & 1) != 0) {
        background = b[at + 6] & 255;
      }
      at += 2;
      while (b[at] != 0) {
        at += 1 + (b[at] & 255);
      }
      at++;
    }
    int left = Bytes.le16(b, at + 1);
    int top = Bytes.le16(b, at + 3);
    int w = Math.max(Bytes.le16(b, 6), left + Bytes.le16(b, at + 5));
    int h = Math.max(Bytes.le16(b, 8), top + Bytes.le16(b, at + 7));
    if ((b[at + 9] & 0x80) != 0) {
      palette = at + 10;
      colours = 2 << (b[at + 9] & 7);
    }
    Decoder.checkSize(w, h);

    Raster raster = Decoder.image("gif", b).getRaster();
    byte[] rgb = new byte[3 * w * h];
    int[] row = new int[raster.getWidth()];
    for (int y = 0, o = 0; y < h; y++) {
      boolean inside = y >= top && y < top + raster.getHeight();
      if (inside) {
        raster.getSamples(0, y - top, row.length, 1, 0, row);
      }
      for (int x = 0; x < w; x++, o += 3) {
        int index = inside && x >= left && x < left + row.length ? row[x - left] : background;
        for (int c = 0; c < 3; c++) {
          rgb[o + c] = palette < 0 ? (byte) index : index < colours ? b[palette + 3 * index + c] : 0;
        }
      }
    }
    return new RgbImage(w, h, rgb);
  }
}
