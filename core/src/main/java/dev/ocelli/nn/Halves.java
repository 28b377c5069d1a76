package dev.ocelli.nn;

/** fp16 in a short, and back: Java has it from version 20 on. */
final class Halves {
  private Halves() {}

  /** The nearest fp16, to even at a tie; too large is infinite. */
  static short of(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    float size = Math.abs(value);
    if (Float.isNaN(value)) {
      return (short) (sign | 0x7E00);
    }
    if (size >= 65520f) {
      return (short) (sign | 0x7C00);
    }
    if (size < 0x1p-14f) {
      // Multiples of 2^-24: the float's own rounding to whole numbers above 2^23 is to even.
      return (short) (sign | (int) (size * 0x1p24f + 0x1p23f - 0x1p23f));
    }
    int magnitude = Float.floatToRawIntBits(size);
    int rounded = magnitude + 0xFFF + (magnitude >>> 13 & 1);
    return (short) (sign | (rounded - (112 << 23)) >>> 13);
  }

  static float toFloat(short half) {
    // Shifted into place, the exponent is 112 too small: exact to mend by a product, below 2^-14 too. No scale is infinite.
    float magnitude = Float.intBitsToFloat((half & 0x7FFF) << 13) * 0x1p112f;
    return half < 0 ? -magnitude : magnitude;
  }
}
