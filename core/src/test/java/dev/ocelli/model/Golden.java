package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.FrozenWeights;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.weights.DType;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** One case that tools/goldens/models.py wrote (its top says what a file holds), to compare with. */
record Golden(String name, TensorFile file) implements AutoCloseable {
  private static final Path FOLDER = Path.of("src/test/resources/goldens/models");
  private static final JsonMapper JSON = new JsonMapper();

  /**
   * How far ours is from the golden's.
   *
   * @param error {@code ||ours - golden|| / ||golden||}
   * @param most {@code max |ours - golden| / max |golden|}
   * @param noise whether the golden is a gradient of nothing but rounding errors: softmax doesn't see a key's bias. The errors are then
   *     relative to all gradients together
   * @param own error of transformers' own bf16
   */
  record Difference(String tensor, double error, double most, int worst, float ours, float golden, boolean noise, double own) {
    @Override
    public String toString() {
      return String.format(
          "%s: error %.2e, at most %.2e at element %d (%s, golden %s)%s", tensor, error, most, worst, ours, golden, noise ? " noise" : "");
    }
  }

  static Golden open(String name) {
    return new Golden(name, Safetensors.open(FOLDER.resolve(name + ".safetensors")));
  }

  static Path path(String fileName) {
    return FOLDER.resolve(fileName);
  }

  Map<String, Object> config() {
    return json("config");
  }

  private Map<String, Object> json(String key) {
    try {
      return JSON.readValue(file.metadata().get(key), new TypeReference<>() {});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** This golden whose file answers otherwise for one weight: a change of 1% of its norm, in a direction of the seed. */
  Golden perturbed(String weight) {
    return new Golden(name + " with another " + weight, EditedFile.perturbed(file, "w." + weight));
  }

  /** This golden with two weights in each other's place. */
  Golden swapped(String one, String other) {
    return new Golden(name + " with swapped " + one, EditedFile.swapped(file, "w." + one, "w." + other));
  }

  Set<String> weights() {
    return file.names().stream().filter(n -> n.startsWith("w.")).map(n -> n.substring(2)).collect(Collectors.toCollection(TreeSet::new));
  }

  boolean has(String tensor) {
    return file.names().contains(tensor);
  }

  Weights frozen(Compute compute) {
    return new FrozenWeights(file, "w.", compute);
  }

  /** All weights that {@code constructors} ask for, from the file, trainable. */
  Parameters trainable(Compute compute, Consumer<Weights> constructors) {
    Parameters parameters = new Parameters(compute, n -> "all", constructors);
    assertThat(parameters.initialise(1, n -> has("w." + n) ? tensor("w." + n) : null)).as("weights that the golden lacks").isEmpty();
    return parameters;
  }

  Tensor in(String input) {
    return tensor("in." + input);
  }

  /** An input to differentiate by, in the compute type. */
  Tensor leaf(String input, Compute compute) {
    return compute.cast(in(input)).set_requires_grad(true);
  }

  Tensor tensor(String tensor) {
    long[] shape = file.info(tensor).shape();
    return file.info(tensor).dtype() == DType.I64
        ? Tensors.copyOf(file.bytes(tensor), ScalarType.Long, shape)
        : Tensors.of(file.floats(tensor), shape);
  }

  /** Sum over the outputs of sum(output * r). */
  Tensor loss(Map<String, Tensor> outputs) {
    Tensor loss = Tensors.zeros(ScalarType.Float);
    for (Map.Entry<String, Tensor> out : outputs.entrySet()) {
      loss = loss.add(out.getValue().to(ScalarType.Float).mul(tensor("r." + out.getKey())).sum());
    }
    return loss;
  }

  List<Difference> outputs(Map<String, Tensor> outputs) {
    return differences("out.", outputs);
  }

  List<Difference> gradients(Map<String, Tensor> inputs) {
    return differences("g.", inputs.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().grad())));
  }

  /** All gradients of all parameters, after they were gathered. */
  List<Difference> gradients(Parameters parameters) {
    parameters.gatherGradients();
    Map<String, Tensor> found = new LinkedHashMap<>();
    long base = parameters.master().data_ptr().address();
    for (Parameters.Named named : parameters.named()) {
      long start = (named.master().data_ptr().address() - base) / Float.BYTES;
      found.put(named.name(), parameters.gradient().narrow(0, start, named.master().numel()));
    }
    return differences("g.", found);
  }

