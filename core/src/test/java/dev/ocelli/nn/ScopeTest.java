package dev.ocelli.nn;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class ScopeTest {
  private static final long MIB = 1 << 20;

  @Test
  void aChainOfLayersWithoutGradientPeaksAtAFewTensors() {
    Linear layer = new Linear(Scope.keep(torch.randn(64, 64)), null);
    Scope.run(() -> chain(layer, 5)); // libtorch's own buffers
    long before = Pointer.physicalBytes();
    long peak = chain(layer, 200) - before;
    // 200 layers of three 4 MiB tensors each would be 2.4 GiB.
    assertThat(peak).isLessThan(60 * MIB);
  }

  /** The most physical memory seen. */
  private static long chain(Linear layer, int layers) {
    long[] peak = new long[1];
    Scope.run(
        () ->
            Scope.noGrad(
                () -> {
                  Tensor x = torch.ones(16384, 64);
                  for (int i = 0; i < layers; i++) {
                    Tensor in = x;
                    x = Scope.of(() -> torch.tanh(torch.relu(layer.apply(in)).add(in)));
                    in.close(); // the scope around would hold it until its end
                    peak[0] = Math.max(peak[0], Pointer.physicalBytes());
                  }
                  return x;
                }));
    return peak[0];
  }

  @Test
  void nestedScopesFreeTheirOperators() {
    Tensor start = Scope.keep(Tensors.zeros(ScalarType.Float, MIB));
    blocks(start, 3); // libtorch's own buffers
    long before = Pointer.physicalBytes();
    long peak = blocks(start, 100) - before;
    start.close();
    assertThat(peak).isLessThan(60 * MIB);
  }

  /** The most physical memory seen. */
  private static long blocks(Tensor start, int count) {
    long[] peak = new long[1];
    Scope.run(
        () -> {
          for (int block = 0; block < count; block++) {
            Tensor sum = Scope.of(() -> Scope.of(() -> start.add(new Scalar(1.0)).mul(new Scalar(2.0))).sum());
            assertThat(sum.item_double()).isEqualTo(2.0 * MIB);
            peak[0] = Math.max(peak[0], Pointer.physicalBytes());
          }
        });
    return peak[0];
  }

  @Test
  void aResultOutlivesItsScopeAndDiesWithTheNext() {
    Tensor[] handle = new Tensor[1];
    Scope.run(
        () -> {
          handle[0] = Scope.of(() -> torch.ones(3).add(new Scalar(1.0)));
          assertThat(Tensors.floats(handle[0])).containsExactly(2, 2, 2);
        });
    assertThat(handle[0].isNull()).isTrue();
  }

  @Test
  void whatIsKeptIsFreedByOneClose() {
    Tensor plain = Scope.keep(torch.ones(3));
    Tensor outside = Scope.keep(Scope.of(() -> torch.ones(3)));
    Tensor[] inside = new Tensor[2];
    Scope.run(
        () -> {
          inside[0] = Scope.keep(torch.ones(3));
          inside[1] = Scope.keep(Scope.noGrad(() -> torch.ones(3)));
        });
    Tensor random = new RandomWeights(1, Compute.FP32).get(Weights.Kind.MATRIX, "a", 3, 3);
    for (Tensor kept : new Tensor[] {plain, outside, inside[0], inside[1], random}) {
      assertThat(kept.isNull()).isFalse();
      kept.close();
      assertThat(kept.isNull()).isTrue();
    }
  }

  @Test
  void gradModeComesBackEvenAfterAnException() {
    try {
      Scope.noGrad(
          () -> {
            throw new IllegalStateException("on purpose");
          });
    } catch (IllegalStateException expected) {
      assertThat(PointerScope.getInnerScope()).isNull();
    }
    try (Tensor x = torch.ones(2).set_requires_grad(true);
        Tensor y = x.mul(x)) {
      assertThat(y.requires_grad()).isTrue();
      assertThat(Scope.<Tensor>noGrad(() -> x.mul(x)).requires_grad()).isFalse();
    }
  }
}
