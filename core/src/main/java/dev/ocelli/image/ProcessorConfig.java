package dev.ocelli.image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.UserError;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the settings of transformers' image processors, with the defaults that each class has for what a file leaves out.
 *
 * <p>Source: {@code models/{vit,bit,convnext,clip}/image_processing_pil_*.py} and {@code image_processing_backends.py} of
 * transformers 5.23.
 *
 * @param json the settings
 * @param file for errors
 * @param kind whose defaults count
 */
record ProcessorConfig(JsonNode json, String file, Kind kind) {
  private static final List<Double> HALF = List.of(0.5, 0.5, 0.5);
  private static final List<Double> CLIP_MEAN = List.of(0.48145466, 0.4578275, 0.40821073);
  private static final List<Double> CLIP_STD = List.of(0.26862954, 0.26130258, 0.27577711);

  /** A class of transformers, without the ending (ImageProcessor, FeatureExtractor, Fast, Pil) that its versions differ in. */
  private enum Kind {
    VIT("ViT", Filter.BILINEAR, true, 224, false, HALF, HALF),
    BIT("Bit", Filter.BICUBIC, false, 224, true, CLIP_MEAN, CLIP_STD),
    CLIP("CLIP", Filter.BICUBIC, false, 224, true, CLIP_MEAN, CLIP_STD),
    CONVNEXT("ConvNext", Filter.BICUBIC, false, 384, false, HALF, HALF);

    private final String name;
    private final Filter filter;
    private final boolean square;
    private final int edge;
    private final boolean crops;
    private final List<Double> mean;
    private final List<Double> std;

    Kind(String name, Filter filter, boolean square, int edge, boolean crops, List<Double> mean, List<Double> std) {
      this.name = name;
      this.filter = filter;
      this.square = square;
      this.edge = edge;
      this.crops = crops;
      this.mean = mean;
      this.std = std;
    }

    static Kind of(String type, String file) {
      String name = type.replaceFirst("(Fast|Pil)$", "").replaceFirst("(ImageProcessor|FeatureExtractor)$", "");
      for (Kind kind : values()) {
        if (kind.name.equals(name)) {
          return kind;
        }
      }
      throw new UserError(
          file + ": the image processor '" + type + "' isn't known. Known are ViTImageProcessor, BitImageProcessor, CLIPImageProcessor"
              + " and ConvNextImageProcessor (image_processor_type).");
    }
  }

  static Preprocessing read(JsonNode root, String file) {
    JsonNode json = root.path("image_processor").isObject() ? root.path("image_processor") : root;
    String type = json.path("image_processor_type").asText(json.path("feature_extractor_type").asText(""));
    return new ProcessorConfig(json, file, Kind.of(type, file)).preprocessing();
  }

  private Preprocessing preprocessing() {
    if (flag("do_pad", false)) {
      throw wrong("do_pad", "padding isn't done here: set it to false");
    }
    Preprocessing.Target resize = flag("do_resize", true) ? target() : new Preprocessing.AsIs();
    Preprocessing.Size crop = flag("do_center_crop", kind.crops) ? cropSize() : null;
    if (kind == Kind.CONVNEXT && resize instanceof Preprocessing.ShortestEdge shortest) {
      if (crop != null) {
        throw wrong("do_center_crop", "a ConvNextImageProcessor crops by crop_pct: remove it");
      }
      int edge = shortest.pixels();
      // Large inputs are squeezed to a square; small ones are cut from a picture that is larger by 1/crop_pct.
      boolean squeezed = edge >= 384;
      crop = squeezed ? null : new Preprocessing.Size(edge, edge);
      resize =
          squeezed
              ? new Preprocessing.Exact(new Preprocessing.Size(edge, edge))
              : new Preprocessing.ShortestEdge((int) (edge / number("crop_pct", 224.0 / 256)));
    }
    if (crop == null && !(resize instanceof Preprocessing.Exact)) {
      throw new UserError(
          file + ": it asks for pictures of differing sizes; the encoder needs one. Set size to a height and width, or do_center_crop.");
    }
    boolean normalise = flag("do_normalize", true);
    return new Preprocessing(
        resize,
        filter(),
        crop,
        flag("do_rescale", true) ? number("rescale_factor", 1 / 255.0) : 1,
        normalise ? channels("image_mean", kind.mean) : List.of(0.0, 0.0, 0.0),
        normalise ? channels("image_std", kind.std) : List.of(1.0, 1.0, 1.0));
  }

