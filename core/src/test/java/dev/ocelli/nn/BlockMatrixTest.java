package dev.ocelli.nn;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Matrices in few bits against the gguf package (tools/goldens/blocks.py), and their products against dequantised fp32 ones. */
class BlockMatrixTest {
  private final JsonNode golden = read();

  @ParameterizedTest
  @EnumSource
  void numbersAreThoseOfGguf(BlockFormat format) {
    JsonNode matrix = golden.path("matrix");
    float[] expected = expected(format);
    assertThat(quantised(floats(matrix), format).values()).containsExactly(expected);
    float[] changed = floats(matrix);
    changed[100] += 1;
    assertThat(java.util.Arrays.equals(quantised(changed, format).values(), expected)).isFalse();
  }

  /** What came out of a file in these blocks goes back in without loss. */
  @ParameterizedTest
  @EnumSource
  void numbersOnTheGridStay(BlockFormat format) {
    float[] expected = expected(format);
    assertThat(quantised(expected, format).values()).usingComparatorWithPrecision(2e-4f).containsExactly(expected);
  }

  /** What was saved in few bits is kept in as few, and one number off the grid keeps all in fp32. */
  @ParameterizedTest
  @EnumSource
  void nothingIsLostInTheNarrowestForm(BlockFormat saved) {
    float[] values = expected(saved);
    BlockMatrix narrow = quantised(values, BlockFormat.FP32);
    assertThat(narrow.format()).isEqualTo(saved);
    assertThat(narrow.values()).containsExactly(values);
    values[values.length - 1] += 0x1p-20f;
    BlockMatrix wide = quantised(values, BlockFormat.FP32);
    assertThat(wide.format()).isEqualTo(BlockFormat.FP32);
    assertThat(wide.values()).containsExactly(values);
  }

  private float[] expected(BlockFormat format) {
    return floats(golden.path(format == BlockFormat.FP32 ? "matrix" : format.name()));
  }

  private BlockMatrix quantised(float[] values, BlockFormat format) {
    int rows = golden.path("rows").asInt();
    try (Tensor tensor = Tensors.of(values, rows, values.length / rows)) {
      return BlockMatrix.of(tensor, format);
    }
  }

