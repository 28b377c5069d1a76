package dev.ocelli.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ocelli.UserError;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BootstrapTest {
  @Test
  void agreesWithTheNormalApproximation() {
    SplittableRandom random = new SplittableRandom(3);
    double[] values = random.doubles(2000).toArray();
    double mean = Arrays.stream(values).average().orElseThrow();
    double deviation = Math.sqrt(Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / values.length);
    double half = 1.96 * deviation / Math.sqrt(values.length);
    Bootstrap.Interval interval = Bootstrap.mean(values, 4000, 1);
    assertThat(interval.low()).isCloseTo(mean - half, within(0.1 * half));
    assertThat(interval.high()).isCloseTo(mean + half, within(0.1 * half));
  }

  @Test
  void repeatsWithItsSeedOnly() {
    double[] values = {1, 2, 5, 9, 12};
    assertThat(Bootstrap.mean(values, 200, 7)).isEqualTo(Bootstrap.mean(values, 200, 7));
    assertThat(Bootstrap.mean(new double[] {4, 4}, 10, 7)).isEqualTo(new Bootstrap.Interval(4, 4));
    double[] many = new SplittableRandom(1).doubles(100).toArray();
    assertThat(Bootstrap.mean(many, 200, 7)).isNotEqualTo(Bootstrap.mean(many, 200, 8));
  }

  @Test
  void saysWhatIsWrong() {
    assertThatThrownBy(() -> Bootstrap.mean(new double[0], 10, 1)).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> Bootstrap.mean(new double[] {1}, 0, 1)).isInstanceOf(UserError.class).hasMessageContaining("is 0");
    assertThatThrownBy(() -> Bootstrap.mean(new double[] {1, Double.NaN}, 5, 1)).isInstanceOf(UserError.class).hasMessageContaining("NaN");
  }
}
