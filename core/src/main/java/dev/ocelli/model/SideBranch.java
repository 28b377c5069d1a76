package dev.ocelli.model;

import dev.ocelli.nn.BlockFormat;
import dev.ocelli.nn.BlockKernel;
import dev.ocelli.nn.BlockMatrix;
import dev.ocelli.nn.FloatLoops;
import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * One product's {@link Lora} adapters beside a copied matrix: y += scale B (A x). So quantised weights are never merged with what was
 * learnt, and one copy of them serves with adapters and without.
 */
final class SideBranch {
  private static final int TILE = BlockMatrix.TILE;

  /** {@code [narrow, in]}, as it is: bf16 where the model computes in that. */
  private final BlockMatrix a;

  /** For each tile of outputs the columns of B, scaled, that they have: {@code [columns, TILE]}, the first at {@code first}. */
  private final float[][] b;

  private final int[] first;

  SideBranch(Lora.Adapter adapter) {
    a = BlockMatrix.of(adapter.a(), BlockFormat.FP32);
    int narrow = a.rows();
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
      cut(whole, narrow, tile);
    }
  }

  private void cut(float[] whole, int narrow, int tile) {
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

  /** A, for the numbers in between: {@code [rows, stride(narrow)]}. */
  BlockMatrix a() {
    return a;
  }

  /** Adds B z to a tile of outputs of each row. */
  void add(int tile, int rows, float[] z, float[] y, int stride) {
    for (int row = 0; row < rows; row++) {
      FloatLoops.addAll(z, row * BlockKernel.stride(a.rows()) + first[tile], b[tile], b[tile].length / TILE, y, row * stride + tile * TILE);
    }
  }
}
