package dev.ocelli.nn;

import java.util.List;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products with a {@link BlockMatrix}, the inner loops of decoding, by the Vector API (an incubator module: ask {@link VectorRegisters} first
 * whether it is there). Rows of numbers lie {@link #stride} apart, zero behind their end.
 *
 * <p>No vector goes into a method of ours or comes out of one: where Java's compiler has had enough of inlining, as it may where a program
 * uses several formats, each would become an object, and products forty times slower.
 */
public final class BlockKernel {
  static final VectorSpecies<Float> F =
      FloatVector.SPECIES_PREFERRED.length() >= 16 ? FloatVector.SPECIES_512 : FloatVector.SPECIES_256;
  private static final VectorSpecies<Integer> I = F.length() == 16 ? IntVector.SPECIES_512 : IntVector.SPECIES_256;
  private static final VectorSpecies<Short> S = F.length() == 16 ? ShortVector.SPECIES_256 : ShortVector.SPECIES_128;
  private static final VectorSpecies<Byte> B = F.length() == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
  private static final int LANES = F.length();
  private static final int BLOCK = BlockMatrix.BLOCK;

  /** Rows whose sums two registers hold: neither then waits for its own last sum, and a thread reads a matrix from front to back. */
  static final int TILE = 2 * LANES;

  /**
   * An fp16's bits, 13 places up, are an fp32 that is 2^112 times too small: the sign, which {@link #SIGNED} leaves alone of those that its
   * extension filled, and a power with another base. Scales have no sign.
   */
  private static final float REBASED = 0x1p112f;

  private static final int SIGNED = 0x8FFFFFFF;

  private static final int WARM_UP = 2000;

  private BlockKernel() {}

  /**
   * Has Java's compiler see the loops that a token goes through, on a thread of its own: until it has, a product takes a hundred times as
   * long. While a model is being read nobody waits for it.
   */
  public static void warmUp(BlockFormat format) {
    List<BlockFormat> formats =
        switch (format) {
          case FP32 -> List.of(BlockFormat.values()); // any of them may turn out to lose nothing
          case INT4 -> List.of(BlockFormat.INT4, BlockFormat.INT8, BlockFormat.BF16); // the head keeps eight bits, adapters are bf16
          case INT8 -> List.of(BlockFormat.INT8, BlockFormat.BF16);
          case BF16 -> List.of(BlockFormat.BF16);
        };
    Thread thread = new Thread(() -> {
      List<BlockMatrix> some = formats.stream().map(f -> BlockMatrix.zeros(f, 4 * TILE, 18 * BLOCK)).toList();
      int columns = some.get(0).columns();
      float[] x = new float[columns];
      float[] sums = new float[sumsStride(columns)];
      float[] y = new float[columns];
      for (int i = 0; i < WARM_UP; i++) {
        for (BlockMatrix each : some) {
          multiply(each, 0, each.tiles(), 1, x, sums, y, i % 2 == 0);
        }
        y[0] = FloatLoops.dot(x, 0, y, 0, 64);
        FloatLoops.dots(y, 0, 8, x, 0, 32, y, 0, false);
        FloatLoops.mix(x, 4, x, 0, 64, y, 0, 64);
        FloatLoops.addAll(y, 0, x, 4, y, 0);
        FloatLoops.gated(x, 0, 0, y, 0, x.length);
        FloatLoops.softmax(y, 64);
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
    for (int tile = fromTile; tile < toTile; tile++) {
      int row = 0;
      for (; row + 4 <= rows; row += 4) {
        for (int half = 0; half < TILE; half += LANES) {
          int at = row * out + tile * TILE + half;
          switch (w.format()) {
            case INT4 -> four4(w, tile, half, x, row * in, in, sums, row * sumsIn, sumsIn, y, at, out, add);
            case INT8 -> four8(w, tile, half, x, row * in, in, y, at, out, add);
            case BF16 -> four16(w, tile, half, x, row * in, in, y, at, out, add);
            case FP32 -> four32(w, tile, half, x, row * in, in, y, at, out, add);
          }
        }
      }
      for (; row < rows; row++) {
        int at = row * out + tile * TILE;
        switch (w.format()) {
          case INT4 -> one4(w, tile, x, row * in, sums, row * sumsIn, y, at, add);
          case INT8 -> one8(w, tile, x, row * in, y, at, add);
          case BF16 -> one16(w, tile, x, row * in, y, at, add);
          case FP32 -> FloatLoops.dots(x, row * in, in, w.numbers, tile * in * TILE, TILE, y, at, add);
        }
      }
    }
  }

  private static void one4(
      BlockMatrix w, int tile, float[] x, int xAt, float[] sums, int sumsAt, float[] y, int yAt, boolean add) {
    FloatVector total0 = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector total1 = add ? FloatVector.fromArray(F, y, yAt + LANES) : FloatVector.zero(F);
    int code = tile * w.blocks * (BLOCK / 2) * TILE;
    int scale = tile * w.blocks * 2 * TILE;
    for (int b = 0; b < w.blocks; b++) {
      FloatVector low0 = FloatVector.broadcast(F, sums[sumsAt + 2 * b + 1]);
      FloatVector low1 = low0;
      FloatVector high0 = FloatVector.zero(F);
      FloatVector high1 = FloatVector.zero(F);
      for (int k = 0; k < BLOCK / 2; k++) {
        int at = code + k * TILE;
        IntVector both0 = (IntVector) ByteVector.fromArray(B, w.codes, at).convertShape(VectorOperators.B2I, I, 0);
        IntVector both1 = (IntVector) ByteVector.fromArray(B, w.codes, at + LANES).convertShape(VectorOperators.B2I, I, 0);
        FloatVector number = FloatVector.broadcast(F, x[xAt + k]);
        low0 = ((FloatVector) both0.and(15).convert(VectorOperators.I2F, 0)).fma(number, low0);
        low1 = ((FloatVector) both1.and(15).convert(VectorOperators.I2F, 0)).fma(number, low1);
        number = FloatVector.broadcast(F, x[xAt + k + BLOCK / 2]);
        high0 = ((FloatVector) both0.lanewise(VectorOperators.ASHR, 4).convert(VectorOperators.I2F, 0)).fma(number, high0);
        high1 = ((FloatVector) both1.lanewise(VectorOperators.ASHR, 4).convert(VectorOperators.I2F, 0)).fma(number, high1);
      }
      IntVector scale0 = (IntVector) ShortVector.fromArray(S, w.scales, scale).convertShape(VectorOperators.S2I, I, 0);
      IntVector scale1 = (IntVector) ShortVector.fromArray(S, w.scales, scale + LANES).convertShape(VectorOperators.S2I, I, 0);
      total0 = low0.add(high0).fma(scale0.lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(REBASED), total0);
      total1 = low1.add(high1).fma(scale1.lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(REBASED), total1);
      IntVector least0 = (IntVector) ShortVector.fromArray(S, w.scales, scale + TILE).convertShape(VectorOperators.S2I, I, 0);
      IntVector least1 = (IntVector) ShortVector.fromArray(S, w.scales, scale + TILE + LANES).convertShape(VectorOperators.S2I, I, 0);
      FloatVector sum = FloatVector.broadcast(F, sums[sumsAt + 2 * b]);
      total0 = least0.lanewise(VectorOperators.LSHL, 13).and(SIGNED).reinterpretAsFloats().mul(REBASED).fma(sum, total0);
      total1 = least1.lanewise(VectorOperators.LSHL, 13).and(SIGNED).reinterpretAsFloats().mul(REBASED).fma(sum, total1);
      xAt += BLOCK;
      code += BLOCK / 2 * TILE;
      scale += 2 * TILE;
    }
    total0.intoArray(y, yAt);
    total1.intoArray(y, yAt + LANES);
  }

  /** One register's rows, half a tile, for four rows of x, which share the unpacking of the codes. */
  private static void four4(
      BlockMatrix w, int tile, int half, float[] x, int xAt, int in, float[] sums, int sumsAt, int sumsIn, float[] y, int yAt, int out,
      boolean add) {
    FloatVector total0 = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector total1 = add ? FloatVector.fromArray(F, y, yAt + out) : FloatVector.zero(F);
    FloatVector total2 = add ? FloatVector.fromArray(F, y, yAt + 2 * out) : FloatVector.zero(F);
    FloatVector total3 = add ? FloatVector.fromArray(F, y, yAt + 3 * out) : FloatVector.zero(F);
    int code = tile * w.blocks * (BLOCK / 2) * TILE;
    int scale = tile * w.blocks * 2 * TILE;
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
        IntVector both = (IntVector) ByteVector.fromArray(B, w.codes, code + k * TILE + half).convertShape(VectorOperators.B2I, I, 0);
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
      IntVector bits = (IntVector) ShortVector.fromArray(S, w.scales, scale + half).convertShape(VectorOperators.S2I, I, 0);
      FloatVector step = bits.lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(REBASED);
      bits = (IntVector) ShortVector.fromArray(S, w.scales, scale + TILE + half).convertShape(VectorOperators.S2I, I, 0);
      FloatVector lowest = bits.lanewise(VectorOperators.LSHL, 13).and(SIGNED).reinterpretAsFloats().mul(REBASED);
      total0 = lowest.fma(FloatVector.broadcast(F, sums[s]), low0.add(high0).fma(step, total0));
      total1 = lowest.fma(FloatVector.broadcast(F, sums[s + sumsIn]), low1.add(high1).fma(step, total1));
      total2 = lowest.fma(FloatVector.broadcast(F, sums[s + 2 * sumsIn]), low2.add(high2).fma(step, total2));
      total3 = lowest.fma(FloatVector.broadcast(F, sums[s + 3 * sumsIn]), low3.add(high3).fma(step, total3));
      xAt += BLOCK;
      code += BLOCK / 2 * TILE;
      scale += 2 * TILE;
    }
    total0.intoArray(y, yAt);
    total1.intoArray(y, yAt + out);
    total2.intoArray(y, yAt + 2 * out);
    total3.intoArray(y, yAt + 3 * out);
  }

  private static void one8(BlockMatrix w, int tile, float[] x, int xAt, float[] y, int yAt, boolean add) {
    FloatVector total0 = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector total1 = add ? FloatVector.fromArray(F, y, yAt + LANES) : FloatVector.zero(F);
    int code = tile * w.blocks * BLOCK * TILE;
    int scale = tile * w.blocks * TILE;
    for (int b = 0; b < w.blocks; b++) {
      FloatVector even0 = FloatVector.zero(F);
      FloatVector even1 = FloatVector.zero(F);
      FloatVector odd0 = FloatVector.zero(F);
      FloatVector odd1 = FloatVector.zero(F);
      for (int k = 0; k < BLOCK; k += 2) {
        int at = code + k * TILE;
        FloatVector number = FloatVector.broadcast(F, x[xAt + k]);
        even0 = ((FloatVector) ByteVector.fromArray(B, w.codes, at).convertShape(VectorOperators.B2F, F, 0)).fma(number, even0);
        even1 = ((FloatVector) ByteVector.fromArray(B, w.codes, at + LANES).convertShape(VectorOperators.B2F, F, 0)).fma(number, even1);
        at += TILE;
        number = FloatVector.broadcast(F, x[xAt + k + 1]);
        odd0 = ((FloatVector) ByteVector.fromArray(B, w.codes, at).convertShape(VectorOperators.B2F, F, 0)).fma(number, odd0);
        odd1 = ((FloatVector) ByteVector.fromArray(B, w.codes, at + LANES).convertShape(VectorOperators.B2F, F, 0)).fma(number, odd1);
      }
      IntVector scale0 = (IntVector) ShortVector.fromArray(S, w.scales, scale).convertShape(VectorOperators.S2I, I, 0);
      IntVector scale1 = (IntVector) ShortVector.fromArray(S, w.scales, scale + LANES).convertShape(VectorOperators.S2I, I, 0);
      total0 = even0.add(odd0).fma(scale0.lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(REBASED), total0);
      total1 = even1.add(odd1).fma(scale1.lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(REBASED), total1);
      xAt += BLOCK;
      code += BLOCK * TILE;
      scale += TILE;
    }
    total0.intoArray(y, yAt);
    total1.intoArray(y, yAt + LANES);
  }

  /** As {@link #four4}. */
  private static void four8(
      BlockMatrix w, int tile, int half, float[] x, int xAt, int in, float[] y, int yAt, int out, boolean add) {
    FloatVector total0 = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector total1 = add ? FloatVector.fromArray(F, y, yAt + out) : FloatVector.zero(F);
    FloatVector total2 = add ? FloatVector.fromArray(F, y, yAt + 2 * out) : FloatVector.zero(F);
    FloatVector total3 = add ? FloatVector.fromArray(F, y, yAt + 3 * out) : FloatVector.zero(F);
    int code = tile * w.blocks * BLOCK * TILE;
    int scale = tile * w.blocks * TILE;
    for (int b = 0; b < w.blocks; b++) {
      FloatVector sum0 = FloatVector.zero(F);
      FloatVector sum1 = FloatVector.zero(F);
      FloatVector sum2 = FloatVector.zero(F);
      FloatVector sum3 = FloatVector.zero(F);
      for (int k = 0; k < BLOCK; k++) {
        FloatVector c = (FloatVector) ByteVector.fromArray(B, w.codes, code + k * TILE + half).convertShape(VectorOperators.B2F, F, 0);
        int i = xAt + k;
        sum0 = c.fma(FloatVector.broadcast(F, x[i]), sum0);
        sum1 = c.fma(FloatVector.broadcast(F, x[i + in]), sum1);
        sum2 = c.fma(FloatVector.broadcast(F, x[i + 2 * in]), sum2);
        sum3 = c.fma(FloatVector.broadcast(F, x[i + 3 * in]), sum3);
      }
      IntVector bits = (IntVector) ShortVector.fromArray(S, w.scales, scale + half).convertShape(VectorOperators.S2I, I, 0);
      FloatVector step = bits.lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(REBASED);
      total0 = sum0.fma(step, total0);
      total1 = sum1.fma(step, total1);
      total2 = sum2.fma(step, total2);
      total3 = sum3.fma(step, total3);
      xAt += BLOCK;
      code += BLOCK * TILE;
      scale += TILE;
    }
    total0.intoArray(y, yAt);
    total1.intoArray(y, yAt + out);
    total2.intoArray(y, yAt + 2 * out);
    total3.intoArray(y, yAt + 3 * out);
  }

  private static void one16(BlockMatrix w, int tile, float[] x, int xAt, float[] y, int yAt, boolean add) {
    FloatVector even0 = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector even1 = add ? FloatVector.fromArray(F, y, yAt + LANES) : FloatVector.zero(F);
    FloatVector odd0 = FloatVector.zero(F);
    FloatVector odd1 = FloatVector.zero(F);
    int pairs = w.blocks * (BLOCK / 2);
    int from = tile * pairs * TILE;
    for (int k = 0; k < pairs; k++) {
      // A bf16 is the upper half of an fp32.
      IntVector both0 = IntVector.fromArray(I, w.pairs, from + k * TILE);
      IntVector both1 = IntVector.fromArray(I, w.pairs, from + k * TILE + LANES);
      FloatVector number = FloatVector.broadcast(F, x[xAt + 2 * k]);
      even0 = both0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(number, even0);
      even1 = both1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(number, even1);
      number = FloatVector.broadcast(F, x[xAt + 2 * k + 1]);
      odd0 = both0.and(0xFFFF0000).reinterpretAsFloats().fma(number, odd0);
      odd1 = both1.and(0xFFFF0000).reinterpretAsFloats().fma(number, odd1);
    }
    even0.add(odd0).intoArray(y, yAt);
    even1.add(odd1).intoArray(y, yAt + LANES);
  }

  /** As {@link #four4}. */
  private static void four16(
      BlockMatrix w, int tile, int half, float[] x, int xAt, int in, float[] y, int yAt, int out, boolean add) {
    FloatVector even0 = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector even1 = add ? FloatVector.fromArray(F, y, yAt + out) : FloatVector.zero(F);
    FloatVector even2 = add ? FloatVector.fromArray(F, y, yAt + 2 * out) : FloatVector.zero(F);
    FloatVector even3 = add ? FloatVector.fromArray(F, y, yAt + 3 * out) : FloatVector.zero(F);
    FloatVector odd0 = FloatVector.zero(F);
    FloatVector odd1 = FloatVector.zero(F);
    FloatVector odd2 = FloatVector.zero(F);
    FloatVector odd3 = FloatVector.zero(F);
    int pairs = w.blocks * (BLOCK / 2);
    int from = tile * pairs * TILE + half;
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

  /** As {@link #four4}. */
  private static void four32(
      BlockMatrix w, int tile, int half, float[] x, int xAt, int in, float[] y, int yAt, int out, boolean add) {
    FloatVector sum0 = add ? FloatVector.fromArray(F, y, yAt) : FloatVector.zero(F);
    FloatVector sum1 = add ? FloatVector.fromArray(F, y, yAt + out) : FloatVector.zero(F);
    FloatVector sum2 = add ? FloatVector.fromArray(F, y, yAt + 2 * out) : FloatVector.zero(F);
    FloatVector sum3 = add ? FloatVector.fromArray(F, y, yAt + 3 * out) : FloatVector.zero(F);
    int columns = w.blocks * BLOCK;
    int from = tile * columns * TILE + half;
    for (int k = 0; k < columns; k++) {
      FloatVector c = FloatVector.fromArray(F, w.numbers, from + k * TILE);
      int i = xAt + k;
      sum0 = c.fma(FloatVector.broadcast(F, x[i]), sum0);
      sum1 = c.fma(FloatVector.broadcast(F, x[i + in]), sum1);
      sum2 = c.fma(FloatVector.broadcast(F, x[i + 2 * in]), sum2);
      sum3 = c.fma(FloatVector.broadcast(F, x[i + 3 * in]), sum3);
    }
    sum0.intoArray(y, yAt);
    sum1.intoArray(y, yAt + out);
    sum2.intoArray(y, yAt + 2 * out);
    sum3.intoArray(y, yAt + 3 * out);
  }
}
