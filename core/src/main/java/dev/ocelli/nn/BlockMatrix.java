package dev.ocelli.nn;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A matrix laid out for products with a few rows at a time: those read every weight once, so that fewer bytes are less time.
 *
 * <p>A row's blocks of 32 numbers are quantised as ggml does it: a number is {@code scale * code}, in 4 bits {@code scale * code + least};
 * scales are fp16. What came out of a Q4_1 or Q8_0 file falls on the same codes again. In bf16 and fp32 there is no scale.
 *
 * <pre>
 *   a tile: 32 rows        block 0                          block 1 ...
 *                          column 0: 32 codes, column 1 ...
 *                          (in 4 bits a byte holds column k in its low half and column k + 16, less 8, in its high half;
 *                          in bf16 an int holds column k in its low half and column k + 1 in its high half;
 *                          in fp32 a float holds one)
 * </pre>
 *
 * So a product adds a number of x times 32 rows at once, and never has to sum across a register. It reads a matrix from front to back, as
 * processors fetch memory ahead: with two tiles of 16 rows side by side it took twice as long.
 */
public final class BlockMatrix {
  static final int BLOCK = 32;

  /** Rows of a tile: 32 where registers have 512 bits, 16 where they have 256. */
  public static final int TILE = BlockKernel.TILE;

  /** That are in fp32 at a time; whole tiles. */
  private static final int MOST_ROWS = 4096;

  private final BlockFormat format;
  private final int rows;
  private final int columns;
  final int blocks;

  /** Null without scales. */
  final byte[] codes;

  /** Null but in bf16. */
  final int[] pairs;

  /** Null but in fp32. */
  final float[] numbers;

  /** fp16, a tile's of a block side by side, in 4 bits followed by their least values; null without. */
  final short[] scales;

  private BlockMatrix(BlockFormat format, Tensor weight) {
    this(format, Math.toIntExact(weight.size(0)), Math.toIntExact(weight.size(1)));
  }

  private BlockMatrix(BlockFormat format, int rows, int columns) {
    this.format = format;
    this.rows = rows;
    this.columns = columns;
    blocks = (columns + BLOCK - 1) / BLOCK;
    int all = Math.multiplyExact(tiles(), blocks);
    boolean quantised = format.quantised();
    codes = quantised ? new byte[Math.multiplyExact(all, TILE * (format == BlockFormat.INT4 ? BLOCK / 2 : BLOCK))] : null;
    scales = quantised ? new short[Math.multiplyExact(all, TILE * (format == BlockFormat.INT4 ? 2 : 1))] : null;
    pairs = format == BlockFormat.BF16 ? new int[Math.multiplyExact(all, TILE * (BLOCK / 2))] : null;
    numbers = format == BlockFormat.FP32 ? new float[Math.multiplyExact(all, TILE * BLOCK)] : null;
  }

  static BlockMatrix zeros(BlockFormat format, int rows, int columns) {
    return new BlockMatrix(format, rows, columns);
  }

  /** Rounds {@code weight}, {@code [rows, columns]} of any floating type on the CPU. */
  public static BlockMatrix of(Tensor weight, BlockFormat format) {
    if (format == BlockFormat.FP32) {
      for (BlockFormat narrow : List.of(BlockFormat.INT4, BlockFormat.INT8, BlockFormat.BF16)) {
        BlockMatrix matrix = new BlockMatrix(narrow, weight);
        if (matrix.fill(weight, true)) {
          return matrix;
        }
      }
    }
    BlockMatrix matrix = new BlockMatrix(format, weight);
    matrix.fill(weight, false);
    return matrix;
  }

