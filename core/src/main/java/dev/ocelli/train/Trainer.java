package dev.ocelli.train;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.nn.Scope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The one training loop: prepared batch, forward and backward, clip, optimiser; now and then an evaluation that keeps the best model, and a
 * checkpoint that a stopped or killed run goes on from.
 */
final class Trainer {
  private static final Duration CHECKPOINT_EVERY = Duration.ofMinutes(3);

  /**
   * @param files where the stage's state and metrics go
   * @param say hears how good the model is, evaluation by evaluation
   * @param stop asked after every step: true writes a checkpoint and ends
   */
  record Run(Path checkpoint, Path best, Metrics metrics, Progress progress, Consumer<String> say, BooleanSupplier stop) {}

  /** How a stage ended. */
  record Result(boolean finished, long steps, double bestScore, long bestStep, double seconds) {}

  private Trainer() {}

  static <B> Result train(Stage<B> stage, Run run) {
    Stage.Settings settings = stage.settings();
    try (Adam adam = new Adam(stage.parameters(), settings.optimiser(), settings.decay(), settings.rates())) {
      Checkpoint at = new Checkpoint(0, Double.NEGATIVE_INFINITY, 0);
      if (Files.exists(run.checkpoint)) {
        at = Checkpoint.read(run.checkpoint, stage.parameters(), adam);
      }
      run.metrics.rewind(stage.name(), at.step());
      long began = System.nanoTime();
      if (at.step() == 0 && !stage.begin(run.stop)) {
        return new Result(false, 0, at.bestScore(), 0, (System.nanoTime() - began) / 1e9);
      }
      return loop(stage, run, adam, at, began);
    }
  }

  /** @param began when, by the clock of {@link System#nanoTime}: what was done before the first step waits for a checkpoint, too */
  private static <B> Result loop(Stage<B> stage, Run run, Adam adam, Checkpoint at, long began) {
    Stage.Settings settings = stage.settings();
    long saved = began;
    try (Prefetch<B> batches = new Prefetch<>(stage::prepare, at.step(), settings.steps());
        Progress.Task task =
            run.progress.start(
                "train " + stage.name(), at.step() * settings.pairsPerStep(), settings.steps() * settings.pairsPerStep(), "pairs")) {
      double meanLoss = 0;
      for (long step = at.step(); step < settings.steps(); step++) {
        double loss = step(stage, adam, batches.next(), step, run.metrics);
        meanLoss = meanLoss == 0 ? loss : 0.95 * meanLoss + 0.05 * loss;
        task.advance(settings.pairsPerStep());
        task.say(String.format(Locale.ROOT, "loss %.3f", meanLoss));
        long done = step + 1;
        boolean last = done == settings.steps();
        at = new Checkpoint(done, at.bestScore(), at.bestStep());
        if (last || done % settings.evaluateEvery() == 0) {
          at = evaluate(stage, run, at);
        }
        boolean stop = run.stop.getAsBoolean();
        if (stop || last || System.nanoTime() - saved > CHECKPOINT_EVERY.toNanos()) {
          Checkpoint.write(run.checkpoint, stage.parameters(), adam, at);
          saved = System.nanoTime();
        }
        if (stop && !last) {
          return new Result(false, done, at.bestScore(), at.bestStep(), (System.nanoTime() - began) / 1e9);
        }
      }
    }
    return new Result(true, settings.steps(), at.bestScore(), at.bestStep(), (System.nanoTime() - began) / 1e9);
  }

  private static <B> double step(Stage<B> stage, Adam adam, B batch, long step, Metrics metrics) {
    Stage.Settings settings = stage.settings();
    long start = System.nanoTime();
    stage.parameters().zeroGradients();
    Stage.Loss[] ran = new Stage.Loss[1];
    Scope.run(() -> ran[0] = stage.run(batch, step));
    double loss = ran[0].total();
    double norm = stage.parameters().gradientNorm();
    if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
      throw UserError.of(
          "Training of %s broke down at step %d: loss %s, gradient norm %s. Lower the rates, lengthen the warm-up, or set precision: fp32.",
          stage.name(), step + 1, loss, norm);
    }
    double factor = settings.schedule().factor(step);
    adam.step(factor, settings.clip(), norm);
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("stage", stage.name());
    row.put("step", step + 1);
    row.put("loss", loss);
    if (ran[0].parts().size() > 1) {
      row.put("losses", ran[0].parts());
    }
    row.put("gradient_norm", norm);
    row.put("rate", factor);
    row.put("seconds", (System.nanoTime() - start) / 1e9);
    metrics.add(row);
    return loss;
  }

  private static <B> Checkpoint evaluate(Stage<B> stage, Run run, Checkpoint at) {
    Stage.Evaluation evaluation = stage.evaluate();
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("stage", stage.name());
    row.put("step", at.step());
    row.put("validation", evaluation.figures());
    if (!evaluation.said().isEmpty()) {
      row.put("said", evaluation.said());
    }
    run.metrics.add(row);
    if (Double.isNaN(evaluation.score())) {
      throw UserError.of("Training of %s broke down at step %d: its score is no number. Lower the rates.", stage.name(), at.step());
    }
    tell(stage, run.say, at.step(), evaluation);
    // Without figures there is no validation part: then the last model is the best. So it is of equals: a few photos are soon all found.
    if (evaluation.figures().isEmpty() || evaluation.score() >= at.bestScore()) {
      // In one piece: a kill between its files must not mix two models.
      Path fresh = run.best.resolveSibling(run.best.getFileName() + ".new");
      stage.save(fresh);
      RunFolder.replace(run.best, fresh);
      return new Checkpoint(at.step(), evaluation.score(), at.step());
    }
    return at;
  }

  private static <B> void tell(Stage<B> stage, Consumer<String> say, long step, Stage.Evaluation evaluation) {
    if (evaluation.figures().isEmpty()) {
      return;
    }
    String figures =
        evaluation.figures().entrySet().stream()
            .map(f -> String.format(Locale.ROOT, "%s %.4g", f.getKey(), f.getValue()))
            .collect(Collectors.joining(", "));
    say.accept(String.format(Locale.ROOT, "%s after step %d of %d, on the validation part: %s", stage.name(), step, stage.settings().steps(), figures));
    evaluation.said().forEach((photo, text) -> say.accept("  " + photo + ": " + text));
  }
}
