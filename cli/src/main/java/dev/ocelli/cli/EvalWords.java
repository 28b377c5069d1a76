package dev.ocelli.cli;

import dev.ocelli.data.scenes.NamedObjects;
import dev.ocelli.eval.WordHits;
import dev.ocelli.eval.WordScores;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.train.TrainedRun;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ocelli eval words}. */
@Command(
    name = "words",
    mixinStandardHelpOptions = true,
    description = {
      "Whether the model looks at what it names: on drawn scenes with two kinds of things, how often the map of each noun has its highest"
          + " point in a box of what the noun names, beside the queries' average map, which is the same for all words.",
      "Scenes say where everything is: ocelli data scenes --out DIR."
    },
    footer = {"", "Example:", "  ocelli eval words --run runs/first --data scenes --json"})
final class EvalWords implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec;

  @Mixin private RunOption run;

  @Mixin private DataOptions data;

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N fitting scenes.")
  private int limit = Integer.MAX_VALUE;

  @Option(names = "--json", description = "Print hits, average_hits, hits_more, leans in percent, each with its 95%% interval, as JSON.")
  private boolean json;

  EvalWords(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (limit < 1) {
      throw new CommandLine.ParameterException(spec.commandLine(), "--limit is " + limit + "; it must be 1 or more.");
    }
    run.check();
    data.check();
    Map<String, List<NamedObjects.Named>> objects = NamedObjects.read(data.path());
    return console.compute(() -> work(objects));
  }

  private int work(Map<String, List<NamedObjects.Named>> objects) {
    try (TrainedRun trained = run.open(console, console.progress())) {
      WordHits hits = trained.wordHits();
      PhotoFeatures photos =
          trained.data().photos(data.path(), data.parts(), photo -> WordHits.fits(photo, objects), limit, data.features(console));
      WordScores scores = hits.score(photos, objects);
      if (json) {
        console.json(scores);
      } else {
        SummaryTable.of(scores).forEach(console.out()::println);
      }
    }
    return Ocelli.FINE;
  }
}
