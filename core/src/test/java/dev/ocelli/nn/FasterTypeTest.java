package dev.ocelli.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class FasterTypeTest {
  /** Microseconds of products that were measured: a processor must not be of one kind today and of another tomorrow. */
  @Test
  void theChoiceIsFarFromWhatProcessorsTake() {
    assertThat(FasterType.of(true, 1177, 1104)).as("Zen 4").isEqualTo(ScalarType.BFloat16);
    assertThat(FasterType.of(true, 1065, 1091)).as("Zen 4, again").isEqualTo(ScalarType.BFloat16);
    assertThat(FasterType.of(true, 1000, 2500)).as("AVX-512 without units, slow").isEqualTo(ScalarType.Float);
    assertThat(FasterType.of(false, 634, 2998)).as("Zen 3").isEqualTo(ScalarType.Float);
    assertThat(FasterType.of(false, 1140, 3106)).as("Zen 3, with three other programs on its two cores").isEqualTo(ScalarType.Float);
    assertThat(FasterType.of(false, 27031, 35635)).as("Zen 3, as it was measured once, with longer products").isEqualTo(ScalarType.Float);
    assertThat(FasterType.of(false, 1000, 400)).as("units for bf16 without AVX-512").isEqualTo(ScalarType.BFloat16);
  }

  @Test
  void libtorchSaysWhatItUses() throws IOException {
    Path processor = Path.of("/proc/cpuinfo");
    assumeTrue(Files.exists(processor) && System.getenv("ATEN_CPU_CAPABILITY") == null);
    String flags = Files.readString(processor);
    boolean wide = Stream.of("avx512vl", "avx512bw", "avx512dq").allMatch(flags::contains);
    assertThat(FasterType.wide(torch.get_cpu_capability().getString())).isEqualTo(wide);
    assertThat(FasterType.wide("AVX512")).isTrue();
    assertThat(FasterType.wide("AVX2")).isFalse();
  }
}
