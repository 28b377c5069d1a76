package dev.ocelli.train;

import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.DType;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.SafetensorsWriter;
import dev.ocelli.weights.TensorFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Where a stage was when it stopped: parameters and the optimiser's moments, in one safetensors file. Nothing random is saved, since every
 * draw is a function of the step.
 *
 * @param step how many steps were done
 * @param bestScore of the evaluations so far
 * @param bestStep the step that it was reached at
 */
record Checkpoint(long step, double bestScore, long bestStep) {
  static void write(Path file, Parameters parameters, Adam adam, Checkpoint at) {
    long[] shape = {parameters.master().numel()};
    SafetensorsWriter.write(
        file,
        List.of(
            new SafetensorsWriter.Entry("parameters", DType.F32, shape, () -> Tensors.memory(parameters.master())),
            new SafetensorsWriter.Entry("first_moment", DType.F32, shape, () -> Tensors.memory(adam.first())),
            new SafetensorsWriter.Entry("second_moment", DType.F32, shape, () -> Tensors.memory(adam.second()))),
        Map.of(
            "step", Long.toString(at.step),
            "best_score", Double.toString(at.bestScore),
            "best_step", Long.toString(at.bestStep),
            "layout", layout(parameters)));
  }

  static Checkpoint read(Path path, Parameters parameters, Adam adam) {
    try (TensorFile file = Safetensors.open(path)) {
      Map<String, String> about = file.metadata();
      if (!layout(parameters).equals(about.get("layout"))) {
        throw UserError.of("%s was written for a model of another shape. Start a new run folder, or delete this file.", path);
      }
      Scope.run(
          () -> {
            copy(file, "parameters", parameters.master());
            copy(file, "first_moment", adam.first());
            copy(file, "second_moment", adam.second());
          });
      parameters.refresh();
      Checkpoint at =
          new Checkpoint(
              Long.parseLong(about.get("step")), Double.parseDouble(about.get("best_score")), Long.parseLong(about.get("best_step")));
      adam.resumeAt(at.step);
      return at;
    }
  }

  private static void copy(TensorFile file, String name, Tensor target) {
    target.copy_(Tensors.copyOf(file.bytes(name), ScalarType.Float, target.numel()));
  }

  /** Names and shapes of all parameters, in short. */
  private static String layout(Parameters parameters) {
    return Sha256.of(
        parameters.named().stream()
            .map(n -> n.name() + Arrays.toString(Tensors.shape(n.master())))
            .collect(Collectors.joining("\n", parameters.compute().type() + "\n", "")));
  }
}
