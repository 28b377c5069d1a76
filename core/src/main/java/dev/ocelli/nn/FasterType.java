package dev.ocelli.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The type in which this processor multiplies faster. With bf16 units (AVX-512 BF16, AMX) bf16 takes half the time of fp32 or less; with AVX2
 * alone seven times as long, since libtorch then works it out number by number. A product of some milliseconds tells, whatever the system or
 * the make of the processor; far apart as they are, it tells the same each time.
 */
final class FasterType {
  static final ScalarType ON_THIS_CPU = measure();

  private static final int ROUNDS = 4;

  private FasterType() {}

  private static ScalarType measure() {
    long fp32 = Long.MAX_VALUE;
    long bf16 = Long.MAX_VALUE;
    // In turns, and the best of each: what else the machine does must not decide, nor the first product, which is slow.
    for (int round = 0; round < ROUNDS; round++) {
      fp32 = Math.min(fp32, nanoseconds(ScalarType.Float));
      bf16 = Math.min(bf16, nanoseconds(ScalarType.BFloat16));
    }
    return bf16 < fp32 ? ScalarType.BFloat16 : ScalarType.Float;
  }

  /** Of one product {@code [256, 576] [576, 576]}. */
  private static long nanoseconds(ScalarType type) {
    long[] took = new long[1];
    Scope.noGrad(
        () -> {
          Tensor rows = torch.ones(256, 576).to(type);
          Tensor weights = torch.ones(576, 576).to(type);
          long began = System.nanoTime();
          Tensor out = torch.linear(rows, weights);
          took[0] = System.nanoTime() - began;
          return out;
        });
    return took[0];
  }
}