  private List<Difference> differences(String kind, Map<String, Tensor> ours) {
    double all = kind.equals("g.") ? normOfGradients() : 0;
    Map<String, Object> own = file.metadata().containsKey("bf16") ? json("bf16") : Map.of();
    List<Difference> result = new ArrayList<>();
    for (Map.Entry<String, Tensor> entry : ours.entrySet()) {
      String tensor = kind + entry.getKey();
      // A weight that no output depends on has no gradient in the file.
      float[] golden = has(tensor) ? file.floats(tensor) : new float[Math.toIntExact(entry.getValue().numel())];
      double bf16 = own.get(tensor) instanceof Number number ? number.doubleValue() : 0;
      result.add(difference(tensor, Tensors.floats(entry.getValue()), golden, all, bf16));
    }
    return result;
  }

  private double normOfGradients() {
    return Math.sqrt(
        file.names().stream().filter(n -> n.startsWith("g.")).mapToDouble(n -> Math.pow(norm(file.floats(n)), 2)).sum());
  }

  private static Difference difference(String tensor, float[] ours, float[] golden, double all, double own) {
    assertThat(ours.length).as("elements of " + tensor).isEqualTo(golden.length);
    float[] apart = new float[ours.length];
    int worst = 0;
    double largest = 0;
    for (int i = 0; i < ours.length; i++) {
      apart[i] = ours[i] - golden[i];
      worst = Math.abs(apart[i]) > Math.abs(apart[worst]) || Float.isNaN(apart[i]) ? i : worst;
      largest = Math.max(largest, Math.abs(golden[i]));
    }
    boolean noise = norm(golden) < 1e-5 * all;
    double error = norm(apart) / (noise ? all : norm(golden));
    double most = Math.abs(apart[worst]) / (noise ? all : largest);
    return new Difference(tensor, error, most, worst, ours[worst], golden[worst], noise, own);
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += (double) v * v;
    }
    return Math.sqrt(sum);
  }

  /** In fp32 each tensor is within 1e-5 of the golden by its norm, and within 1e-4 by its worst element. */
  void assertClose(List<Difference> differences) {
    report("fp32", differences);
    assertThat(differences).as(name).isNotEmpty().allSatisfy(d -> {
      assertThat(d.error()).as(d.toString()).isLessThanOrEqualTo(1e-5);
      assertThat(d.most()).as(d.toString()).isLessThanOrEqualTo(1e-4);
    });
  }

  /**
   * In bf16 each output is within 1e-2 of the fp32 golden by its norm. Gradients aren't, in transformers neither (the golden says how far
   * its own bf16 is): a mantissa of 8 bits errs by 2e-3 an operation, and a backward pass is a chain of dozens. So all gradients together are
   * within 1e-2 or one and a half times transformers' error, and each alone, which may be a few numbers that nearly cancel, within 3e-2 or
   * three times its error.
   */
  void assertCloseInBf16(List<Difference> differences) {
    report("bf16", differences);
    assertThat(differences).as(name).isNotEmpty().allSatisfy(
        d -> {
          double limit = d.tensor().startsWith("out.") || d.noise() ? 1e-2 : Math.max(3e-2, 3 * d.own());
          assertThat(d.error()).as(d + ", transformers' own " + d.own()).isLessThanOrEqualTo(limit);
        });
    double ours = 0;
    double theirs = 0;
    double all = 0;
    for (Difference d : differences) {
      if (d.tensor().startsWith("g.") && !d.noise()) {
        double norm = norm(has(d.tensor()) ? file.floats(d.tensor()) : new float[0]);
        ours += Math.pow(d.error() * norm, 2);
        theirs += Math.pow(d.own() * norm, 2);
        all += norm * norm;
      }
    }
    double error = Math.sqrt(ours / all);
    double own = Math.sqrt(theirs / all);
    line(String.format("%-22s bf16 all gradients: error %.2e; transformers' own bf16 %.2e%n", name, error, own));
    assertThat(error).as("all gradients of " + name).isLessThanOrEqualTo(Math.max(1e-2, 1.5 * own));
  }

  /** Each of the tensors' errors shows when something is wrong. */
  static void assertWrong(String mutation, List<Difference> differences) {
    assertThat(differences).as("no tensor shows the mutation: " + mutation)
        .anySatisfy(d -> assertThat(d.error() > 1e-5 || d.most() > 1e-4 || Double.isNaN(d.error())).isTrue());
  }

  /** A line a case in target/golden-errors.txt: what was measured. */
  private void report(String type, List<Difference> differences) {
    StringBuilder line = new StringBuilder();
    for (String kind : List.of("out.", "g.")) {
      differences.stream()
          .filter(d -> d.tensor().startsWith(kind))
          .max(Comparator.comparingDouble(Difference::error))
          .ifPresent(d -> line.append(String.format("%-22s %s worst %s; transformers' own bf16 %.1e%n", name, type, d, d.own())));
    }
    line(line.toString());
  }

  private static void line(String line) {
    try {
      Files.writeString(Path.of("target/golden-errors.txt"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
