package dev.ocelli.download;

import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.image.Filter;
import dev.ocelli.image.ImageReader;
import dev.ocelli.image.JpegWriter;
import dev.ocelli.image.PictureHash;
import dev.ocelli.image.PictureHeader;
import dev.ocelli.image.Resize;
import dev.ocelli.image.RgbImage;
import java.util.Optional;

/**
 * What came, made sure of and made small: a JPEG file without the sender's extras (where it was taken, by whom).
 *
 * @param sha256 of the bytes that came
 * @param hash of what it looks like
 */
record Picture(byte[] jpeg, int width, int height, String sha256, PictureHash hash) {
  private static final PictureHeader.Limits LIMITS = new PictureHeader.Limits(40_000_000, 1000, 100);

  /** Wider than this for its height, it is a line or a banner. */
  private static final int MOST_RATIO = 20;

  private static final int QUALITY = 92;

  /** What came is no picture to keep. */
  static final class Unfit extends Exception {
    private final Failure failure;

    Unfit(Failure failure, String detail) {
      super(detail, null, false, false);
      this.failure = failure;
    }

    Failure failure() {
      return failure;
    }
  }

  /**
   * @param type what the server says it is, for the message; may be null
   * @param side pictures whose shorter side is longer are made smaller
   * @param smallest pixels that both sides must have
   */
  static Picture of(byte[] bytes, String type, int side, int smallest) throws Unfit {
    Optional<PictureHeader> header = PictureHeader.of(bytes);
    if (header.isEmpty()) {
      throw new Unfit(Failure.NO_PICTURE, bytes.length == 0 ? "nothing came" : type == null ? "no type named" : type);
    }
    try {
      PictureHeader.check(bytes, LIMITS, "the picture");
    } catch (UserError e) {
      throw new Unfit(Failure.LARGE, e.getMessage());
    }
    checkSides(header.get().width(), header.get().height(), smallest);
    RgbImage image;
    try {
      image = ImageReader.read(bytes, "the picture");
    } catch (UserError e) {
      throw new Unfit(Failure.DAMAGED, e.getMessage());
    }
    checkSides(image.width(), image.height(), smallest);
    RgbImage small = shrink(image, side);
    return new Picture(JpegWriter.write(small, QUALITY), small.width(), small.height(), Sha256.of(bytes), PictureHash.of(small));
  }

  private static void checkSides(int width, int height, int smallest) throws Unfit {
    if (Math.min(width, height) < smallest || Math.max(width, height) > MOST_RATIO * Math.min(width, height)) {
      throw new Unfit(Failure.SMALL, width + "x" + height + " pixels");
    }
  }

  private static RgbImage shrink(RgbImage image, int side) {
    double scale = (double) side / Math.min(image.width(), image.height());
    return scale >= 1
        ? image
        : Resize.resize(
            image, (int) Math.max(1, Math.round(image.width() * scale)), (int) Math.max(1, Math.round(image.height() * scale)),
            Filter.BICUBIC);
  }
}
