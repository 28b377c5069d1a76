package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.Progress;
import dev.ocelli.bench.DecodeSpeed;
import dev.ocelli.model.Prefix;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.train.DecodingWeights;
import dev.ocelli.train.FrozenModels;
import dev.ocelli.train.TrainedRun;
import dev.ocelli.weights.Pull;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;

/** Speed of describing one photo, adapters merged. */
final class DecodingSpeed {
  private static final int WARM_UP = 8;
  private static final int MEASURED = 5;

  private DecodingSpeed() {}

  /** In a process of its own. */
  static JsonNode of(Path run, DecodingWeights weights, int tokens, Path work) {
    List<String> arguments = List.of("bench", "--decode", run.toString(), "--weights", weights.name(), "--tokens", Integer.toString(tokens));
    return Child.ocelli(arguments, work.resolve("decode-" + weights + ".log")).json();
  }

  /** In this process: the medians as a line of JSON. */
  static String measure(Path folder, DecodingWeights weights, int tokens, Pull pull) {
    try (FrozenModels frozen = new FrozenModels(pull, Progress.NONE);
        TrainedRun run = TrainedRun.open(folder, frozen, Progress.NONE, warning -> {})) {
      run.weights(weights);
      Pretrained.Vision vision = run.features().vision();
      Vlm vlm = run.merged();
      ChatPrompt.Ids prompt = run.prompt(null);
      int height = vision.preprocessing().height();
      int width = vision.preprocessing().width();
      float[] grey = new float[3 * height * width];
      Arrays.fill(grey, 0.5f);
      List<Double> first = new ArrayList<>();
      List<Double> rate = new ArrayList<>();
      try (Tensor pixels = Tensors.of(grey, 1, 3, height, width);
          Prefix prefix = vlm.prefix()) {
        DecodeSpeed speed = new DecodeSpeed(vision.encoder(), vlm, vlm.compute().place(pixels), prompt.before(), prompt.after(), tokens);
        for (int i = 0; i < WARM_UP + MEASURED; i++) {
          DecodeSpeed.Figures figures = speed.measure(prefix);
          if (i >= WARM_UP) {
            first.add(figures.firstMillis());
            rate.add(figures.perSecond());
          }
        }
      }
      return String.format(
          Locale.ROOT, "{\"first_ms\": %.3f, \"tokens_per_s\": %.3f, \"precision\": \"%s\"}",
          Spread.of(first).median(), Spread.of(rate).median(), weights == DecodingWeights.BF16 ? vlm.compute().precision() : weights);
    }
  }
}
