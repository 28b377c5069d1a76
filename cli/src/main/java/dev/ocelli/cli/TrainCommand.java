package dev.ocelli.cli;

import dev.ocelli.Progress;
import dev.ocelli.train.Recipe;
import dev.ocelli.train.Recipes;
import dev.ocelli.train.RunFolder;
import dev.ocelli.train.Summary;
import dev.ocelli.train.TrainedRun;
import dev.ocelli.train.Training;
import dev.ocelli.train.Training.Outcome;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ocelli train}. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = {
      "Trains a model that describes photos, from a folder of photos with captions.",
      "Stage 1 (qformer) learns which caption belongs to which photo; stage 2 (vlm) learns to say it. Without a stage: both, then a last"
          + " look at the held-out photos (summary.json). Ctrl-C stops with a checkpoint, and the same command goes on from there."
    },
    footer = {
      "",
      "Examples:",
      "  ocelli train --data photos --out runs/first",
      "  ocelli train qformer --recipe article --data photos --out runs/second --set stage1.batch=16"
    })
final class TrainCommand implements Callable<Integer> {
  private static final String QFORMER = "qformer";
  private static final String VLM = "vlm";

  private final Console console;

  @Spec private CommandSpec spec;

  // No enum: picocli would complain of its value before it names a misspelt option.
  @Parameters(arity = "0..1", paramLabel = "STAGE", description = "qformer or vlm; both when none is named.")
  private String stage;

  @Option(
      names = "--recipe",
      paramLabel = "R",
      defaultValue = "photos",
      description = "A YAML file, or one that comes with Ocelli: photos, article, quickstart, quickstart-tiny (default: photos).")
  private String recipe;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "Folder with captions.csv and its photos, or data in another format (see data import --help).")
  private Path data;

  @Option(names = "--out", required = true, paramLabel = "RUN", description = "Folder for everything of this run.")
  private Path out;

  @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Another value than the recipe's. May be repeated.")
  private List<String> changes = List.of();

  @Option(names = "--overwrite", description = "Begin anew, whatever run is in RUN; train vlm: stage 2 alone. To go on after a stop, leave it out.")
  private boolean overwrite;

  @Mixin private FeaturesFolder features;

  @Option(names = "--json", description = "Print the summary as JSON; qformer alone has none.")
  private boolean json;

  TrainCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (stage != null && !stage.equals(QFORMER) && !stage.equals(VLM)) {
      throw new ParameterException(spec.commandLine(), "There is no stage \"" + stage + "\"; it can be qformer or vlm.");
    }
    Recipe read = new Recipes().read(recipe, changes);
    DataOptions.checkFolder(data);
    Path stores = features.path(console);
    return console.compute(() -> work(read, stores));
  }

  private int work(Recipe read, Path stores) {
    Progress progress = console.progress();
    RunFolder run = new RunFolder(out);
    try (StopSignal stop = new StopSignal(console::say)) {
      Training training = new Training(console.pull(), stores, progress, console::say, stop);
      boolean stage1 = !VLM.equals(stage);
      boolean stage2 = !QFORMER.equals(stage);
      if (training.train(read, data, run, stage1, stage2, overwrite) == Outcome.STOPPED) {
        console.sayLeaveOut(overwrite);
        return stop.exitCode();
      }
      if (stage2 && stop.getAsBoolean()) {
        console.sayLeaveOut(overwrite);
        return stop.exitCode(); // in the last step: the last look is done by the same command
      }
    }
    if (QFORMER.equals(stage)) {
      console.say(
          "Stage 1 is done. Go on with: ocelli train vlm, or look at it with: ocelli eval retrieval --run " + out + " --data " + data);
      return Ocelli.FINE;
    }
    try (TrainedRun trained = TrainedRun.open(out, console.pull(), progress, console::warn)) {
      print(Summary.write(trained, data, stores, progress));
    }
    return Ocelli.FINE;
  }

  private void print(Summary summary) {
    if (json) {
      console.json(summary);
    } else {
      new SummaryTable(summary).lines().forEach(console.out()::println);
      console.out().println("Try it: ocelli caption --run " + out + " PHOTO");
    }
  }
}
