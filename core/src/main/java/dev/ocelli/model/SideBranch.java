package dev.ocelli.model;

import dev.ocelli.nn.BlockKernel;
import dev.ocelli.nn.FloatLoops;
import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * One product's {@link Lora} adapters beside a copied matrix, in fp32: y += scale B (A x). So quantised weights are never merged with
 * what was learnt, and one copy of them serves with adapters and without.
 */
final class SideBranch {
  private static final int TILE = 16;

  private final int in;
  private final int narrow;

  /** {@code [narrow, in]}. */
  private final float[] a;

  /** For each 16 outputs the columns of B, scaled, that they have: {@code [columns, 16]}, the first at {@code first}. */
  private final float[][] b;

  private final int[] first;

  SideBranch(Lora.Adapter adapter) {
    in = Math.toIntExact(adapter.a().size(1));
    narrow = Math.toIntExact(adapter.a().size(0));
    a = Tensors.floats(adapter.a());
    int rank = adapter.config().rank();
    int out = 0;
    for (long rows : adapter.rows()) {
      out += (int) rows;
    }
    int tiles = (out + TILE - 1) / TILE;
    // B of stacked projections is block-diagonal: [out, narrow], most of it zero.
    float[] whole = new float[tiles * TILE * narrow];
    int row = 0;
    int column = 0;
    for (int i = 0; i < adapter.rows().length; i++) {
      Tensor part = adapter.b().get(i);
      if (part != null) {
        float[] values = Tensors.floats(part);
        for (int r = 0; r < adapter.rows()[i]; r++) {
          for (int c = 0; c < rank; c++) {
            whole[(row + r) * narrow + column + c] = (float) (values[r * rank + c] * adapter.config().scale());
          }
        }
        column += rank;
      }
      row += (int) adapter.rows()[i];
    }
    b = new float[tiles][];
    first = new int[tiles];
    for (int tile = 0; tile < tiles; tile++) {
      cut(whole, tile);
    }
  }

  private void cut(float[] whole, int tile) {
    int from = narrow;
    int to = 0;
    for (int c = 0; c < narrow; c++) {
      for (int r = 0; r < TILE; r++) {
        if (whole[(tile * TILE + r) * narrow + c] != 0) {
          from = Math.min(from, c);
          to = c + 1;
        }
      }
    }
    first[tile] = from;
    b[tile] = new float[Math.max(0, to - from) * TILE];
    for (int i = 0; i < b[tile].length; i++) {
      b[tile][i] = whole[(tile * TILE + i % TILE) * narrow + from + i / TILE];
    }
  }

  /** Numbers between A and B. */
  int narrow() {
    return narrow;
  }

  /** Numbers {@code from} to {@code to} of A x, for each row. */
  void narrow(int from, int to, int rows, float[] x, float[] z) {
    int stride = BlockKernel.stride(in);
    for (int i = from; i < to; i++) {
      for (int row = 0; row < rows; row++) {
        z[row * narrow + i] = FloatLoops.dot(a, i * in, x, row * stride, in);
      }
    }
  }

  /** Adds B z to 16 outputs of each row. */
  void add(int tile, int rows, float[] z, float[] y, int stride) {
    for (int i = 0; i < b[tile].length; i += TILE) {
      for (int row = 0; row < rows; row++) {
        FloatLoops.add(z[row * narrow + first[tile] + i / TILE], b[tile], i, y, row * stride + tile * TILE, TILE);
      }
    }
  }
}
