package dev.ocelli.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The type in which to multiply on this processor. With units for bf16 a product in bf16 takes from a quarter of fp32's time (AMX) to about as
 * long (AMD's Zen 4: 0.7 to 1.0 of it, by size); with AVX2 alone four to nine times as long, since libtorch then works it out number by number.
 *
 * <p>The answer must be the same each time, whatever else the machine does: features and checkpoints of one type would be of no use to the
 * other, and a run in the wrong one would take a week instead of a day. So the type that is likely by libtorch's own look at the processor
 * has to be beaten by far: where it uses AVX-512 bf16, which takes half the memory, by twice the speed; elsewhere fp32 by any.
 */
final class FasterType {
  static final ScalarType ON_THIS_CPU = measure();

  private static final int ROUNDS = 16;

  private FasterType() {}

  private static ScalarType measure() {
    boolean wide = wide(torch.get_cpu_capability().getString());
    // Where bf16 is slow, short products: on a busy machine long ones are never left alone.
    int rows = wide ? 256 : 64;
    long fp32 = Long.MAX_VALUE;
    long bf16 = Long.MAX_VALUE;
    // In turns, and the best of each: what else the machine does must not decide, nor the first product, which is slow.
    for (int round = 0; round < ROUNDS; round++) {
      fp32 = Math.min(fp32, nanoseconds(ScalarType.Float, rows));
      bf16 = Math.min(bf16, nanoseconds(ScalarType.BFloat16, rows));
    }
    return of(wide, fp32, bf16);
  }

  /** Whether libtorch's name for what the processor can do means AVX-512. */
  static boolean wide(String capability) {
    return capability.startsWith("AVX512");
  }

  /** By how long a product took in each. */
  static ScalarType of(boolean wide, long fp32, long bf16) {
    return bf16 < (wide ? 2 : 1) * fp32 ? ScalarType.BFloat16 : ScalarType.Float;
  }

  /** Of one product {@code [rows, 576] [576, 576]}. */
  private static long nanoseconds(ScalarType type, int rows) {
    long[] took = new long[1];
    Scope.noGrad(
        () -> {
          Tensor some = torch.ones(rows, 576).to(type);
          Tensor weights = torch.ones(576, 576).to(type);
          long began = System.nanoTime();
          Tensor out = torch.linear(some, weights);
          took[0] = System.nanoTime() - began;
          return out;
        });
    return took[0];
  }
}
