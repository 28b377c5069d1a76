package dev.ocelli.image;

import java.util.function.IntUnaryOperator;

/**
 * Changes of pictures that keep what is in them: a part, a mirror image, other light and colour. Bit for bit as Pillow's {@code crop},
 * {@code transpose(FLIP_LEFT_RIGHT)} and {@code ImageEnhance}, which torchvision's {@code ColorJitter} uses too.
 */
public final class Alter {
  private Alter() {}

  /** The part that begins at ({@code left}, {@code top}) and is {@code width} x {@code height}. */
  public static RgbImage crop(RgbImage in, int left, int top, int width, int height) {
    if (left < 0 || top < 0 || width < 1 || height < 1 || left + width > in.width() || top + height > in.height()) {
      throw new IllegalArgumentException(
          "no part of " + width + "x" + height + " at " + left + "," + top + " in a picture of " + in.width() + "x" + in.height());
    }
    return Resize.crop(in, left, top, width, height);
  }

  /** Left and right exchanged. */
  public static RgbImage mirror(RgbImage in) {
    byte[] out = new byte[in.rgb().length];
    for (int y = 0; y < in.height(); y++) {
      for (int x = 0; x < in.width(); x++) {
        System.arraycopy(in.rgb(), 3 * (y * in.width() + x), out, 3 * (y * in.width() + in.width() - 1 - x), 3);
      }
    }
    return new RgbImage(in.width(), in.height(), out);
  }

  /** @param factor 0 is black, 1 the picture itself, more is brighter */
  public static RgbImage brightness(RgbImage in, double factor) {
    return blend(in, at -> 0, factor);
  }

  /** @param factor 0 is the picture's mean grey, 1 the picture itself, more has more contrast */
  public static RgbImage contrast(RgbImage in, double factor) {
    byte[] rgb = in.rgb();
    long sum = 0;
    for (int at = 0; at < rgb.length; at += 3) {
      sum += grey(rgb, at);
    }
    int mean = (int) ((double) sum / (rgb.length / 3) + 0.5);
    return blend(in, at -> mean, factor);
  }

  /** @param factor 0 is without colour, 1 the picture itself, more has stronger colours */
  public static RgbImage saturation(RgbImage in, double factor) {
    return blend(in, at -> grey(in.rgb(), at), factor);
  }

  /** ITU-R 601-2 luma of the pixel whose red is at {@code at}, in Pillow's fixed point. */
  private static int grey(byte[] rgb, int at) {
    return ((rgb[at] & 255) * 19595 + (rgb[at + 1] & 255) * 38470 + (rgb[at + 2] & 255) * 7471 + 0x8000) >> 16;
  }

  /**
   * Pillow's {@code Image.blend}: from grey values (factor 0) to the picture (1) and beyond, in fp32, cut off towards 0. No picture of the greys
   * is made: photos of 50 megapixels are common.
   */
  private static RgbImage blend(RgbImage in, IntUnaryOperator grey, double factor) {
    float alpha = (float) factor;
    byte[] rgb = in.rgb();
    byte[] out = new byte[rgb.length];
    for (int at = 0; at < rgb.length; at += 3) {
      int from = grey.applyAsInt(at);
      for (int i = at; i < at + 3; i++) {
        float mixed = from + alpha * ((rgb[i] & 255) - from);
        out[i] = (byte) (mixed <= 0 ? 0 : mixed >= 255 ? 255 : (int) mixed);
      }
    }
    return new RgbImage(in.width(), in.height(), out);
  }
}
