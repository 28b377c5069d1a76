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
