package dev.ocelli.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** The golden file holds what transformers' logits processors leave; tools/goldens/sampling.py wrote it. */
class SamplerTest {
  @Test
  void leavesTheProbabilitiesOfTransformers() throws IOException {
    assertThat(differing(t -> t, p -> p, p -> p)).isZero();
  }

  @Test
  void slightlyOtherSettingsWouldBeSeen() throws IOException {
    assertThat(differing(t -> t * 1.01, p -> p, p -> p)).isGreaterThan(20);
    assertThat(differing(t -> t, p -> p < 1 ? p * 0.6 : p, p -> p)).isGreaterThan(5);
    assertThat(differing(t -> t, p -> p, p -> p == 1 ? p : p + 0.01)).isGreaterThan(8);
  }

  /** How many cases come out otherwise, with settings bent. */
  private static int differing(DoubleUnaryOperator temperature, DoubleUnaryOperator topP, DoubleUnaryOperator penalty)
      throws IOException {
    int different = 0;
    for (JsonNode test : read()) {
      SamplingSettings settings =
          settings(
              temperature.applyAsDouble(test.get("temperature").asDouble()),
              test.get("topK").asInt(),
              topP.applyAsDouble(test.get("topP").asDouble()),
              penalty.applyAsDouble(test.get("repetitionPenalty").asDouble()));
      float[] logits = new float[test.get("logits").size()];
      for (int i = 0; i < logits.length; i++) {
        JsonNode logit = test.get("logits").get(i);
        logits[i] = logit.isNull() ? Float.NEGATIVE_INFINITY : (float) logit.asDouble();
      }
      int[] previous = new int[test.get("previous").size() + 3];
      for (int i = 0; i < test.get("previous").size(); i++) {
        previous[i] = test.get("previous").get(i).asInt();
      }
      double[] actual = new Sampler(settings, step -> 0).probabilities(logits, previous, previous.length - 3);
      double[] golden = new double[actual.length];
      Arrays.setAll(golden, i -> test.get("probabilities").get(i).asDouble());
      if (test.get("open").asBoolean()) {
        Arrays.sort(actual);
        Arrays.sort(golden);
      }
      boolean same = true;
      for (int i = 0; i < actual.length; i++) {
        double expected = golden[i];
        // The softmax of float32 scores, here and there in float64: only the last bits may differ.
        same &= Math.abs(actual[i] - expected) <= 1e-9 * expected;
      }
      different += same ? 0 : 1;
    }
    return different;
  }

  @Test
  void greedyTakesTheFirstOfTheLikeliestAfterThePenalty() {
    float[] logits = {1, 3, 3, -1};
    Sampler plain = new Sampler(SamplingSettings.defaults(), step -> 0.99);
    assertThat(plain.next(logits, new int[0], 0, 0)).isEqualTo(1);
    Sampler penalised = new Sampler(settings(0, 0, 1, 2), step -> 0);
    assertThat(penalised.next(logits, new int[] {1, 1, 900, -5}, 4, 0)).isEqualTo(2);
    assertThat(logits).containsExactly(1, 3, 3, -1);
  }

  @Test
  void drawsByTheGivenNumbersInProportion() {
    SplittableRandom random = new SplittableRandom(4);
    float[] logits = new float[300];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (random.nextDouble() * 8);
    }
    for (SamplingSettings settings : List.of(settings(0.9, 0, 1, 1), settings(0.9, 7, 1, 1), settings(1, 0, 0.5, 1))) {
      double[] numbers = random.doubles(40_000).toArray();
      Sampler sampler = new Sampler(settings, step -> numbers[(int) step]);
      double[] expected = sampler.probabilities(logits, new int[0], 0);
      double[] drawn = new double[logits.length];
      for (int step = 0; step < numbers.length; step++) {
        drawn[sampler.next(logits, new int[0], 0, step)] += 1.0 / numbers.length;
      }
      for (int i = 0; i < drawn.length; i++) {
        double deviation = Math.sqrt(expected[i] / numbers.length);
        assertThat(Math.abs(drawn[i] - expected[i])).isLessThanOrEqualTo(5 * deviation + 2.0 / numbers.length * Math.signum(expected[i]));
      }
    }
  }

  @Test
  void neverDrawsABarredTokenAtTheEdges() {
    float[] logits = {Float.NEGATIVE_INFINITY, 0, 0, Float.NEGATIVE_INFINITY};
    for (double draw : new double[] {0, Math.nextDown(1.0)}) {
      for (SamplingSettings settings : List.of(settings(1, 0, 1, 1), settings(1, 4, 1, 1), settings(1, 3, 0.999, 1))) {
        assertThat(new Sampler(settings, step -> draw).next(logits, new int[0], 0, 0)).isBetween(1, 2);
      }
    }
  }

  @Test
  void saysWhatIsWrong() {
    Sampler sampler = new Sampler(SamplingSettings.defaults(), step -> 0);
    assertThatThrownBy(() -> sampler.next(new float[] {0, Float.NaN}, new int[0], 0, 0))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("token 1 is NaN");
    assertThatThrownBy(() -> sampler.next(new float[] {Float.NEGATIVE_INFINITY}, new int[0], 0, 0))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> settings(-0.5, 0, 1, 1)).isInstanceOf(UserError.class).hasMessageContaining("temperature is -0.5");
    assertThatThrownBy(() -> settings(Double.NaN, 0, 1, 1)).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> settings(1, -1, 1, 1)).isInstanceOf(UserError.class).hasMessageContaining("top_k is -1");
    assertThatThrownBy(() -> settings(1, 0, 0, 1)).isInstanceOf(UserError.class).hasMessageContaining("top_p is 0");
    assertThatThrownBy(() -> settings(1, 0, 1.1, 1)).isInstanceOf(UserError.class).hasMessageContaining("top_p is 1.1");
    assertThatThrownBy(() -> settings(1, 0, 1, 0)).isInstanceOf(UserError.class).hasMessageContaining("repetition_penalty is 0");
    assertThatThrownBy(() -> new SamplingSettings(0, 1, 0, 1, 1, List.of(), 0)).hasMessageContaining("max_tokens is 0");
    assertThatThrownBy(() -> new SamplingSettings(1, 1, 0, 1, 1, List.of(""), 0)).hasMessageContaining("stop");
  }

  private static SamplingSettings settings(double temperature, int topK, double topP, double penalty) {
    return new SamplingSettings(10, temperature, topK, topP, penalty, List.of(), 0);
  }

  private static List<JsonNode> read() throws IOException {
    try (InputStream in = SamplerTest.class.getResourceAsStream("/goldens/generate/sampling.json")) {
      List<JsonNode> tests = new ArrayList<>();
      new ObjectMapper().readTree(in).forEach(tests::add);
      return tests;
    }
  }
}
