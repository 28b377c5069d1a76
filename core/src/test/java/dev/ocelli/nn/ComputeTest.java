package dev.ocelli.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

final class ComputeTest {
  @Test
  void precisionSaysTheType() {
    assertThat(Compute.of("bf16", "cpu")).isEqualTo(Compute.BF16);
    assertThat(Compute.of("fp32", "cpu")).isEqualTo(Compute.FP32);
    assertThat(Compute.BF16.precision()).isEqualTo("bf16");
    assertThat(Compute.FP32.precision()).isEqualTo("fp32");
  }

  @Test
  void autoTakesOneOfBothAndStaysWithIt() {
    assertThat(Compute.of("auto", "cpu").type()).isIn(ScalarType.BFloat16, ScalarType.Float);
    assertThat(Compute.of("auto", "cpu")).isEqualTo(Compute.of("auto", "cpu"));
  }

  @Test
  void anythingElseIsRefused() {
    assertThatThrownBy(() -> Compute.of("fp8", "cpu")).isInstanceOf(UserError.class).hasMessageContaining("auto, bf16 or fp32");
    assertThatThrownBy(() -> Compute.of("bf16", "tpu")).isInstanceOf(UserError.class).hasMessageContaining("tpu");
  }
}
