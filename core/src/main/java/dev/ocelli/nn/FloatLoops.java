package dev.ocelli.nn;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** What decoding does between the products of {@link BlockKernel}, by the Vector API as well. */
public final class FloatLoops {
  private static final VectorSpecies<Float> F = BlockKernel.F;
  private static final int LANES = F.length();

  private FloatLoops() {}

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

  /**
   * For each of {@code count} vectors, {@code [size, count]}: the sum of its products with x.
   *
   * @param size even
   * @param count a multiple of {@link BlockMatrix#TILE}
   * @param add to what stands in out
   */
  public static void dots(float[] x, int xAt, int size, float[] vectors, int vectorsAt, int count, float[] out, int outAt, boolean add) {
    for (int v = 0; v < count; v += 2 * LANES) {
      FloatVector even0 = add ? FloatVector.fromArray(F, out, outAt + v) : FloatVector.zero(F);
      FloatVector even1 = add ? FloatVector.fromArray(F, out, outAt + v + LANES) : FloatVector.zero(F);
      FloatVector odd0 = FloatVector.zero(F);
      FloatVector odd1 = FloatVector.zero(F);
      for (int i = 0; i < size; i += 2) {
        int at = vectorsAt + i * count + v;
        FloatVector number = FloatVector.broadcast(F, x[xAt + i]);
        even0 = FloatVector.fromArray(F, vectors, at).fma(number, even0);
        even1 = FloatVector.fromArray(F, vectors, at + LANES).fma(number, even1);
        number = FloatVector.broadcast(F, x[xAt + i + 1]);
        odd0 = FloatVector.fromArray(F, vectors, at + count).fma(number, odd0);
        odd1 = FloatVector.fromArray(F, vectors, at + count + LANES).fma(number, odd1);
      }
      even0.add(odd0).intoArray(out, outAt + v);
      even1.add(odd1).intoArray(out, outAt + v + LANES);
    }
  }

  /** {@code out = sum of share * x} over {@code count} vectors of {@code size} numbers, {@code stride} apart. */
  public static void mix(float[] shares, int count, float[] x, int xAt, int stride, float[] out, int outAt, int size) {
    int i = 0;
    for (; i + 4 * LANES <= size; i += 4 * LANES) {
      FloatVector sum0 = FloatVector.zero(F);
      FloatVector sum1 = sum0;
      FloatVector sum2 = sum0;
      FloatVector sum3 = sum0;
      for (int t = 0; t < count; t++) {
        FloatVector share = FloatVector.broadcast(F, shares[t]);
        int at = xAt + t * stride + i;
        sum0 = FloatVector.fromArray(F, x, at).fma(share, sum0);
        sum1 = FloatVector.fromArray(F, x, at + LANES).fma(share, sum1);
        sum2 = FloatVector.fromArray(F, x, at + 2 * LANES).fma(share, sum2);
        sum3 = FloatVector.fromArray(F, x, at + 3 * LANES).fma(share, sum3);
      }
      sum0.intoArray(out, outAt + i);
      sum1.intoArray(out, outAt + i + LANES);
      sum2.intoArray(out, outAt + i + 2 * LANES);
      sum3.intoArray(out, outAt + i + 3 * LANES);
    }
    for (; i < size; i++) {
      float sum = 0;
      for (int t = 0; t < count; t++) {
        sum += shares[t] * x[xAt + t * stride + i];
      }
      out[outAt + i] = sum;
    }
  }

  /** Adds to a tile of y the columns of x, {@code [columns, TILE]}, each times its factor. */
  public static void addAll(float[] factors, int factorsAt, float[] x, int columns, float[] y, int yAt) {
    FloatVector sum0 = FloatVector.fromArray(F, y, yAt);
    FloatVector sum1 = FloatVector.fromArray(F, y, yAt + LANES);
    for (int c = 0; c < columns; c++) {
      FloatVector factor = FloatVector.broadcast(F, factors[factorsAt + c]);
      sum0 = FloatVector.fromArray(F, x, c * BlockKernel.TILE).fma(factor, sum0);
      sum1 = FloatVector.fromArray(F, x, c * BlockKernel.TILE + LANES).fma(factor, sum1);
    }
    sum0.intoArray(y, yAt);
    sum1.intoArray(y, yAt + LANES);
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
