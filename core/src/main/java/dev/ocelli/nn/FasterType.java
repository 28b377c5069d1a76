package dev.ocelli.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The type in which to multiply on this processor. With units for bf16 a product in bf16 takes from a quarter of fp32's time (AMX) to about as
 * long (AMD's Zen 4: 0.7 to 1.0 of it, by size); with AVX2 alone seven times as long, since libtorch then works it out number by number. Twice
 * as long is far from both, so that it is the same each time whatever else the machine does: features and checkpoints of one type would be
 * of no use to the other. Where both are about as fast, bf16 takes half the memory.
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
    return of(fp32, bf16);
  }

  /** By how long a product took in each. */
  static ScalarType of(long fp32, long bf16) {
    return bf16 < 2 * fp32 ? ScalarType.BFloat16 : ScalarType.Float;
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
