package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.Arrays;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** More parameters than go in one block, in two parts with rates of their own, against the paper's formulas in double. */
class AdamTest {
  private static final Map<String, Double> RATES = Map.of("slow", 1e-3, "fast", 1e-2);

  @ParameterizedTest
  @CsvSource({"fp32, 0", "bf16, 0", "fp32, 1", "bf16, 1", "bf16, 1000000"})
  void everyBlockMovesAsThePaperSays(String precision, double limit) {
    try (Parameters parameters =
            new Parameters(
                Compute.of(precision, "cpu"),
                name -> name.substring(0, 4),
                w -> {
                  w.get(Weights.Kind.MATRIX, "slow.matrix", 600, 700);
                  w.get(Weights.Kind.TABLE, "fast.table", 500, 701);
                });
        Adam adam = new Adam(parameters, "adamw", 0.1, RATES)) {
      parameters.initialise(3, name -> null);
      int count = (int) parameters.master().numel();
      double[] expected = doubles(parameters.master());
      double[] first = new double[count];
      double[] second = new double[count];
      for (int step = 1; step <= 2; step++) {
        parameters.zeroGradients();
        double deviation = 0.01 * step; // were it the same in both steps, clipping would change nothing but by epsilon
        Scope.run(
            () -> {
              torch.normal_(parameters.weights().get(Weights.Kind.MATRIX, "slow.matrix", 600, 700).grad(), 0.0, deviation);
              torch.normal_(parameters.weights().get(Weights.Kind.TABLE, "fast.table", 500, 701).grad(), 0.0, deviation);
            });
        double[] gradient = doubles(parameters.gradient());
        double norm = Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum());
        adam.step(0.5, limit, parameters.gradientNorm());
        double scale = limit > 0 && norm > limit ? limit / norm : 1;
        for (Parameters.Range range : parameters.ranges()) {
          double rate = RATES.get(range.part()) * 0.5;
          for (int i = (int) range.start(); i < range.end(); i++) {
            double g = gradient[i] * scale;
            first[i] = 0.9 * first[i] + 0.1 * g;
            second[i] = 0.999 * second[i] + 0.001 * g * g;
            expected[i] *= 1 - rate * 0.1;
            expected[i] -= rate * first[i] / (1 - Math.pow(0.9, step)) / (Math.sqrt(second[i] / (1 - Math.pow(0.999, step))) + 1e-8);
          }
        }
        assertThat(distance(doubles(parameters.master()), expected)).as("step " + step).isLessThan(1e-6);
      }
      Scope.run(
          () -> {
            Tensor leaf = parameters.weights().get(Weights.Kind.MATRIX, "slow.matrix", 600, 700);
            Tensor master = parameters.named().stream().filter(n -> n.name().equals("slow.matrix")).findFirst().orElseThrow().master();
            assertThat(Tensors.floats(leaf)).isEqualTo(Tensors.floats(precision.equals("bf16") ? master.to(ScalarType.BFloat16) : master));
          });
    }
  }

  private static double[] doubles(Tensor tensor) {
    float[] floats = Tensors.floats(tensor);
    double[] all = new double[floats.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = floats[i];
    }
    return all;
  }

  /** Relative to the norm. */
  private static double distance(double[] ours, double[] expected) {
    double apart = 0;
    double whole = 0;
    for (int i = 0; i < ours.length; i++) {
      apart += Math.pow(ours[i] - expected[i], 2);
      whole += expected[i] * expected[i];
    }
    return Math.sqrt(apart / whole);
  }
}
