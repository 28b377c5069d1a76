package dev.ocelli.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.DType;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What tools/goldens/steps.py wrote for one stage and one case of it. */
record StepGolden(TensorFile shared, TensorFile own) implements AutoCloseable {
  private static final Path FOLDER = Path.of("src/test/resources/goldens/steps");

  /** A thing to do wrong, which the goldens must notice. */
  enum Mistake {
    NONE,
    ONE_LABEL_SHIFTED,
    MEAN_PER_MICRO_BATCH,
    TWINS_NOT_MASKED,
    CLIP_OFF,
    /** Coupled with the gradient where it should not be (AdamW), or the other way round. */
    DECAY_OF_THE_OTHER_KIND,
    RATE_OF_ONE_PART,
    WARM_UP_OFF,
  }

  /** How a run went: a loss and a gradient norm each step, and what it ended with. */
  record Curve(double[] losses, double[] norms, Map<String, float[]> end) {}

  static StepGolden open(String stage, String name) {
    return new StepGolden(file(stage), file(stage + "-" + name));
  }

  static TensorFile file(String name) {
    return Safetensors.open(FOLDER.resolve(name + ".safetensors"));
  }

  JsonNode settings() {
    return json(own, "case");
  }

  static JsonNode json(TensorFile file, String key) {
    try {
      return new JsonMapper().readTree(file.metadata().get(key));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int steps() {
    return own.floats("losses").length;
  }

  Tensor tensor(String name) {
    return tensor(shared, name);
  }

  static Tensor tensor(TensorFile file, String name) {
    long[] shape = file.info(name).shape();
    return file.info(name).dtype() == DType.I64
        ? Tensors.copyOf(file.bytes(name), ScalarType.Long, shape)
        : Tensors.of(file.floats(name), shape);
  }

  /** Small whole numbers. */
  static int[] ints(Tensor tensor) {
    float[] values = Tensors.floats(tensor);
    int[] whole = new int[values.length];
    for (int i = 0; i < whole.length; i++) {
      whole[i] = (int) values[i];
    }
    return whole;
  }

  /** Where a parameter begins. */
  Tensor start(String name) {
    return tensor("w." + name);
  }

  static Map<String, float[]> values(Parameters parameters) {
    Map<String, float[]> all = new LinkedHashMap<>();
    for (Parameters.Named named : parameters.named()) {
      all.put(named.name(), Tensors.floats(named.master()));
    }
    return all;
  }

  /** The loop's part that both stages share, once gradients are there; returns their norm. */
  double move(Parameters parameters, Adam adam, long step, Mistake mistake) {
    JsonNode c = settings();
    double norm = parameters.gradientNorm();
    double clip = mistake == Mistake.CLIP_OFF ? 0 : c.get("clip").asDouble();
    long warmup = mistake == Mistake.WARM_UP_OFF ? 0 : c.get("warmup").asLong();
    adam.step(new Schedule(c.get("schedule").asText(), warmup, steps()).factor(step), clip, norm);
    return norm;
  }

  Adam adam(Parameters parameters, Mistake mistake) {
    Map<String, Double> rates = new LinkedHashMap<>();
    settings().get("rates").properties().forEach(e -> rates.put(e.getKey(), e.getValue().asDouble()));
    if (mistake == Mistake.RATE_OF_ONE_PART) {
      String part = rates.keySet().iterator().next();
      rates.put(part, rates.get(part) * 1.1);
    }
    rates.put(QFormerStage.FIXED, 0.0);
    String kind = settings().get("optimiser").asText();
    if (mistake == Mistake.DECAY_OF_THE_OTHER_KIND) {
      kind = kind.equals("adam") ? "adamw" : "adam";
    }
    return new Adam(parameters, kind, settings().get("decay").asDouble(), rates);
  }

  /** The most that a loss is off, in parts of the golden's. */
  double lossError(Curve ours) {
    return worst(ours.losses, own.floats("losses"));
  }

  double normError(Curve ours) {
    return worst(ours.norms, own.floats("norms"));
  }

  /** How far PyTorch's own bf16 losses (autocast) are from its fp32 ones, and ours: root mean square over the steps. */
  double[] bf16Errors(Curve ours) {
    float[] golden = own.floats("losses");
    float[] theirs = own.floats("bf16.losses");
    double[] sums = new double[2];
    for (int i = 0; i < golden.length; i++) {
      sums[0] += Math.pow(ours.losses[i] - golden[i], 2) / golden.length;
      sums[1] += Math.pow(theirs[i] - golden[i], 2) / golden.length;
    }
    return new double[] {Math.sqrt(sums[0]), Math.sqrt(sums[1])};
  }

  /**
   * Distance of all final parameters together from the golden's, in parts of the way that they went. Without the keys' biases: softmax
   * doesn't see them, so their gradients are rounding errors, which Adam blows up to whole steps.
   */
  double endError(Curve ours) {
    double apart = 0;
    double way = 0;
    for (Map.Entry<String, float[]> entry : ours.end.entrySet()) {
      if (!entry.getKey().endsWith("key.bias")) {
        float[] start = shared.floats("w." + entry.getKey());
        float[] golden = own.floats("final." + entry.getKey());
        for (int i = 0; i < golden.length; i++) {
          apart += Math.pow(entry.getValue()[i] - golden[i], 2);
          way += Math.pow(golden[i] - start[i], 2);
        }
      }
    }
    return Math.sqrt(apart / way);
  }

  private static double worst(double[] ours, float[] golden) {
    double worst = 0;
    for (int i = 0; i < golden.length; i++) {
      worst = Math.max(worst, Math.abs(ours[i] - golden[i]) / golden[i]);
    }
    return worst;
  }

  @Override
  public void close() {
    shared.close();
    own.close();
  }
}
