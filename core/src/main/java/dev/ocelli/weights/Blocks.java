package dev.ocelli.weights;

import java.nio.ByteBuffer;

/**
 * Dequantises ggml's block types to fp32. The layouts are those of ggml's {@code block_q4_0} and its siblings; the order of the fp32
 * operations is that of the {@code gguf} Python package, so results are equal bit by bit.
 */
final class Blocks {
  private Blocks() {}

  /** {@code out.length} numbers from whole blocks. */
  static void decode(DType dtype, ByteBuffer bytes, float[] out) {
    byte[] block = new byte[dtype.blockBytes()];
    ByteBuffer in = bytes.duplicate();
    for (int at = 0; at < out.length; at += dtype.blockElements()) {
      in.get(block);
      switch (dtype) {
        case Q8_0 -> q8(block, out, at);
        case Q4_0 -> q4(block, 2, -8, false, out, at);
        case Q4_1 -> q4(block, 4, 0, true, out, at);
        case Q5_0 -> q5(block, 2, -16, false, out, at);
        case Q5_1 -> q5(block, 4, 0, true, out, at);
        case Q4_K -> q45k(block, false, out, at);
        case Q5_K -> q45k(block, true, out, at);
        case Q6_K -> q6k(block, out, at);
        default -> throw new IllegalStateException(dtype + " has no blocks");
      }
    }
  }

  private static float half(byte[] block, int at) {
    return Floats.half((short) (block[at] & 0xFF | block[at + 1] << 8));
  }

  /** 32 signed bytes times one scale. */
  private static void q8(byte[] block, float[] out, int at) {
    float scale = half(block, 0);
    for (int i = 0; i < 32; i++) {
      out[at + i] = block[2 + i] * scale;
    }
  }

  /** 32 four-bit numbers: the low halves of 16 bytes are numbers 0 to 15, the high halves 16 to 31. */
  private static void q4(byte[] block, int from, int shift, boolean hasMinimum, float[] out, int at) {
    float scale = half(block, 0);
    float minimum = hasMinimum ? half(block, 2) : 0;
    for (int i = 0; i < 32; i++) {
      int q = (i < 16 ? block[from + i] : block[from + i - 16] >> 4) & 15;
      out[at + i] = value(scale, q + shift, minimum, hasMinimum);
    }
  }

  /** As {@link #q4} with a fifth bit for each number in a 32-bit word before the halves. */
  private static void q5(byte[] block, int from, int shift, boolean hasMinimum, float[] out, int at) {
    float scale = half(block, 0);
    float minimum = hasMinimum ? half(block, 2) : 0;
    for (int i = 0; i < 32; i++) {
      int low = (i < 16 ? block[from + 4 + i] : block[from + 4 + i - 16] >> 4) & 15;
      int high = block[from + i / 8] >> i % 8 & 1;
      out[at + i] = value(scale, (low | high << 4) + shift, minimum, hasMinimum);
    }
  }

  private static float value(float scale, int q, float minimum, boolean hasMinimum) {
    // Adding a zero minimum would turn -0.0 into 0.0.
    return hasMinimum ? scale * q + minimum : scale * q;
  }

  /**
   * 256 numbers in 8 groups of 32; each group has a 6-bit scale and a 6-bit minimum, packed into 12 bytes. Layout: scale of scales
   * (2 bytes), scale of minima (2), packed (12), for Q5 the fifth bits (32: bit g of byte i is for number i of group g), halves (128).
   */
  private static void q45k(byte[] block, boolean five, float[] out, int at) {
    float d = half(block, 0);
    float dmin = half(block, 2);
    int halves = five ? 48 : 16;
    for (int group = 0; group < 8; group++) {
      int scale;
      int minimum;
      if (group < 4) {
        scale = block[4 + group] & 63;
        minimum = block[8 + group] & 63;
      } else {
        // Groups 4 to 7: low four bits in the last four bytes, high two on top of groups 0 to 3.
        scale = block[8 + group] & 15 | block[group] >> 2 & 48;
        minimum = block[8 + group] >> 4 & 15 | block[4 + group] >> 2 & 48;
      }
      float groupScale = d * scale;
      float groupMinimum = dmin * minimum;
      for (int i = 0; i < 32; i++) {
        int q = block[halves + group / 2 * 32 + i] >> group % 2 * 4 & 15;
        if (five) {
          q |= (block[16 + i] >> group & 1) << 4;
        }
        out[at + group * 32 + i] = groupScale * q - groupMinimum;
      }
    }
  }

  /**
   * 256 numbers in two runs of 128. Layout: low four bits (128 bytes), high two bits (64), signed scales of 16 numbers each (16), scale
   * of scales (2). Within a run, quarter k takes its low bits from byte 32 * (k % 2) + i (low half for k below 2, high half above) and
   * its high bits from bits 2k of byte i.
   */
  private static void q6k(byte[] block, float[] out, int at) {
    float d = half(block, 208);
    for (int i = 0; i < 256; i++) {
      int run = i / 128;
      int quarter = i / 32 % 4;
      int low = block[run * 64 + quarter % 2 * 32 + i % 32] >> quarter / 2 * 4 & 15;
      int high = block[128 + run * 32 + i % 32] >> quarter * 2 & 3;
      float scale = d * block[192 + i / 16];
      out[at + i] = scale * ((low | high << 4) - 32);
    }
  }
}
