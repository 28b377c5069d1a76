package dev.ocelli.weights;

import dev.ocelli.UserError;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Stored bytes to fp32. */
final class Floats {
  private Floats() {}

  /** All numbers of a tensor; {@code bytes} is little-endian and holds exactly them. */
  static float[] decode(Path file, TensorInfo info, ByteBuffer bytes) {
    long elements = info.elements();
    if (elements > Integer.MAX_VALUE - 8) {
      throw UserError.of(
          "%s: tensor %s has %d numbers; a Java array holds %d. Read its bytes instead.",
          file, info.name(), elements, Integer.MAX_VALUE - 8);
    }
    float[] out = new float[(int) elements];
    if (info.dtype().quantised()) {
      Blocks.decode(info.dtype(), bytes, out);
      return out;
    }
    switch (info.dtype()) {
      case F32 -> bytes.asFloatBuffer().get(out);
      case F64 -> fill(out, i -> (float) bytes.getDouble(8 * i));
      case F16 -> fill(out, i -> half(bytes.getShort(2 * i)));
      case BF16 -> fill(out, i -> Float.intBitsToFloat(bytes.getShort(2 * i) << 16));
      case I64 -> fill(out, i -> (float) bytes.getLong(8 * i));
      case I32 -> fill(out, i -> (float) bytes.getInt(4 * i));
      case I16 -> fill(out, i -> bytes.getShort(2 * i));
      case I8 -> fill(out, bytes::get);
      case U8 -> fill(out, i -> bytes.get(i) & 0xFF);
      case BOOL -> fill(out, i -> bytes.get(i) == 0 ? 0 : 1);
      case U16 -> fill(out, i -> bytes.getShort(2 * i) & 0xFFFF);
      case U32 -> fill(out, i -> bytes.getInt(4 * i) & 0xFFFFFFFFL);
      case U64 -> fill(out, i -> unsigned(bytes.getLong(8 * i)));
      case F8_E4M3 -> fill(out, i -> e4m3(bytes.get(i)));
      case F8_E5M2 -> fill(out, i -> half((short) (bytes.get(i) << 8)));
      default -> throw new IllegalStateException("No decoder for " + info.dtype());
    }
    return out;
  }

  private interface At {
    float at(int index);
  }

  private static void fill(float[] out, At source) {
    for (int i = 0; i < out.length; i++) {
      out[i] = source.at(i);
    }
  }

  /** IEEE half precision to single, exact: sign 1, exponent 5, fraction 10 bits. (Java has it from 20 on.) */
  static float half(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = bits >>> 10 & 0x1F;
    int fraction = bits & 0x3FF;
    if (exponent == 31) {
      return Float.intBitsToFloat(sign | 0x7F800000 | fraction << 13);
    }
    if (exponent == 0) {
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    return Float.intBitsToFloat(sign | exponent + 112 << 23 | fraction << 13);
  }

  /** Eight bits, "finite" variant: sign 1, exponent 4 (bias 7), fraction 3; all ones is NaN, no infinities. */
  static float e4m3(byte bits) {
    int exponent = bits >>> 3 & 0xF;
    int fraction = bits & 7;
    float magnitude;
    if (exponent == 15 && fraction == 7) {
      magnitude = Float.NaN;
    } else if (exponent == 0) {
      magnitude = fraction * 0x1p-9f;
    } else {
      magnitude = (8 + fraction) * Math.scalb(1f, exponent - 10);
    }
    return bits < 0 ? -magnitude : magnitude;
  }

  private static float unsigned(long value) {
    // Halving keeps the lowest bit sticky, so that rounding to 24 bits stays right.
    return value >= 0 ? (float) value : (float) (value >>> 1 | value & 1) * 2;
  }
}
