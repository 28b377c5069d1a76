package dev.ocelli.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class DrawsTest {
  private static final int N = 100_000;

  @Test
  void valuesStayTheSameAcrossReleases() {
    assertThat(Draws.bits(0, "", 0, 0)).isEqualTo(-562757423244585971L);
    assertThat(Draws.bits(42, "prompt", 7, 3)).isEqualTo(2897019899943934236L);
    assertThat(Draws.permutation(42, "order", 1, 8)).containsExactly(4, 7, 3, 6, 1, 0, 2, 5);
  }

  @Test
  void uniformIsUniform() {
    int[] bins = new int[100];
    double sum = 0;
    for (int i = 0; i < N; i++) {
      double u = Draws.uniform(1, "u", 0, i);
      assertThat(u).isBetween(0.0, Math.nextDown(1.0));
      bins[(int) (u * 100)]++;
      sum += u;
    }
    assertThat(sum / N).isCloseTo(0.5, within(0.005));
    // 99 degrees of freedom: beyond 150 once in a thousand keys
    assertThat(chiSquare(bins)).isLessThan(150);
  }

  @Test
  void belowIsUniform() {
    int[] bins = new int[7];
    for (int i = 0; i < N; i++) {
      bins[Draws.below(1, "b", i, 0, 7)]++;
    }
    assertThat(chiSquare(bins)).isLessThan(23);
    assertThat(Draws.below(1, "b", 0, 0, 1)).isZero();
    assertThatThrownBy(() -> Draws.below(1, "b", 0, 0, 0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void gaussianHasItsMoments() {
    double sum = 0;
    double squares = 0;
    double fourth = 0;
    for (int i = 0; i < N; i++) {
      double g = Draws.gaussian(1, "g", i, i);
      sum += g;
      squares += g * g;
      fourth += g * g * g * g;
    }
    assertThat(sum / N).isCloseTo(0, within(0.015));
    assertThat(squares / N).isCloseTo(1, within(0.02));
    assertThat(fourth / N).isCloseTo(3, within(0.15));
  }

  @Test
  void neighbouringKeysAreIndependent() {
    double seed = 0;
    double step = 0;
    double row = 0;
    double purpose = 0;
    long flipped = 0;
    for (int i = 0; i < N; i++) {
      double here = Draws.uniform(i, "a", i, i) - 0.5;
      seed += here * (Draws.uniform(i + 1, "a", i, i) - 0.5);
      step += here * (Draws.uniform(i, "a", i + 1, i) - 0.5);
      row += here * (Draws.uniform(i, "a", i, i + 1) - 0.5);
      purpose += here * (Draws.uniform(i, "b", i, i) - 0.5);
      flipped += Long.bitCount(Draws.bits(5, "a", 0, i) ^ Draws.bits(5, "a", 0, i ^ 1));
    }
    for (double product : new double[] {seed, step, row, purpose}) {
      assertThat(product / N * 12).isCloseTo(0, within(0.015)); // the correlation
    }
    assertThat((double) flipped / N).isCloseTo(32, within(0.1));
  }

  @Test
  void keysDontCollideOrSwap() {
    Set<Long> seen = new HashSet<>();
    for (int step = 0; step < 300; step++) {
      for (int row = 0; row < 300; row++) {
        seen.add(Draws.bits(1, "k", step, row));
      }
    }
    assertThat(seen).hasSize(90_000);
  }

  @Test
  void permutationsAreFairAndComplete() {
    int[] order = Draws.permutation(3, "order", 9, 1000);
    int[] sorted = order.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < sorted.length; i++) {
      assertThat(sorted[i]).isEqualTo(i);
    }
    assertThat(Draws.permutation(3, "order", 10, 1000)).isNotEqualTo(order);
    int[] counts = new int[24];
    for (int i = 0; i < 24_000; i++) {
      int[] p = Draws.permutation(3, "fair", i, 4);
      int rank = 0;
      for (int j = 0; j < 4; j++) {
        int smaller = 0;
        for (int k = j + 1; k < 4; k++) {
          smaller += p[k] < p[j] ? 1 : 0;
        }
        rank = rank * (4 - j) + smaller;
      }
      counts[rank]++;
    }
    assertThat(chiSquare(counts)).isLessThan(50);
    assertThat(Draws.permutation(3, "order", 0, 0)).isEmpty();
  }

  private static double chiSquare(int[] bins) {
    double expected = Arrays.stream(bins).sum() / (double) bins.length;
    return Arrays.stream(bins).mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();
  }
}
