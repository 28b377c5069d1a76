package dev.ocelli.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/** What a decoder stored, to RGB by Pillow's rules rather than by the colour model's: no colour spaces, no blending with alpha. */
final class Pixels {
  private Pixels() {}

  /**
   * @param image with a palette, or with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) samples of up to 16 bits a pixel
   * @param clipGrey16 whether lone 16-bit samples are cut off at 255 rather than divided by 256
   */
  static RgbImage rgb(BufferedImage image, boolean clipGrey16) {
    Raster raster = image.getRaster();
    int w = raster.getWidth();
    int h = raster.getHeight();
    int bands = raster.getNumBands();
    int[] palette = image.getColorModel() instanceof IndexColorModel index ? palette(index) : null;
    int[] bits = raster.getSampleModel().getSampleSize();
    byte[] rgb = new byte[3 * w * h];
    int[] row = new int[w * bands];
    for (int y = 0, o = 0; y < h; y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, w, 1, row);
      for (int x = 0; x < w; x++, o += 3) {
        if (palette != null) {
          int colour = row[x] < palette.length ? palette[row[x]] : 0;
          rgb[o] = (byte) (colour >> 16);
          rgb[o + 1] = (byte) (colour >> 8);
          rgb[o + 2] = (byte) colour;
        } else {
          for (int c = 0; c < 3; c++) {
            int band = bands < 3 ? 0 : c;
            int sample = row[x * bands + band];
            rgb[o + c] = (byte) (bands == 1 && clipGrey16 ? Math.min(255, sample) : toByte(sample, bits[band]));
          }
        }
      }
    }
    return new RgbImage(w, h, rgb);
  }

  private static int[] palette(IndexColorModel model) {
    int[] colours = new int[model.getMapSize()];
    model.getRGBs(colours);
    return colours;
  }

  private static int toByte(int sample, int bits) {
    return bits == 8 ? sample : bits > 8 ? sample >> bits - 8 : sample * 255 / ((1 << bits) - 1);
  }
}
