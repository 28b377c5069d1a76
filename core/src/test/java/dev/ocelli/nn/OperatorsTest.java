package dev.ocelli.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fused optimiser against torch.optim: five steps that tools/goldens/models.py wrote. */
class OperatorsTest {
  @ParameterizedTest
  @ValueSource(strings = {"adamw", "adam"})
  void stepsArePyTorchs(String name) {
    try (TensorFile golden = Safetensors.open(Path.of("src/test/resources/goldens/models/adam.safetensors"))) {
      assertThat(distance(golden, name, name.equals("adamw"), 0.1, 1)).isLessThan(1e-6);
      assertThat(distance(golden, name, name.equals("adamw"), 0.09, 1)).as("another weight decay").isGreaterThan(1e-4);
      assertThat(distance(golden, name, !name.equals("adamw"), 0.1, 1)).as("the other kind of decay").isGreaterThan(1e-4);
      assertThat(distance(golden, name, name.equals("adamw"), 0.1, 2)).as("steps counted from 2").isGreaterThan(1e-4);
    }
  }

  /** The largest error, relative to the norm, in all five steps. */
  private static double distance(TensorFile golden, String name, boolean decoupled, double decay, int firstStep) {
    double[] worst = new double[1];
    Scope.run(
        () -> {
          Tensor parameter = Tensors.of(golden.floats("start"), 40);
          Tensor gradients = Tensors.of(golden.floats("gradients"), 5, 40);
          Tensor expected = Tensors.of(golden.floats(name), 5, 40);
          Tensor first = Tensors.zeros(ScalarType.Float, 40);
          Tensor second = Tensors.zeros(ScalarType.Float, 40);
          for (int i = 0; i < 5; i++) {
            Operators.adam(
                decoupled, List.of(parameter), List.of(gradients.get(i)), List.of(first), List.of(second),
                List.of(Tensors.of(new float[] {i + firstStep}).reshape()), 0.02, 0.9, 0.95, decay, 1e-6, null);
            Tensor apart = parameter.sub(expected.get(i));
            worst[0] = Math.max(worst[0], apart.norm().item_double() / expected.get(i).norm().item_double());
          }
        });
    return worst[0];
  }
}