  /** One format after the other: what Java's compiler made of the first must not turn the second's registers into objects. */
  @Test
  void aProgramMayUseAllFormats() {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    try (Tensor weight = Tensors.of(random(new Random(5), 3072 * 576), 3072, 576)) {
      float[] x = random(new Random(6), 576);
      for (BlockFormat format : List.of(BlockFormat.INT4, BlockFormat.INT8, BlockFormat.BF16, BlockFormat.FP32, BlockFormat.INT4)) {
        BlockMatrix matrix = BlockMatrix.of(weight, format);
        float[] sums = new float[BlockKernel.sumsStride(576)];
        BlockKernel.sums(x, 0, 18, sums, 0);
        float[] y = new float[BlockKernel.stride(3072)];
        long bytes = Long.MAX_VALUE;
        // Until it is compiled, which may take seconds; objects for all registers would be 38 MB.
        for (long end = System.nanoTime() + 60_000_000_000L; bytes > 65536 && System.nanoTime() < end; ) {
          long before = threads.getThreadAllocatedBytes(thread);
          for (int i = 0; i < 500; i++) {
            BlockKernel.multiply(matrix, 0, matrix.tiles(), 1, x, sums, y, false);
          }
          bytes = (threads.getThreadAllocatedBytes(thread) - before) / 500;
        }
        assertThat(bytes).as("bytes a product, " + format).isLessThan(65536);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"INT4,48,96", "INT8,48,96", "INT4,35,70", "INT8,35,70", "INT4,1,5", "INT8,1,5", "INT8,200,64", "INT4,200,64",
      "BF16,48,96", "BF16,35,70", "BF16,1,5", "BF16,200,64", "FP32,48,96", "FP32,35,70", "FP32,1,5", "FP32,200,64"})
  void productsAreThoseOfTheNumbers(BlockFormat format, int out, int in) {
    assertThat(VectorRegisters.wide()).as("Tests run with --add-modules jdk.incubator.vector").isTrue();
    Random random = new Random(5);
    try (Tensor weight = Tensors.of(random(random, out * in), out, in);
        Crew crew = new Crew(3)) {
      BlockMatrix matrix = BlockMatrix.of(weight, format);
      float[] values = matrix.values();
      // Four rows go together, and single ones by another loop.
      for (int rows : new int[] {1, 4, 7}) {
        float[] x = spread(random(random, rows * in), rows, in);
        float[] before = spread(random(random, rows * out), rows, out);
        float[] y = before.clone();
        float[] sums = new float[rows * BlockKernel.sumsStride(in)];
        for (int row = 0; row < rows; row++) {
          int at = row * BlockKernel.sumsStride(in);
          BlockKernel.sums(x, row * BlockKernel.stride(in), matrix.blocks, sums, at);
        }
        crew.run(matrix.tiles(), 1, (from, to) -> BlockKernel.multiply(matrix, from, to, rows, x, sums, y, true));
        assertThat(error(values, x, before, y, rows, in, out)).isLessThan(1e-6);
        values[in - 1] += 0.2f;
        assertThat(error(values, x, before, y, rows, in, out)).isGreaterThan(1e-4);
        values[in - 1] -= 0.2f;
      }
    }
  }

  /** ‖y − (before + W x)‖ / ‖W x‖. */
  private static double error(float[] w, float[] x, float[] before, float[] y, int rows, int in, int out) {
    double wrong = 0;
    double size = 0;
    for (int row = 0; row < rows; row++) {
      for (int o = 0; o < out; o++) {
        double right = 0;
        for (int i = 0; i < in; i++) {
          right += (double) w[o * in + i] * x[row * BlockKernel.stride(in) + i];
        }
        int at = row * BlockKernel.stride(out) + o;
        wrong += Math.pow(y[at] - before[at] - right, 2);
        size += right * right;
      }
    }
    return Math.sqrt(wrong / size);
  }

  @Test
  void smallPartsAreRight() {
    Random random = new Random(6);
    float[] a = random(random, 40);
    float[] b = random(random, 40);
    double dot = 0;
    for (int i = 0; i < 37; i++) {
      dot += a[i + 1] * b[i + 2];
    }
    assertThat(FloatLoops.dot(a, 1, b, 2, 37)).isCloseTo((float) dot, org.assertj.core.data.Offset.offset(1e-5f));
    float[] vectors = random(random, 1 + 6 * 32);
    float[] dots = new float[33];
    FloatLoops.dots(a, 1, 6, vectors, 1, 32, dots, 1, false);
    for (int v = 0; v < 32; v++) {
      float right = 0;
      for (int i = 0; i < 6; i++) {
        right += a[1 + i] * vectors[1 + i * 32 + v];
      }
      assertThat(dots[1 + v]).isCloseTo(right, org.assertj.core.data.Offset.offset(1e-5f));
    }
    for (int size : new int[] {37, 2 * BlockMatrix.TILE + 3}) {
      float[] x = random(random, 300);
      float[] mixed = new float[size + 1];
      FloatLoops.mix(a, 3, x, 1, 90, mixed, 1, size);
      for (int i = 0; i < size; i++) {
        float right = a[0] * x[1 + i] + a[1] * x[91 + i] + a[2] * x[181 + i];
        assertThat(mixed[1 + i]).isCloseTo(right, org.assertj.core.data.Offset.offset(1e-5f));
      }
    }
    float[] shares = random(random, 37);
    double[] exact = new double[37];
    double sum = 0;
    for (int i = 0; i < 37; i++) {
      exact[i] = Math.exp(shares[i]);
      sum += exact[i];
    }
    FloatLoops.softmax(shares, 37);
    float[] gated = new float[37];
    FloatLoops.gated(a, 0, 1, gated, 0, 37);
    for (int i = 0; i < 37; i++) {
      assertThat(shares[i]).isCloseTo((float) (exact[i] / sum), org.assertj.core.data.Offset.offset(1e-6f));
      float right = (float) (a[i] / (1 + Math.exp(-a[i])) * a[i + 1]);
      assertThat(gated[i]).isCloseTo(right, org.assertj.core.data.Offset.offset(1e-5f));
    }
  }

  @Test
  void halvesAreIeee() {
    assertThat(Halves.of(1f)).isEqualTo((short) 0x3C00);
    assertThat(Halves.of(-2.5f)).isEqualTo((short) 0xC100);
    assertThat(Halves.of(0x1p-24f)).isEqualTo((short) 1);
    assertThat(Halves.of(0x1.8p-24f)).isEqualTo((short) 2); // a tie goes to even
    assertThat(Halves.of(1 + 0x1p-11f)).isEqualTo((short) 0x3C00);
    assertThat(Halves.of(1 + 0x3p-11f)).isEqualTo((short) 0x3C02);
    assertThat(Halves.of(1e6f)).isEqualTo((short) 0x7C00);
    for (int bits = 0; bits < 0x7C00; bits++) {
      assertThat(Halves.of(Halves.toFloat((short) bits))).isEqualTo((short) bits);
    }
  }

  @Test
  void aCrewDoesEachIterationOnceAndTellsOfFailures() {
    try (Crew crew = new Crew(4)) {
      for (int count = 0; count < 300; count++) {
        AtomicIntegerArray done = new AtomicIntegerArray(300);
        crew.run(count, 1, (from, to) -> {
          for (int i = from; i < to; i++) {
            done.incrementAndGet(i);
          }
        });
        for (int i = 0; i < 300; i++) {
          assertThat(done.get(i)).isEqualTo(i < count ? 1 : 0);
        }
      }
      org.assertj.core.api.Assertions.assertThatThrownBy(() -> crew.run(40, 1, (from, to) -> {
        throw new IllegalStateException("told");
      })).hasMessage("told");
      crew.run(40, 1, (from, to) -> {});
    }
  }

  private static float[] spread(float[] values, int rows, int size) {
    int stride = BlockKernel.stride(size);
    float[] spread = new float[rows * stride];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(values, row * size, spread, row * stride, size);
    }
    return spread;
  }

  private static float[] random(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static float[] floats(JsonNode list) {
    float[] values = new float[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) list.get(i).asDouble();
    }
    return values;
  }

  private static JsonNode read() {
    try (InputStream in = BlockMatrixTest.class.getResourceAsStream("/goldens/blocks/blocks.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
