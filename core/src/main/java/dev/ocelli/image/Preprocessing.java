package dev.ocelli.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A vision encoder's recipe from a picture to its input, as the PIL-backed image processors of transformers do it: resize, cut out
 * the middle, scale, normalise.
 *
 * @param resize what to resize to
 * @param filter how
 * @param crop the middle that is kept, filled up with black where the picture is smaller; null for all of it
 * @param rescale factor for bytes, usually 1/255; 1 for none
 * @param mean of the three channels after rescaling, {@code [3]}
 * @param std their deviations, {@code [3]}
 */
public record Preprocessing(Target resize, Filter filter, Size crop, double rescale, List<Double> mean, List<Double> std) {
  private static final List<Double> IMAGENET_MEAN = List.of(0.485, 0.456, 0.406);
  private static final List<Double> IMAGENET_STD = List.of(0.229, 0.224, 0.225);
  private static final List<Double> HALF = List.of(0.5, 0.5, 0.5);

  /** Pixels, each at least 1. */
  public record Size(int height, int width) {
    public Size {
      if (height < 1 || width < 1) {
        throw new IllegalArgumentException("a picture of " + height + "x" + width + " pixels");
      }
    }
  }

  /** What a picture is resized to. */
  public sealed interface Target permits ShortestEdge, Exact, AsIs {
    Size of(int height, int width);
  }

  /** Its shorter side to {@code pixels}, its longer one in proportion, rounded down. */
  public record ShortestEdge(int pixels) implements Target {
    @Override
    public Size of(int height, int width) {
      int longer = (int) ((double) ((long) pixels * Math.max(height, width)) / Math.min(height, width));
      return width <= height ? new Size(longer, pixels) : new Size(pixels, longer);
    }

    @Override
    public String toString() {
      return "shortest:" + pixels;
    }
  }

  /** That size, whatever the picture's proportions. */
  public record Exact(Size size) implements Target {
    @Override
    public Size of(int height, int width) {
      return size;
    }

    @Override
    public String toString() {
      return size.height + "x" + size.width;
    }
  }

  /** Not resized. */
  public record AsIs() implements Target {
    @Override
    public Size of(int height, int width) {
      return new Size(height, width);
    }

    @Override
    public String toString() {
      return "none";
    }
  }

  public Preprocessing {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    if (crop == null && !(resize instanceof Exact)) {
      throw new IllegalArgumentException("neither an exact size nor a crop: results would differ in size");
    }
    if (mean.size() != 3 || std.size() != 3 || std.stream().anyMatch(s -> s.floatValue() == 0)) {
      throw new IllegalArgumentException("mean " + mean + " and std " + std + " must be three numbers, those of std not 0");
    }
  }

  /** facebook/dinov2-*: shorter side to 256, bicubic, the middle 224x224, ImageNet's mean and deviation. */
  public static Preprocessing dinov2() {
    return new Preprocessing(
        new ShortestEdge(256), Filter.BICUBIC, new Size(224, 224), 1 / 255.0, IMAGENET_MEAN, IMAGENET_STD);
  }

  /** google/vit-base-patch16-224: to 224x224, bilinear, to -1..1. */
  public static Preprocessing vit() {
    return vit(224);
  }

  /** Its kin of another size. */
  public static Preprocessing vit(int pixels) {
    return new Preprocessing(new Exact(new Size(pixels, pixels)), Filter.BILINEAR, null, 1 / 255.0, HALF, HALF);
  }

  /** microsoft/resnet-*: the shorter side to 224/0.875 = 256, bicubic, the middle 224x224, ImageNet's mean and deviation. */
  public static Preprocessing resnet() {
    return dinov2();
  }

