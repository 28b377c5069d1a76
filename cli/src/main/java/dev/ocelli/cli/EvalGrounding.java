package dev.ocelli.cli;

import dev.ocelli.eval.Grounding;
import dev.ocelli.eval.GroundingScores;
import dev.ocelli.train.TrainedRun;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ocelli eval grounding}. */
@Command(
    name = "grounding",
    mixinStandardHelpOptions = true,
    description = "Whether the model looks: the loss of right captions with their own photos, and with other photos. A gap of 0 is blind.",
    footer = {"", "Example:", "  ocelli eval grounding --run runs/first --data photos --json"})
final class EvalGrounding implements Callable<Integer> {
  private final Console console;

  @Mixin private RunOption run;

  @Mixin private DataOptions data;

  @Option(names = "--json", description = "Print loss_own, loss_shuffled, gap, photos, tokens as JSON.")
  private boolean json;

  EvalGrounding(Console console) {
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
      Grounding grounding = trained.grounding();
      GroundingScores scores = grounding.score(trained.forLanguage(trained.data().photos(data.path(), data.parts(), data.features(console))));
      if (json) {
        console.json(scores);
      } else {
        SummaryTable.of(scores).forEach(console.out()::println);
      }
    }
    return Ocelli.FINE;
  }
}
