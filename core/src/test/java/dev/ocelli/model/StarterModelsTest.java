package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.Progress;
import dev.ocelli.nn.BlockFormat;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Crew;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.Pull;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The real starter weights against onnxruntime and transformers reading the same bytes (tools/goldens/starter.py). */
@Tag("weights")
class StarterModelsTest {
  /** Written for this test. */
  private static final String TEXT =
      "The ferry left at seven with eleven passengers, two bicycles and a crate of lettuce that nobody had signed for. By the time it passed"
          + " the lighthouse the wind had turned, and the captain, who kept a thermos of black tea between his knees, told the cook to tie down"
          + " everything that could roll. A girl in a yellow coat stood at the rail and counted gulls. When the first wave came over the bow she"
          + " laughed, wiped her glasses on her sleeve and began again at one. Nobody on board would have called it a storm, but the mayor's"
          + " brother was sick into his hat, and the lettuce, when they unloaded it on the island, had been salted rather well.";

  private final JsonNode golden = read();

  @Test
  void dinoSeesWhatOnnxruntimeSees() {
    assertThat(featureError(Compute.FP32, 1)).isLessThan(1e-5);
  }

  @Test
  void dinoInBf16IsClose() {
    assertThat(featureError(Compute.BF16, 1)).isLessThan(1e-2);
  }

  @Test
  void anotherPictureShows() {
    assertThat(featureError(Compute.FP32, 1.02)).isGreaterThan(1e-3);
  }

  @Test
  void smolSaysWhatTransformersSays() {
    Pretrained.Language language = pretrained(Compute.FP32).language("HuggingFaceTB/SmolLM2-135M-Instruct");
    int[] prompt = ids("prompt");
    int[] expected = ids("continuation");
    assertThat(continuation(language.model(), prompt, expected.length)).isEqualTo(expected);
    prompt[19]++; // another word than France
    assertThat(continuation(language.model(), prompt, expected.length)).isNotEqualTo(expected);
  }

  /** What answers from fewer bits cost: loss of a text that the model hasn't seen, token by token. */
  @Test
  void quantisedWeightsKeepTheLoss() {
    Pretrained.Language language = pretrained(Compute.FP32).language("HuggingFaceTB/SmolLM2-135M-Instruct");
    int[] text = language.tokenizer().encodeLiteral(TEXT);
    double exact = loss(language.model(), text, text.length - 1);
    assertThat(exact).isBetween(2.0, 5.0);
    for (BlockFormat format : BlockFormat.values()) {
      try (Crew crew = new Crew(2)) {
        double quantised = loss(language.model().withTokenStep(format, crew), text, 1);
        System.out.printf("loss of %d tokens: %.4f, in %s %.4f%n", text.length - 1, exact, format, quantised);
        assertThat(quantised).isNotEqualTo(exact).isCloseTo(exact, within(format == BlockFormat.FP32 ? 1e-5 : 0.02));
      }
    }
  }

  /** @param step so many tokens go through the model at once */
  private static double loss(LanguageModel model, int[] text, int step) {
    double[] sum = new double[1];
    try (KeyValueCache cache = new KeyValueCache(model.config(), Compute.FP32, 1, text.length)) {
      for (int from = 0; from < text.length - 1; from += step) {
        int[] read = Arrays.copyOfRange(text, from, from + step);
        int[] next = Arrays.copyOfRange(text, from + 1, from + 1 + step);
        Scope.run(
            () -> {
              Tensor hidden = Scope.noGrad(() -> model.forward(model.embed(Tensors.of(read, 1, step)), null, false, cache));
              Tensor logs = model.logits(hidden).log_softmax(-1).squeeze(0);
              sum[0] -= logs.gather(1, Tensors.of(next, step, 1).to(ScalarType.Long)).sum().item_double();
            });
      }
    }
    return sum[0] / (text.length - 1);
  }

  /** ‖a−b‖/‖b‖ over the rows that the golden keeps. */
  private double featureError(Compute compute, double stretch) {
    double[] sums = new double[2];
    Scope.run(
        () -> {
          VisionEncoder encoder = pretrained(compute).vision("facebook/dinov2-small").encoder();
          Tensor seen = Scope.noGrad(() -> encoder.forward(Tensors.of(picture(stretch), 1, 3, 224, 224)));
          assertThat(Tensors.shape(seen)).containsExactly(1, golden.at("/shape/0").asLong(), golden.at("/shape/1").asLong());
          for (int row = 0; row < golden.path("tokens").size(); row++) {
            float[] ours = Tensors.floats(seen.select(0, 0).select(0, golden.path("tokens").get(row).asLong()));
            JsonNode theirs = golden.path("features").get(row);
            for (int i = 0; i < ours.length; i++) {
              double want = theirs.get(i).asDouble();
              sums[0] += (ours[i] - want) * (ours[i] - want);
              sums[1] += want * want;
            }
          }
        });
    return Math.sqrt(sums[0] / sums[1]);
  }

  private static float[] picture(double stretch) {
    float[] pixels = new float[3 * 224 * 224];
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < 224; y++) {
        for (int x = 0; x < 224; x++) {
          pixels[(c * 224 + y) * 224 + x] = (float) Math.sin(0.05 * stretch * (7 * c + 3 * y + 2 * x) + 0.001 * x * y);
        }
      }
    }
    return pixels;
  }

  private static int[] continuation(LanguageModel model, int[] prompt, int tokens) {
    int[] said = new int[tokens];
    Scope.run(
        () ->
            Scope.noGrad(
                () -> {
                  Tensor hidden = null;
                  try (KeyValueCache cache = new KeyValueCache(model.config(), Compute.FP32, 1, prompt.length + tokens)) {
                    int[] next = prompt;
                    for (int step = 0; step < tokens; step++) {
                      hidden = model.forward(model.embed(Tensors.of(next, 1, next.length)), null, false, cache);
                      said[step] = (int) model.logits(hidden.select(1, next.length - 1)).argmax().item_long();
                      next = new int[] {said[step]};
                    }
                  }
                  return hidden;
                }));
    return said;
  }

  private int[] ids(String name) {
    JsonNode list = golden.path(name);
    return IntStream.range(0, list.size()).map(i -> list.get(i).asInt()).toArray();
  }

  private static Pretrained pretrained(Compute compute) {
    return new Pretrained(new Pull(Pull.Settings.fromEnvironment()), Progress.NONE, compute, Set.of(), 1);
  }

  private static JsonNode read() {
    try (InputStream in = StarterModelsTest.class.getResourceAsStream("/goldens/starter/starter.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