  /**
   * The recipe in a {@code preprocessor_config.json} (or a {@code processor_config.json} that holds one under image_processor).
   *
   * @throws UserError where the file can't be read, or asks for something that isn't done here
   */
  public static Preprocessing fromJson(Path preprocessorConfig) {
    JsonNode root;
    try {
      root = new ObjectMapper().readTree(preprocessorConfig.toFile());
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new UserError("Can't read " + preprocessorConfig + ": it isn't JSON (" + e.getOriginalMessage() + ").", e);
    } catch (IOException e) {
      throw new UserError("Can't read " + preprocessorConfig + ": " + AtomicFile.reason(e) + ".", e);
    }
    return ProcessorConfig.read(root, preprocessorConfig.toString());
  }

  /** The same, but showing all of a picture: squeezed to the size of the result, whatever its proportions. */
  public Preprocessing whole() {
    return new Preprocessing(new Exact(result()), filter, null, rescale, mean, std);
  }

  /** Height of the result in pixels. */
  public int height() {
    return result().height;
  }

  /** Width of the result in pixels. */
  public int width() {
    return result().width;
  }

  private Size result() {
    return crop != null ? crop : ((Exact) resize).size;
  }

  /** The picture resized and cropped, before its bytes become numbers: {@link #height()} x {@link #width()}. */
  public RgbImage geometry(RgbImage image) {
    Size whole = resize.of(image.height(), image.width());
    int h = height();
    int w = width();
    // Half the surplus comes off the top and left, rounded down; a negative surplus is a black border.
    int top = Math.floorDiv(whole.height - h, 2);
    int left = Math.floorDiv(whole.width - w, 2);
    int seenTop = Math.max(0, top);
    int seenLeft = Math.max(0, left);
    int seenHeight = Math.min(whole.height, h);
    int seenWidth = Math.min(whole.width, w);
    RgbImage seen = Resize.window(image, whole.width, whole.height, filter, seenLeft, seenTop, seenWidth, seenHeight);
    if (seenHeight == h && seenWidth == w) {
      return seen;
    }
    byte[] rgb = new byte[3 * h * w];
    for (int y = 0; y < seenHeight; y++) {
      int to = 3 * ((y + seenTop - top) * w + seenLeft - left);
      System.arraycopy(seen.rgb(), 3 * y * seenWidth, rgb, to, 3 * seenWidth);
    }
    return new RgbImage(w, h, rgb);
  }

  /** A part of a picture, in its pixels from the top left; it may reach beyond the picture, where that was filled up with black. */
  public record Window(double x, double y, double width, double height) {}

  /** The part of a picture of that size that {@link #geometry} shows: resizing and cropping undone. */
  public Window window(int height, int width) {
    Size whole = resize.of(height, width);
    double perX = (double) width / whole.width;
    double perY = (double) height / whole.height;
    int top = Math.floorDiv(whole.height - height(), 2);
    int left = Math.floorDiv(whole.width - width(), 2);
    return new Window(left * perX, top * perY, width() * perX, height() * perY);
  }

  /** The encoder's input for {@code image}: {@code [3, height, width]} in {@code out} from {@code offset} on. */
  public void apply(RgbImage image, float[] out, int offset) {
    byte[] rgb = geometry(image).rgb();
    int plane = rgb.length / 3;
    float[] values = new float[256];
    for (int c = 0; c < 3; c++) {
      // A byte has 256 values: work each out once, in the types and order of transformers.
      for (int v = 0; v < 256; v++) {
        values[v] = ((float) (v * rescale) - mean.get(c).floatValue()) / std.get(c).floatValue();
      }
      for (int i = c, o = offset + c * plane; i < rgb.length; i += 3, o++) {
        out[o] = values[rgb[i] & 255];
      }
    }
  }

  /** As {@link #apply(RgbImage, float[], int)}, to an array of its own. */
  public float[] apply(RgbImage image) {
    float[] out = new float[3 * height() * width()];
    apply(image, out, 0);
    return out;
  }

  /** All fields as text: equal recipes have equal fingerprints, now and in later versions, so caches may use it as a key. */
  public String fingerprint() {
    String kept = crop == null ? "none" : crop.height + "x" + crop.width;
    return String.format(
        Locale.ROOT, "image1 resize=%s filter=%s crop=%s rescale=%s mean=%s std=%s", resize, filter, kept, rescale, mean, std);
  }
}