  private Preprocessing.Target target() {
    JsonNode size = json.path("size");
    if (absent(size)) {
      return kind.square ? square(kind.edge) : new Preprocessing.ShortestEdge(kind.edge);
    }
    if (size.isInt()) {
      return flag("default_to_square", kind.square)
          ? square(pixels("size", size))
          : new Preprocessing.ShortestEdge(pixels("size", size));
    }
    if (size.isObject() && size.size() == 1 && size.has("shortest_edge")) {
      return new Preprocessing.ShortestEdge(pixels("size", size.get("shortest_edge")));
    }
    return new Preprocessing.Exact(heightAndWidth("size", size));
  }

  private static Preprocessing.Target square(int edge) {
    return new Preprocessing.Exact(new Preprocessing.Size(edge, edge));
  }

  private Preprocessing.Size cropSize() {
    JsonNode size = json.path("crop_size");
    if (absent(size)) {
      return new Preprocessing.Size(kind.edge, kind.edge);
    }
    return size.isInt()
        ? new Preprocessing.Size(pixels("crop_size", size), pixels("crop_size", size))
        : heightAndWidth("crop_size", size);
  }

  private Preprocessing.Size heightAndWidth(String name, JsonNode size) {
    if (size.isObject() && size.size() == 2 && size.has("height") && size.has("width")) {
      return new Preprocessing.Size(pixels(name, size.get("height")), pixels(name, size.get("width")));
    }
    if (size.isArray() && size.size() == 2) {
      return new Preprocessing.Size(pixels(name, size.get(0)), pixels(name, size.get(1)));
    }
    throw wrong(name, "give {\"height\": h, \"width\": w}" + (name.equals("size") ? " or {\"shortest_edge\": n}" : ""));
  }

  private int pixels(String name, JsonNode value) {
    if (!value.isInt() || value.intValue() < 1 || value.intValue() > 16384) {
      throw wrong(name, "sizes are whole numbers from 1 to 16384");
    }
    return value.intValue();
  }

  private Filter filter() {
    JsonNode value = json.path("resample");
    for (Filter filter : Filter.values()) {
      if (absent(value) ? filter == kind.filter : value.isInt() && value.intValue() == filter.code) {
        return filter;
      }
    }
    throw wrong("resample", "0 to 5 are known (nearest, Lanczos, bilinear, bicubic, box, Hamming)");
  }

  private List<Double> channels(String name, List<Double> otherwise) {
    JsonNode value = json.path(name);
    if (absent(value)) {
      return otherwise;
    }
    List<Double> numbers = new ArrayList<>();
    for (int c = 0; c < 3; c++) {
      JsonNode one = value.isArray() && value.size() == 3 ? value.get(c) : value;
      if (!one.isNumber() || name.equals("image_std") && one.floatValue() == 0) {
        throw wrong(name, "it must be three numbers" + (name.equals("image_std") ? " other than 0" : ""));
      }
      numbers.add(one.doubleValue());
    }
    return numbers;
  }

  private double number(String name, double otherwise) {
    JsonNode value = json.path(name);
    if (!absent(value) && (!value.isNumber() || !(value.doubleValue() > 0))) {
      throw wrong(name, "it must be a number above 0");
    }
    return absent(value) ? otherwise : value.doubleValue();
  }

  private boolean flag(String name, boolean otherwise) {
    JsonNode value = json.path(name);
    if (!absent(value) && !value.isBoolean()) {
      throw wrong(name, "it must be true or false");
    }
    return absent(value) ? otherwise : value.booleanValue();
  }

  private static boolean absent(JsonNode value) {
    return value.isMissingNode() || value.isNull();
  }

  private UserError wrong(String name, String what) {
    return new UserError(file + ": " + name + " is " + json.path(name) + "; " + what + ".");
  }
}
