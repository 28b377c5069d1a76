package dev.ocelli.cli;

import dev.ocelli.train.DecodingWeights;
import dev.ocelli.train.TrainedRun;
import picocli.CommandLine.Option;

/** In what form answers read the language model's weights. */
final class WeightsOption {
  @Option(
      names = "--weights",
      paramLabel = "FORM",
      description = "Weights of the language model: ${COMPLETION-CANDIDATES}. Fewer bits answer faster (default: the run's own).")
  private DecodingWeights weights;

  boolean given() {
    return weights != null;
  }

  void choose(TrainedRun run) {
    if (weights != null) {
      run.weights(weights);
    }
  }
}
