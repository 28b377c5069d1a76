package dev.ocelli.cli.bench;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The machine's best product as libtorch computes it for Ocelli, in the precision that is faster here. The same shapes as in {@code peer.py}. */
public final class Gemm {
  private static final long[][] SHAPES = {{704, 576, 3072}, {2048, 768, 3072}, {2048, 2048, 2048}, {4096, 4096, 4096}};

  private Gemm() {}

  /** TFLOP/s of the best shape, each measured for a second. */
  public static double teraflops() {
    double best = 0;
    ScalarType type = Compute.of("auto", "cpu").type();
    for (long[] shape : SHAPES) {
      double[] rate = new double[1];
      Scope.noGrad(
          () -> {
            Tensor a = torch.rand(shape[0], shape[1]).to(type);
            Tensor b = torch.rand(shape[2], shape[1]).to(type);
            for (int i = 0; i < 3; i++) {
              Scope.run(() -> torch.linear(a, b));
            }
            long began = System.nanoTime();
            int n = 0;
            for (; System.nanoTime() - began < 1e9; n++) {
              Scope.run(() -> torch.linear(a, b));
            }
            rate[0] = n * 2.0 * shape[0] * shape[1] * shape[2] / (System.nanoTime() - began) / 1e3;
            return a;
          });
      best = Math.max(best, rate[0]);
    }
    return best;
  }
}
