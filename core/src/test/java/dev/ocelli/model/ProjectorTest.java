package dev.ocelli.model;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** The projector against the same two layers in PyTorch. */
class ProjectorTest {
  @Test
  void embeddingsAndAllGradientsArePyTorchs() {
    try (Golden golden = Golden.open("projector")) {
      golden.assertClose(train(golden, Compute.FP32));
    }
  }

  @Test
  void bf16IsCloseToFp32() {
    try (Golden golden = Golden.open("projector")) {
      golden.assertCloseInBf16(train(golden, Compute.BF16));
    }
  }

  @Test
  void anyWrongWeightShows() {
    try (Golden golden = Golden.open("projector")) {
      for (String weight : golden.weights()) {
        Golden.assertWrong(weight, train(golden.perturbed(weight), Compute.FP32));
      }
    }
  }

  private static List<Golden.Difference> train(Golden golden, Compute compute) {
    List<Golden.Difference> differences = new ArrayList<>();
    Scope.run(
        () -> {
          Parameters parameters = golden.trainable(compute, w -> new Projector(12, 10, w.in("projector.")));
          Tensor queries = golden.leaf("queries", compute);
          Map<String, Tensor> outputs = Map.of("embeddings", new Projector(12, 10, parameters.weights().in("projector.")).apply(queries));
          golden.loss(outputs).backward();
          differences.addAll(golden.outputs(outputs));
          differences.addAll(golden.gradients(Map.of("queries", queries)));
          differences.addAll(golden.gradients(parameters));
          parameters.close();
        });
    return differences;
  }
}