  /** @return whether all numbers are what they were; with {@code exactly} it ends where one isn't */
  private boolean fill(Tensor weight, boolean exactly) {
    // Some rows at a time, so that no second matrix in fp32 stands in memory; few at first, so that a loss is soon seen.
    int step = exactly ? TILE : MOST_ROWS;
    for (int from = 0; from < rows; from += step, step = MOST_ROWS) {
      int first = from;
      int count = Math.min(step, rows - from);
      if (codes == null) {
        Scope.run(() -> place(first, weight.narrow(0, first, count)));
      }
      if (codes != null || exactly) {
        float[] values = Tensors.floats(weight.narrow(0, first, count));
        IntStream all = IntStream.range(0, count).parallel();
        if (!all.allMatch(i -> row(first + i, values, i * columns, exactly))) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean row(int row, float[] values, int at, boolean exactly) {
    if (codes != null) {
      quantise(row, values, at);
    }
    for (int column = 0; exactly && column < columns; column++) {
      if (value(row, column) != values[at + column]) {
        return false;
      }
    }
    return true;
  }

  public int rows() {
    return rows;
  }

  public int columns() {
    return columns;
  }

  public BlockFormat format() {
    return format;
  }

  /** Groups of rows: what a product is shared out by. */
  public int tiles() {
    return (rows + TILE - 1) / TILE;
  }

  /** Some rows without scales, the first of them the first of a tile: libtorch lays them out, for Java's compiler hasn't seen this loop yet. */
  private void place(int row, Tensor some) {
    int tiles = (Math.toIntExact(some.size(0)) + TILE - 1) / TILE;
    int together = pairs == null ? 1 : 2;
    Tensor whole = Tensors.zeros(pairs == null ? ScalarType.Float : ScalarType.BFloat16, (long) tiles * TILE, (long) blocks * BLOCK);
    whole.narrow(0, 0, some.size(0)).narrow(1, 0, columns).copy_(some);
    int each = blocks * (BLOCK / together) * TILE;
    Tensor tiled = whole.view(tiles, TILE, (long) blocks * (BLOCK / together), together).permute(0, 2, 1, 3).contiguous();
    ByteBuffer memory = Tensors.memory(tiled);
    if (pairs == null) {
      memory.asFloatBuffer().get(numbers, row / TILE * each, tiles * each);
    } else {
      memory.asIntBuffer().get(pairs, row / TILE * each, tiles * each);
    }
  }

  private void quantise(int row, float[] values, int at) {
    for (int block = 0; block < blocks; block++) {
      int from = at + block * BLOCK;
      int count = Math.min(BLOCK, columns - block * BLOCK);
      if (format == BlockFormat.INT4) {
        quantise4(row, block, values, from, count);
      } else {
        quantise8(row, block, values, from, count);
      }
    }
  }

  private void quantise4(int row, int block, float[] values, int from, int count) {
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (int i = from; i < from + count; i++) {
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
    float scale = (high - low) / 15;
    float inverse = scale == 0 ? 0 : 1 / scale;
    scales[scaleAt(row, block)] = Halves.of(scale);
    scales[scaleAt(row, block) + TILE] = Halves.of(low);
    for (int k = 0; k < BLOCK; k++) {
      int code = k < count ? Math.max(0, Math.min(15, (int) ((values[from + k] - low) * inverse + 0.5f))) : 0;
      int place = codeAt(row, block, k);
      codes[place] |= (byte) (k < BLOCK / 2 ? code : code - 8 << 4);
    }
  }

  private void quantise8(int row, int block, float[] values, int from, int count) {
    float most = 0;
    for (int i = from; i < from + count; i++) {
      most = Math.max(most, Math.abs(values[i]));
    }
    float scale = most / 127;
    float inverse = scale == 0 ? 0 : 1 / scale;
    scales[scaleAt(row, block)] = Halves.of(scale);
    for (int k = 0; k < count; k++) {
      float value = values[from + k] * inverse;
      // Halves away from zero, as C's roundf.
      codes[codeAt(row, block, k)] = (byte) (value < 0 ? -(int) (0.5f - value) : (int) (value + 0.5f));
    }
  }

  private int scaleAt(int row, int block) {
    return (row / TILE * blocks + block) * TILE * (format == BlockFormat.INT4 ? 2 : 1) + row % TILE;
  }

  private int codeAt(int row, int block, int k) {
    int deep = format == BlockFormat.INT4 ? BLOCK / 2 : BLOCK;
    return ((row / TILE * blocks + block) * deep + k % deep) * TILE + row % TILE;
  }

  /** The numbers that the codes stand for, {@code [rows, columns]} row by row. */
  public float[] values() {
    float[] out = new float[Math.multiplyExact(rows, columns)];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        out[row * columns + column] = value(row, column);
      }
    }
    return out;
  }

  private float value(int row, int column) {
    if (format == BlockFormat.BF16) {
      int pair = pairs[(row / TILE * blocks * (BLOCK / 2) + column / 2) * TILE + row % TILE];
      return Float.intBitsToFloat(column % 2 == 0 ? pair << 16 : pair & 0xFFFF0000);
    }
    if (format == BlockFormat.FP32) {
      return numbers[(row / TILE * blocks * BLOCK + column) * TILE + row % TILE];
    }
    int block = column / BLOCK;
    int k = column % BLOCK;
    byte code = codes[codeAt(row, block, k)];
    float scale = Halves.toFloat(scales[scaleAt(row, block)]);
    if (format == BlockFormat.INT8) {
      return scale * code;
    }
    return scale * (k < BLOCK / 2 ? code & 15 : (code >> 4) + 8) + Halves.toFloat(scales[scaleAt(row, block) + TILE]);
  }
}
