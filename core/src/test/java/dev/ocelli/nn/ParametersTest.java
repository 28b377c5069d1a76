package dev.ocelli.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParametersTest {
  /** Two parts that take turns, as they do where a model's constructor runs through its layers. */
  private static final Consumer<Weights> MODEL =
      w -> {
        w.linear("slow.first", 4, 3);
        w.layerNorm("slow.norm", 3, 1e-5);
        w.linears(3, new long[] {2, 5}, "fast.one", "fast.two");
        w.get(Weights.Kind.TABLE, "slow.table", 6, 2);
        w.get(Weights.Kind.ZERO, "fast.zero", 2, 2);
      };

  private static Parameters parameters(String precision) {
    return new Parameters(Compute.of(precision, "cpu"), name -> name.substring(0, name.indexOf('.')), MODEL);
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "bf16"})
  void rangesCoverEverythingPartByPart(String precision) {
    try (Parameters p = parameters(precision)) {
      long at = 0;
      for (Parameters.Range range : p.ranges()) {
        assertThat(range.start()).isEqualTo(at);
        at = range.end();
      }
      assertThat(at).isEqualTo(p.master().numel()).isEqualTo(12 + 3 + 3 + 3 + 21 + 7 + 12 + 4);
      // Each part has one stretch that has a shadow and one that hasn't; in fp32 it has one alone.
      List<String> parts = p.ranges().stream().map(Parameters.Range::part).toList();
      assertThat(parts).isEqualTo(precision.equals("fp32") ? List.of("slow", "fast") : List.of("slow", "fast", "slow"));
      long base = p.master().data_ptr().address();
      for (Parameters.Named named : p.named()) {
        long start = (named.master().data_ptr().address() - base) / 4;
        assertThat(p.ranges()).anyMatch(
            r -> r.part().equals(named.part()) && r.start() <= start && start + named.master().numel() <= r.end());
      }
      assertThat(p.named()).extracting(Parameters.Named::name).contains("fast.one.weight", "fast.two.weight", "fast.two.bias").hasSize(10);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "bf16"})
  void leavesAreViewsAndFollowTheMaster(String precision) {
    try (Parameters p = parameters(precision)) {
      Scope.run(
          () -> {
            p.initialise(1, name -> null);
            Tensor leaf = p.weights().get(Weights.Kind.MATRIX, "slow.first.weight", 3, 4);
            Tensor norm = p.weights().get(Weights.Kind.SCALE, "slow.norm.weight", 3);
            assertThat(Tensors.type(norm)).isEqualTo(ScalarType.Float);
            assertThat(Tensors.type(leaf)).isEqualTo(p.compute().type());
            p.master().fill_(new Scalar(0.5));
            assertThat(Tensors.floats(norm)).containsOnly(0.5f);
            p.refresh();
            assertThat(Tensors.floats(leaf)).containsOnly(0.5f);
          });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "bf16"})
  void gradientsAddUpInPlaceOverMicroBatches(String precision) {
    try (Parameters p = parameters(precision)) {
      Scope.run(
          () -> {
            p.initialise(1, name -> null);
            Linear first = p.weights().linear("slow.first", 4, 3);
            LayerNorm norm = p.weights().layerNorm("slow.norm", 3, 1e-5);
            long place = first.weight().grad().data_ptr().address();
            for (int i = 1; i <= 3; i++) {
              Tensor x = torch.ones(2, 4).mul(new Scalar((double) i)).to(p.compute().type());
              first.apply(x).sum().backward();
              norm.apply(torch.randn(2, 3)).sum().backward();
              p.gatherGradients();
            }
            assertThat(first.weight().grad().data_ptr().address()).isEqualTo(place);
            assertThat(gradient(p, "slow.first.weight")).containsOnly(2 * (1 + 2 + 3));
            assertThat(gradient(p, "slow.first.bias")).containsOnly(6);
            assertThat(gradient(p, "slow.norm.bias")).containsOnly(6);
            assertThat(gradient(p, "fast.one.weight")).containsOnly(0);
            p.zeroGradients();
            first.apply(torch.ones(2, 4).to(p.compute().type())).sum().backward();
            p.gatherGradients();
            assertThat(gradient(p, "slow.first.weight")).containsOnly(2);
          });
    }
  }

  /** Added in bf16, a hundred small gradients beside a large one would be lost: 256 + 1 is 256 there. */
  @Test
  void bf16GradientsAddUpInFp32() {
    try (Parameters p = parameters("bf16")) {
      Scope.run(
          () -> {
            p.initialise(1, name -> null);
            Linear first = p.weights().linear("slow.first", 4, 3);
            for (int i = 0; i <= 100; i++) {
              first.apply(torch.ones(1, 4).mul(new Scalar(i == 0 ? 256.0 : 1.0)).to(ScalarType.BFloat16)).sum().backward();
              p.gatherGradients();
            }
            assertThat(gradient(p, "slow.first.weight")).containsOnly(356);
          });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "bf16"})
  void theNormIsOfAllGradients(String precision) {
    try (Parameters p = parameters(precision)) {
      Scope.run(
          () -> {
            fill(p, 1);
            double count = p.master().numel();
            assertThat(p.gradientNorm()).isCloseTo(Math.sqrt(count), within(1e-5));
            // Another micro-batch: what has no shadow is added to by autograd itself.
            p.gatherGradients();
            fill(p, 2);
            assertThat(Tensors.floats(p.gradient())).hasSize((int) count).containsOnly(precision.equals("bf16") ? new float[] {2, 3} : new float[] {2});
            p.zeroGradients();
            assertThat(p.gradientNorm()).isZero();
          });
    }
  }

  /** As if a backward pass had left these. */
  private static void fill(Parameters p, double gradient) {
    MODEL.accept(
        (kind, shape, names, rows) -> {
          p.weights().get(kind, shape, names, rows).grad().fill_(new Scalar(gradient));
          return new Tensor();
        });
  }

  /** A norm of so many numbers in one go is nearly 1% low. */
  @Test
  void theNormOfMillionsOfGradientsIsExact() {
    try (Parameters p = new Parameters(Compute.FP32, name -> "all", w -> w.get(Weights.Kind.TABLE, "table", 4001, 5003))) {
      Scope.run(
          () -> {
            torch.manual_seed(1);
            torch.normal_(p.gradient(0, p.master().numel()), 0.0, 0.01);
            double exact = p.gradient().to(ScalarType.Double).norm().item_double();
            assertThat(p.gradientNorm()).isCloseTo(exact, within(1e-5 * exact));
          });
    }
  }

  @Test
  void beginningsDependOnTheSeedAndTheNameOnly() {
    try (Parameters one = parameters("fp32");
        Parameters same = parameters("bf16");
        Parameters other = parameters("fp32")) {
      assertThat(one.initialise(7, name -> null)).hasSize(10);
      same.initialise(7, name -> null);
      other.initialise(8, name -> null);
      assertThat(values(same, "fast.two.weight")).isEqualTo(values(one, "fast.two.weight"));
      assertThat(values(other, "fast.two.weight")).isNotEqualTo(values(one, "fast.two.weight"));
      assertThat(values(one, "fast.one.weight")[0]).isNotEqualTo(values(one, "fast.two.weight")[0]);
      assertThat(values(one, "slow.norm.weight")).containsOnly(1);
      assertThat(values(one, "slow.first.bias")).containsOnly(0);
      assertThat(values(one, "fast.zero")).containsOnly(0);
    }
  }

  @Test
  void givenValuesAreTakenAndTheRestIsNamed() {
    try (Parameters p = parameters("bf16")) {
      Scope.run(
          () -> {
            Tensor given = torch.randn(5, 3);
            List<String> random = p.initialise(1, name -> name.equals("fast.two.weight") ? given : null);
            assertThat(random).hasSize(9).doesNotContain("fast.two.weight");
            assertThat(values(p, "fast.two.weight")).isEqualTo(Tensors.floats(given));
            // The stacked product has the second name's rows after the first's.
            Tensor stacked = p.weights().get(Weights.Kind.MATRIX, new long[] {7, 3}, new String[] {"fast.one.weight"}, new long[] {7});
            assertThat(Tensors.floats(stacked.narrow(0, 2, 5))).isEqualTo(Tensors.floats(given.to(ScalarType.BFloat16)));
          });
    }
  }

  @Test
  void closingFreesTheBuffers() {
    List<Long> seen = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      try (Parameters p = new Parameters(Compute.BF16, name -> "all", w -> w.linear("a", 2048, 4096))) {
        p.initialise(1, name -> null); // 96 MiB in all
      }
      seen.add(Pointer.physicalBytes());
    }
    assertThat(seen.get(7) - seen.get(0)).isLessThan(100L << 20);
  }

  private static float[] gradient(Parameters p, String name) {
    Tensor master = master(p, name);
    long start = (master.data_ptr().address() - p.master().data_ptr().address()) / 4;
    return Tensors.floats(p.gradient().narrow(0, start, master.numel()));
  }

  private static float[] values(Parameters p, String name) {
    return Tensors.floats(master(p, name));
  }

  private static Tensor master(Parameters p, String name) {
    return p.named().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow().master();
  }
}
