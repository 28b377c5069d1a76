package dev.ocelli.train;

import dev.ocelli.nn.Parameters;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * One stage of training, as {@link Trainer} sees it.
 *
 * @param <B> what a step needs, made ready beforehand
 */
interface Stage<B> extends AutoCloseable {
  /** Short, for progress and files: qformer, vlm. */
  String name();

  Settings settings();

  Parameters parameters();

  /** Numbers of parameters of the models that take part but don't learn. */
  Map<String, Long> frozen();

  /** Everything of a step that needs no libtorch. Called on another thread, ahead of time, in the order of the steps. */
  B prepare(long step);

  /**
   * Forward and backward passes of a step; gradients end in {@link #parameters()}.
   *
   * @return the step's loss
   */
  Loss run(B batch, long step);

  /** How good the model is on the validation part. */
  Evaluation evaluate();

  /** Writes the model as it is now, in the files that users open. */
  void save(Path folder);

  @Override
  void close();

  /**
   * Before the first step of a training; not of one that goes on.
   *
   * @param stop asked now and then: true ends it
   * @return whether it came to its end
   */
  default boolean begin(BooleanSupplier stop) {
    return true;
  }

  /** Settings that both stages have. */
  record Settings(
      long steps,
      long pairsPerStep,
      String optimiser,
      Map<String, Double> rates,
      double decay,
      Schedule schedule,
      double clip,
      long evaluateEvery) {}

  /**
   * A step's loss.
   *
   * @param parts what it is the weighted sum of, by name; empty where it is one thing
   */
  record Loss(double total, Map<String, Double> parts) {}

  /**
   * @param score higher is better
   * @param said what the model says of some photos as it is now, by photo; empty where it says nothing
   */
  record Evaluation(double score, Map<String, Double> figures, Map<String, String> said) {
    /** Where no photos are set apart for it. */
    static final Evaluation NONE = new Evaluation(0, Map.of());

    Evaluation(double score, Map<String, Double> figures) {
      this(score, figures, Map.of());
    }
  }
}
