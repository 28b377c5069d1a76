package dev.ocelli.nn;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The inner loops of decoding, by the Vector API (an incubator module: ask {@link VectorRegisters} first whether it is there). Rows of
 * numbers lie {@link #stride} apart, zero behind their end.
 *
 * <p>No vector goes into a method of ours or comes out of one: where Java's compiler has had enough of inlining, as it may where a program
 * uses several formats, each would become an object, and products forty times slower.
 */
public final class BlockKernel {
  private static final VectorSpecies<Float> F =
      FloatVector.SPECIES_PREFERRED.length() >= 16 ? FloatVector.SPECIES_512 : FloatVector.SPECIES_256;
  private static final VectorSpecies<Integer> I = F.length() == 16 ? IntVector.SPECIES_512 : IntVector.SPECIES_256;
  private static final VectorSpecies<Short> S = F.length() == 16 ? ShortVector.SPECIES_256 : ShortVector.SPECIES_128;
  private static final VectorSpecies<Byte> B = F.length() == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
  private static final int LANES = F.length();
  private static final int BLOCK = BlockMatrix.BLOCK;
  private static final int TILE = BlockMatrix.TILE;

  private static final int WARM_UP = 2000;

  private BlockKernel() {}

  /**
   * Has Java's compiler see the loops that a token goes through, on a thread of its own: until it has, a product takes a hundred times as
   * long. While a model is being read nobody waits for it.
   */
  public static void warmUp(BlockFormat format) {
    Thread thread = new Thread(() -> {
      BlockMatrix some = BlockMatrix.zeros(format, 4 * TILE, 18 * BLOCK);
      float[] x = new float[some.columns()];
      float[] sums = new float[sumsStride(some.columns())];
      float[] y = new float[some.columns()];
      for (int i = 0; i < WARM_UP; i++) {
        multiply(some, 0, some.tiles(), 1, x, sums, y, i % 2 == 0);
        y[0] = dot(x, 0, y, 0, 64);
        add(1, x, 0, y, 0, 64);
        gated(x, 0, 0, y, 0, x.length);
        softmax(y, 64);
      }
    }, "ocelli-warm-up");
    thread.setDaemon(true);
    thread.start();
  }

  /** Places from one row of {@code size} numbers to the next. */
  public static int stride(int size) {
    return (size + BLOCK - 1) / BLOCK * BLOCK;
  }

  /** How many sums {@link #sums} gives for a row of {@code size} numbers. */
  public static int sumsStride(int size) {
    return stride(size) / (BLOCK / 2);
  }

  /** For each block of a row: the sum of its numbers, then eight times that of its second half. What 4-bit codes leave out. */
  public static void sums(float[] x, int at, int blocks, float[] sums, int sumsAt) {
    for (int b = 0; b < blocks; b++) {
      float first = sum(x, at + b * BLOCK);
      float second = sum(x, at + b * BLOCK + BLOCK / 2);
      sums[sumsAt + 2 * b] = first + second;
      sums[sumsAt + 2 * b + 1] = 8 * second;
    }
  }

  private static float sum(float[] x, int at) {
    FloatVector sum = FloatVector.fromArray(F, x, at);
    for (int i = LANES; i < BLOCK / 2; i += LANES) {
      sum = sum.add(FloatVector.fromArray(F, x, at + i));
    }
    return sum.reduceLanes(VectorOperators.ADD);
  }

  /**
   * Some tiles of {@code y = W x}, or of {@code y += W x}, for several rows x.
   *
   * @param rows of x and y
   * @param sums of x, as {@link #sums} gives them; read in 4 bits only
   * @param add to what stands in y
   */
  public static void multiply(
      BlockMatrix w, int fromTile, int toTile, int rows, float[] x, float[] sums, float[] y, boolean add) {
    int in = stride(w.columns());
    int sumsIn = sumsStride(w.columns());
    int out = stride(w.rows());
    // Of the rows that a register holds, all blocks.
    float[] scales = w.scales == null ? null : new float[w.blocks * LANES];
    float[] least = w.least == null ? null : new float[w.blocks * LANES];
    for (int tile = fromTile; tile < toTile; tile++) {
      for (int lane = 0; lane < TILE; lane += LANES) {
        int at = tile * TILE + lane;
        if (scales != null) {
          unpack(w.scales, tile * w.blocks * TILE + lane, scales);
        }
        if (least != null) {
          unpack(w.least, tile * w.blocks * TILE + lane, least);
        }
        int row = 0;
        for (; row + 4 <= rows; row += 4) {
          switch (w.format()) {
            case INT4 -> four4(w, tile, lane, scales, least, x, row * in, in, sums, row * sumsIn, sumsIn, y, row * out + at, out, add);
            case INT8 -> four8(w, tile, lane, scales, x, row * in, in, y, row * out + at, out, add);
            case BF16 -> four16(w, tile, lane, x, row * in, in, y, row * out + at, out, add);
          }
        }
        for (; row < rows; row++) {
          switch (w.format()) {
            case INT4 -> one4(w, tile, lane, scales, least, x, row * in, sums, row * sumsIn, y, row * out + at, add);
            case INT8 -> one8(w, tile, lane, scales, x, row * in, y, row * out + at, add);
            case BF16 -> one16(w, tile, lane, x, row * in, y, row * out + at, add);
          }
        }
      }
    }
  }

  private static void one4(
      BlockMatrix w, int tile, int lane, float[] scales, float[] least, float[] x, int xAt, float[] sums, int sumsAt, float[] y, int yAt,
      boolean add) {
    FloatVector total = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    int code = tile * w.blocks * (BLOCK / 2) * TILE + lane;
    for (int b = 0; b < w.blocks; b++) {
      FloatVector low = FloatVector.broadcast(F, sums[sumsAt + 2 * b + 1]);
      FloatVector high = FloatVector.zero(F);
      for (int k = 0; k < BLOCK / 2; k++) {
        IntVector both = (IntVector) ByteVector.fromArray(B, w.codes, code + k * TILE).convertShape(VectorOperators.B2I, I, 0);
        FloatVector c = (FloatVector) both.and(15).convert(VectorOperators.I2F, 0);
        low = c.fma(FloatVector.broadcast(F, x[xAt + k]), low);
        c = (FloatVector) both.lanewise(VectorOperators.ASHR, 4).convert(VectorOperators.I2F, 0);
        high = c.fma(FloatVector.broadcast(F, x[xAt + k + BLOCK / 2]), high);
      }
      total = low.add(high).fma(FloatVector.fromArray(F, scales, b * LANES), total);
      total = FloatVector.fromArray(F, least, b * LANES).fma(FloatVector.broadcast(F, sums[sumsAt + 2 * b]), total);
      xAt += BLOCK;
      code += BLOCK / 2 * TILE;
    }
    total.intoArray(y, yAt);
  }

  /** As {@link #one4} for four rows, which share the unpacking of the codes. */
  private static void four4(
      BlockMatrix w, int tile, int lane, float[] scales, float[] least, float[] x, int xAt, int in, float[] sums, int sumsAt, int sumsIn,
      float[] y, int yAt, int out, boolean add) {
    FloatVector total0 = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector total1 = add ? FloatVector.fromArray(F, y, yAt + out) : FloatVector.zero(F);
    FloatVector total2 = add ? FloatVector.fromArray(F, y, yAt + 2 * out) : FloatVector.zero(F);
    FloatVector total3 = add ? FloatVector.fromArray(F, y, yAt + 3 * out) : FloatVector.zero(F);
    int code = tile * w.blocks * (BLOCK / 2) * TILE + lane;
    for (int b = 0; b < w.blocks; b++) {
      int s = sumsAt + 2 * b;
      FloatVector low0 = FloatVector.broadcast(F, sums[s + 1]);
      FloatVector low1 = FloatVector.broadcast(F, sums[s + sumsIn + 1]);
      FloatVector low2 = FloatVector.broadcast(F, sums[s + 2 * sumsIn + 1]);
      FloatVector low3 = FloatVector.broadcast(F, sums[s + 3 * sumsIn + 1]);
      FloatVector high0 = FloatVector.zero(F);
      FloatVector high1 = FloatVector.zero(F);
      FloatVector high2 = FloatVector.zero(F);
      FloatVector high3 = FloatVector.zero(F);
      for (int k = 0; k < BLOCK / 2; k++) {
        IntVector both = (IntVector) ByteVector.fromArray(B, w.codes, code + k * TILE).convertShape(VectorOperators.B2I, I, 0);
        FloatVector c = (FloatVector) both.and(15).convert(VectorOperators.I2F, 0);
        int i = xAt + k;
        low0 = c.fma(FloatVector.broadcast(F, x[i]), low0);
        low1 = c.fma(FloatVector.broadcast(F, x[i + in]), low1);
        low2 = c.fma(FloatVector.broadcast(F, x[i + 2 * in]), low2);
        low3 = c.fma(FloatVector.broadcast(F, x[i + 3 * in]), low3);
        c = (FloatVector) both.lanewise(VectorOperators.ASHR, 4).convert(VectorOperators.I2F, 0);
        i += BLOCK / 2;
        high0 = c.fma(FloatVector.broadcast(F, x[i]), high0);
        high1 = c.fma(FloatVector.broadcast(F, x[i + in]), high1);
        high2 = c.fma(FloatVector.broadcast(F, x[i + 2 * in]), high2);
        high3 = c.fma(FloatVector.broadcast(F, x[i + 3 * in]), high3);
      }
      FloatVector scale = FloatVector.fromArray(F, scales, b * LANES);
      FloatVector lowest = FloatVector.fromArray(F, least, b * LANES);
      total0 = lowest.fma(FloatVector.broadcast(F, sums[s]), low0.add(high0).fma(scale, total0));
      total1 = lowest.fma(FloatVector.broadcast(F, sums[s + sumsIn]), low1.add(high1).fma(scale, total1));
      total2 = lowest.fma(FloatVector.broadcast(F, sums[s + 2 * sumsIn]), low2.add(high2).fma(scale, total2));
      total3 = lowest.fma(FloatVector.broadcast(F, sums[s + 3 * sumsIn]), low3.add(high3).fma(scale, total3));
      xAt += BLOCK;
      code += BLOCK / 2 * TILE;
    }
    total0.intoArray(y, yAt);
    total1.intoArray(y, yAt + out);
    total2.intoArray(y, yAt + 2 * out);
    total3.intoArray(y, yAt + 3 * out);
  }

  private static void one8(
      BlockMatrix w, int tile, int lane, float[] scales, float[] x, int xAt, float[] y, int yAt, boolean add) {
    FloatVector total = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    int code = tile * w.blocks * BLOCK * TILE + lane;
    for (int b = 0; b < w.blocks; b++) {
      FloatVector even = FloatVector.zero(F);
      FloatVector odd = FloatVector.zero(F);
      for (int k = 0; k < BLOCK; k += 2) {
        FloatVector c = (FloatVector) ByteVector.fromArray(B, w.codes, code + k * TILE).convertShape(VectorOperators.B2F, F, 0);
        even = c.fma(FloatVector.broadcast(F, x[xAt + k]), even);
        c = (FloatVector) ByteVector.fromArray(B, w.codes, code + k * TILE + TILE).convertShape(VectorOperators.B2F, F, 0);
        odd = c.fma(FloatVector.broadcast(F, x[xAt + k + 1]), odd);
      }
      total = even.add(odd).fma(FloatVector.fromArray(F, scales, b * LANES), total);
      xAt += BLOCK;
      code += BLOCK * TILE;
    }
    total.intoArray(y, yAt);
  }

  /** As {@link #one8} for four rows. */
  private static void four8(
      BlockMatrix w, int tile, int lane, float[] scales, float[] x, int xAt, int in, float[] y, int yAt, int out, boolean add) {
    FloatVector total0 = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector total1 = add ? FloatVector.fromArray(F, y, yAt + out) : FloatVector.zero(F);
    FloatVector total2 = add ? FloatVector.fromArray(F, y, yAt + 2 * out) : FloatVector.zero(F);
    FloatVector total3 = add ? FloatVector.fromArray(F, y, yAt + 3 * out) : FloatVector.zero(F);
    int code = tile * w.blocks * BLOCK * TILE + lane;
    for (int b = 0; b < w.blocks; b++) {
      FloatVector sum0 = FloatVector.zero(F);
      FloatVector sum1 = FloatVector.zero(F);
      FloatVector sum2 = FloatVector.zero(F);
      FloatVector sum3 = FloatVector.zero(F);
      for (int k = 0; k < BLOCK; k++) {
        FloatVector c = (FloatVector) ByteVector.fromArray(B, w.codes, code + k * TILE).convertShape(VectorOperators.B2F, F, 0);
        int i = xAt + k;
        sum0 = c.fma(FloatVector.broadcast(F, x[i]), sum0);
        sum1 = c.fma(FloatVector.broadcast(F, x[i + in]), sum1);
        sum2 = c.fma(FloatVector.broadcast(F, x[i + 2 * in]), sum2);
        sum3 = c.fma(FloatVector.broadcast(F, x[i + 3 * in]), sum3);
      }
      FloatVector scale = FloatVector.fromArray(F, scales, b * LANES);
      total0 = sum0.fma(scale, total0);
      total1 = sum1.fma(scale, total1);
      total2 = sum2.fma(scale, total2);
      total3 = sum3.fma(scale, total3);
      xAt += BLOCK;
      code += BLOCK * TILE;
    }
    total0.intoArray(y, yAt);
    total1.intoArray(y, yAt + out);
    total2.intoArray(y, yAt + 2 * out);
    total3.intoArray(y, yAt + 3 * out);
  }

  private static void one16(BlockMatrix w, int tile, int lane, float[] x, int xAt, float[] y, int yAt, boolean add) {
    FloatVector even = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector odd = FloatVector.zero(F);
    int pairs = w.blocks * (BLOCK / 2);
    int from = tile * pairs * TILE + lane;
    for (int k = 0; k < pairs; k++) {
      // A bf16 is the upper half of an fp32.
      IntVector both = IntVector.fromArray(I, w.pairs, from + k * TILE);
      FloatVector c = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      even = c.fma(FloatVector.broadcast(F, x[xAt + 2 * k]), even);
      c = both.and(0xFFFF0000).reinterpretAsFloats();
      odd = c.fma(FloatVector.broadcast(F, x[xAt + 2 * k + 1]), odd);
    }
    even.add(odd).intoArray(y, yAt);
  }

  /** As {@link #one16} for four rows. */
  private static void four16(
      BlockMatrix w, int tile, int lane, float[] x, int xAt, int in, float[] y, int yAt, int out, boolean add) {
    FloatVector even0 = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector even1 = add ? FloatVector.fromArray(F, y, yAt + out) : FloatVector.zero(F);
    FloatVector even2 = add ? FloatVector.fromArray(F, y, yAt + 2 * out) : FloatVector.zero(F);
    FloatVector even3 = add ? FloatVector.fromArray(F, y, yAt + 3 * out) : FloatVector.zero(F);
    FloatVector odd0 = FloatVector.zero(F);
    FloatVector odd1 = FloatVector.zero(F);
    FloatVector odd2 = FloatVector.zero(F);
    FloatVector odd3 = FloatVector.zero(F);
    int pairs = w.blocks * (BLOCK / 2);
    int from = tile * pairs * TILE + lane;
    for (int k = 0; k < pairs; k++) {
      IntVector both = IntVector.fromArray(I, w.pairs, from + k * TILE);
      FloatVector c = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
      int i = xAt + 2 * k;
      even0 = c.fma(FloatVector.broadcast(F, x[i]), even0);
      even1 = c.fma(FloatVector.broadcast(F, x[i + in]), even1);
      even2 = c.fma(FloatVector.broadcast(F, x[i + 2 * in]), even2);
      even3 = c.fma(FloatVector.broadcast(F, x[i + 3 * in]), even3);
      c = both.and(0xFFFF0000).reinterpretAsFloats();
      i++;
      odd0 = c.fma(FloatVector.broadcast(F, x[i]), odd0);
      odd1 = c.fma(FloatVector.broadcast(F, x[i + in]), odd1);
      odd2 = c.fma(FloatVector.broadcast(F, x[i + 2 * in]), odd2);
      odd3 = c.fma(FloatVector.broadcast(F, x[i + 3 * in]), odd3);
    }
    even0.add(odd0).intoArray(y, yAt);
    even1.add(odd1).intoArray(y, yAt + out);
    even2.add(odd2).intoArray(y, yAt + 2 * out);
    even3.add(odd3).intoArray(y, yAt + 3 * out);
  }

  /** A tile's scales of all blocks, fp16 to fp32 as {@link Halves#toFloat}. */
  private static void unpack(short[] halves, int at, float[] out) {
    for (int i = 0; i < out.length; i += LANES) {
      IntVector bits = (IntVector) ShortVector.fromArray(S, halves, at).convertShape(VectorOperators.S2I, I, 0);
      FloatVector magnitude = bits.and(0x7FFF).lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(0x1p112f);
      magnitude.reinterpretAsInts().or(bits.and(0x80000000)).reinterpretAsFloats().intoArray(out, i);
      at += TILE;
    }
  }

  /** The sum of products of {@code size} pairs of numbers. */
  public static float dot(float[] a, int aAt, float[] b, int bAt, int size) {
    FloatVector sum = FloatVector.zero(F);
    int i = 0;
    for (; i + LANES <= size; i += LANES) {
      sum = FloatVector.fromArray(F, a, aAt + i).fma(FloatVector.fromArray(F, b, bAt + i), sum);
    }
    float total = sum.reduceLanes(VectorOperators.ADD);
    for (; i < size; i++) {
      total += a[aAt + i] * b[bAt + i];
    }
    return total;
  }

  /** {@code y += factor * x}. */
  public static void add(float factor, float[] x, int xAt, float[] y, int yAt, int size) {
    int i = 0;
    for (; i + LANES <= size; i += LANES) {
      FloatVector.fromArray(F, x, xAt + i).fma(FloatVector.broadcast(F, factor), FloatVector.fromArray(F, y, yAt + i)).intoArray(y, yAt + i);
    }
    for (; i < size; i++) {
      y[yAt + i] += factor * x[xAt + i];
    }
  }

  /** {@code out = silu(gate) * up}. */
  public static void gated(float[] x, int gate, int up, float[] out, int outAt, int size) {
    int i = 0;
    for (; i + LANES <= size; i += LANES) {
      FloatVector g = FloatVector.fromArray(F, x, gate + i);
      FloatVector product = g.mul(FloatVector.fromArray(F, x, up + i));
      product.div(g.neg().lanewise(VectorOperators.EXP).add(1)).intoArray(out, outAt + i);
    }
    for (; i < size; i++) {
      float g = x[gate + i];
      out[outAt + i] = (float) (g * x[up + i] / (1 + Math.exp(-g)));
    }
  }

  /** Scores to shares that sum up to 1, in place. */
  public static void softmax(float[] x, int size) {
    float most = x[0];
    for (int i = 1; i < size; i++) {
      most = Math.max(most, x[i]);
    }
    FloatVector sums = FloatVector.zero(F);
    int i = 0;
    for (; i + LANES <= size; i += LANES) {
      FloatVector share = FloatVector.fromArray(F, x, i).sub(most).lanewise(VectorOperators.EXP);
      share.intoArray(x, i);
      sums = sums.add(share);
    }
    float sum = sums.reduceLanes(VectorOperators.ADD);
    for (; i < size; i++) {
      x[i] = (float) Math.exp(x[i] - most);
      sum += x[i];
    }
    for (i = 0; i < size; i++) {
      x[i] /= sum;
    }
  }
}
