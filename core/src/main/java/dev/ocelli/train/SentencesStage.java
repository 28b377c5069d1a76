package dev.ocelli.train;

import dev.ocelli.model.LanguageModel;
import dev.ocelli.model.Vlm;
import dev.ocelli.model.WordsOnly;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/** A language model from nothing: it learns to say captions and answers without seeing, as well as words alone allow. */
final class SentencesStage implements Stage<List<Vlm.Example>> {
  static final String NAME = "language";
  private static final String LANGUAGE = "language";

  private final LongFunction<List<Vlm.Example>> examples;
  private final Settings settings;
  private final Parameters parameters;
  private final WordsOnly words;
  private final Consumer<Path> beside;

  /**
   * @param examples of a step
   * @param beside writes what lies beside the weights into a folder
   */
  SentencesStage(
      long seed, Compute compute, LanguageModel.Config config, LongFunction<List<Vlm.Example>> examples, long steps, long perStep,
      double rate, Consumer<Path> beside) {
    this.examples = examples;
    this.beside = beside;
    settings = new Settings(steps, perStep, "adamw", Map.of(LANGUAGE, rate), 0.05, new Schedule("cosine", 20, steps), 1.0, steps);
    LanguageModel[] built = new LanguageModel[1];
    Consumer<Weights> build = weights -> built[0] = new LanguageModel(config, weights);
    parameters = new Parameters(compute, name -> LANGUAGE, build);
    build.accept(parameters.weights());
    parameters.initialise(seed, name -> null);
    words = new WordsOnly(built[0], compute);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Settings settings() {
    return settings;
  }

  @Override
  public Parameters parameters() {
    return parameters;
  }

  @Override
  public Map<String, Long> frozen() {
    return Map.of();
  }

  @Override
  public List<Vlm.Example> prepare(long step) {
    return examples.apply(step);
  }

  @Override
  public Loss run(List<Vlm.Example> batch, long step) {
    var loss = words.loss(batch);
    loss.backward();
    return new Loss(loss.item_double(), Map.of());
  }

  @Override
  public Evaluation evaluate() {
    return Evaluation.NONE;
  }

  @Override
  public void save(Path fresh) {
    RunFiles.writeWeights(fresh, parameters.named(), name -> true);
    beside.accept(fresh);
  }

  @Override
  public void close() {
    parameters.close();
  }
}
