package dev.ocelli.image;

/**
 * A picture as it is looked at: upright, row-major from the top left, 3 bytes (red, green, blue) a pixel.
 *
 * @param width in pixels, at least 1
 * @param height in pixels, at least 1
 * @param rgb {@code [height * width * 3]}, not copied: whoever makes the record gives the array away
 */
public record RgbImage(int width, int height, byte[] rgb) {
  public RgbImage {
    if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(width + "x" + height + " pixels need " + 3L * width * height + " bytes, not " + rgb.length);
    }
  }
}
