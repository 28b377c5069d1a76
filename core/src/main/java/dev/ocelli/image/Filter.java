package dev.ocelli.image;

/** The filters of Pillow's {@code Image.resize}; {@link #code} is the number that {@code preprocessor_config.json} calls resample. */
public enum Filter {
  NEAREST(0, 0),
  LANCZOS(1, 3),
  BILINEAR(2, 1),
  BICUBIC(3, 2),
  BOX(4, 0.5),
  HAMMING(5, 1);

  /** Pillow's {@code Image.Resampling} value. */
  final int code;

  /** Half the width of the kernel in source pixels where the picture isn't made smaller; NEAREST has no kernel. */
  final double support;

  Filter(int code, double support) {
    this.code = code;
    this.support = support;
  }

  /** The kernel's height at {@code x} pixels from its centre. */
  double weight(double x) {
    double a = Math.abs(x);
    return switch (this) {
      case NEAREST -> throw new IllegalStateException("NEAREST copies pixels, it weighs none");
      // Half open, so that a pixel on the edge of two boxes counts once.
      case BOX -> x > -0.5 && x <= 0.5 ? 1 : 0;
      case BILINEAR -> a < 1 ? 1 - a : 0;
      case HAMMING -> a == 0 ? 1 : a >= 1 ? 0 : sinc(a) * (0.54 + 0.46 * Math.cos(a * Math.PI));
      // Keys' cubic with a = -1/2.
      case BICUBIC -> a < 1 ? (1.5 * a - 2.5) * a * a + 1 : a < 2 ? (((a - 5) * a + 8) * a - 4) * -0.5 : 0;
      case LANCZOS -> x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    };
  }

  private static double sinc(double x) {
    return x == 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
  }
}
