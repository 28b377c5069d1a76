package dev.ocelli.model;

import dev.ocelli.data.Draws;
import dev.ocelli.image.Alter;
import dev.ocelli.image.RgbImage;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Altered views of photos that a Q-Former also learns from. What a view is like follows from the picture's bytes and the view's number
 * alone, so that its features are computed once and serve every run. Odd views are mirrored; the others serve captions that speak of left
 * and right.
 *
 * @param count how many a photo has besides the photo itself
 * @param crop the least share of a photo's area that a view shows; 1 for all of it
 * @param flip whether odd views are mirrored
 * @param colour how far brightness, contrast and saturation go up or down, as a share; 0 leaves them
 */
public record PhotoViews(int count, double crop, boolean flip, double colour) {
  /** The photos alone. */
  public static final PhotoViews NONE = new PhotoViews(0, 1, false, 0);

  private static final long SEED = 0;
  /** A part may be so much wider or higher, against the photo's own shape, where it fits in so. */
  private static final double STRETCH = 4.0 / 3;

  /** What stores of features of a view are told apart by. */
  String fingerprint(int view) {
    return String.format(Locale.ROOT, "view1 %d crop=%s flip=%s colour=%s", view, crop, flip, colour);
  }

  /** Whether left and right are exchanged in a view. */
  public boolean mirrored(int view) {
    return flip && view % 2 == 1;
  }

  /**
   * A view of a photo.
   *
   * @param picture SHA-256 of the photo's file
   * @param view 1 to {@link #count}
   */
  public RgbImage of(RgbImage image, String picture, int view) {
    long row = Long.parseUnsignedLong(picture.substring(0, 16), 16);
    RgbImage seen = crop == 1 ? image : part(image, row, view);
    seen = mirrored(view) ? Alter.mirror(seen) : seen;
    if (colour > 0) {
      seen = Alter.brightness(seen, factor("brightness", row, view));
      seen = Alter.contrast(seen, factor("contrast", row, view));
      seen = Alter.saturation(seen, factor("saturation", row, view));
    }
    return seen;
  }

  /**
   * Draws one of the views, or 0 for the photo as it is.
   *
   * @param sides whether the text that goes with it says left or right: then no mirrored one
   */
  public int draw(long seed, String purpose, long pass, long item, boolean sides) {
    int[] fit = IntStream.rangeClosed(0, count).filter(v -> v == 0 || !sides || !mirrored(v)).toArray();
    return fit[Draws.below(seed, purpose, pass, item, fit.length)];
  }

  /** A random part, as torchvision's {@code RandomResizedCrop} takes one, but of a shape near the photo's own. */
  private RgbImage part(RgbImage image, long row, int view) {
    double area = crop + (1 - crop) * Draws.uniform(SEED, "view area", view, row);
    double shape = StrictMath.pow(Math.min(STRETCH, 1 / area), 2 * Draws.uniform(SEED, "view shape", view, row) - 1);
    int width = side(image.width(), area * shape);
    int height = side(image.height(), area / shape);
    int left = Draws.below(SEED, "view left", view, row, image.width() - width + 1);
    int top = Draws.below(SEED, "view top", view, row, image.height() - height + 1);
    return Alter.crop(image, left, top, width, height);
  }

  private static int side(int whole, double share) {
    return (int) Math.max(1, Math.min(whole, Math.round(whole * StrictMath.sqrt(share))));
  }

  private double factor(String which, long row, int view) {
    return 1 + colour * (2 * Draws.uniform(SEED, "view " + which, view, row) - 1);
  }
}
