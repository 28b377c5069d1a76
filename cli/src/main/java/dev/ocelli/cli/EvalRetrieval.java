package dev.ocelli.cli;

import dev.ocelli.eval.Retrieval;
import dev.ocelli.eval.RetrievalScores;
import dev.ocelli.train.TrainedRun;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ocelli eval retrieval}. */
@Command(
    name = "retrieval",
    mixinStandardHelpOptions = true,
    description = "How often stage 1 finds a photo's caption among all captions, and a caption's photo among all photos (percent).",
    footer = {"", "Example:", "  ocelli eval retrieval --run runs/first --data photos --split test --json"})
final class EvalRetrieval implements Callable<Integer> {
  private final Console console;

  @Mixin private RunOption run;

  @Mixin private DataOptions data;

  @Option(names = "--json", description = "Print i2t_r1, i2t_r5, i2t_r10, t2i_r1, t2i_r5, t2i_r10, images, captions as JSON.")
  private boolean json;

  EvalRetrieval(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    run.check();
    data.check();
    return console.compute(this::work);
  }

  private int work() {
    try (TrainedRun trained = run.open(console, console.progress())) {
      Retrieval retrieval = trained.retrieval();
      RetrievalScores scores = retrieval.score(trained.photos(data.path(), data.parts(), data.features(console)));
      if (json) {
        console.json(scores);
      } else {
        SummaryTable.of(scores).forEach(console.out()::println);
      }
    }
    return Ocelli.FINE;
  }
}
