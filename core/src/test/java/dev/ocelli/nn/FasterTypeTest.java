package dev.ocelli.nn;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class FasterTypeTest {
  /** Microseconds of products that were measured: a processor whose two types are about as fast must not be of one kind today and of another tomorrow. */
  @Test
  void theChoiceIsFarFromWhatProcessorsTake() {
    assertThat(FasterType.of(1177, 1104)).as("Zen 4").isEqualTo(ScalarType.BFloat16);
    assertThat(FasterType.of(1065, 1091)).as("Zen 4, again").isEqualTo(ScalarType.BFloat16);
    assertThat(FasterType.of(1000, 7000)).as("Zen 3").isEqualTo(ScalarType.Float);
  }
}
