package dev.ocelli.cli;

import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.Part;
import dev.ocelli.data.scenes.SceneFolder;
import dev.ocelli.nn.Compute;
import dev.ocelli.train.Answers;
import dev.ocelli.train.FromNothing;
import dev.ocelli.train.FrozenModels;
import dev.ocelli.train.Measurement;
import dev.ocelli.train.Recipe;
import dev.ocelli.train.Recipes;
import dev.ocelli.train.RunFolder;
import dev.ocelli.train.TrainedRun;
import dev.ocelli.train.Training;
import dev.ocelli.train.Training.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ocelli quickstart}. */
@Command(
    name = "quickstart",
    mixinStandardHelpOptions = true,
    description = {
      "A whole first run: draws pictures of coloured objects, trains both stages on them with captions and questions, measures on pictures"
          + " that were held out, and writes a report to look at.",
      "It fetches the starter weights where they are missing (0.3 GB), and then takes less than half an hour on two cores (with AVX2 alone,"
          + " without units for bf16, about an hour); a first page with pictures comes after a quarter of that. --tiny fetches nothing:"
          + " a tiny encoder and a tiny language model are made from nothing on the same pictures, in two or three minutes, and know little. Ctrl-C"
          + " stops it, and the same command goes on from there."
    },
    footer = {"", "Examples:", "  ocelli quickstart", "  ocelli quickstart --tiny", "  ocelli quickstart --out runs/second --seed 2"})
final class QuickstartCommand implements Callable<Integer> {
  private static final long SCENES_SEED = 7;
  private static final int LEAST = 40;

  /** Of each part, to stay within the time. */
  private static final int DESCRIBED = 100;
  private static final int ASKED = 200;

  /** What the two kinds of quickstart are called, and how many scenes each draws. */
  private enum Size {
    STARTER("quickstart", 2000),
    TINY("quickstart-tiny", 1000);

    private final String name;
    private final int scenes;

    Size(String name, int scenes) {
      this.name = name;
      this.scenes = scenes;
    }
  }

  private final Console console;

  @Spec private CommandSpec spec;

  @Option(names = "--tiny", description = "Without any download: models from nothing, which know little.")
  private boolean tiny;

  @Option(names = "--out", paramLabel = "DIR", description = "Folder for all of it (default: quickstart, or quickstart-tiny).")
  private Path out;

  @Option(names = "--scenes", paramLabel = "N", description = "Pictures to draw (default: 2000, or 1000 with --tiny); 8 of 10 are trained on.")
  private Integer count;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "42", description = "Of training; the pictures stay the same (default: 42).")
  private long seed;

  @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Another value than the recipe's. May be repeated.")
  private List<String> changes = List.of();

  @Option(names = "--overwrite", description = "Begin training anew. To go on after a stop, leave it out.")
  private boolean overwrite;

  @Mixin private FeaturesFolder features;

  @Option(names = "--json", description = "Print the scores as JSON.")
  private boolean json;

  QuickstartCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    Size size = tiny ? Size.TINY : Size.STARTER;
    if (out == null) {
      out = Path.of(size.name);
    }
    List<String> all = new ArrayList<>(List.of("seed=" + seed));
    if (tiny) {
      List.of("vision", "text", "language").forEach(model -> all.add("models." + model + "=" + models().resolve(model).toAbsolutePath().normalize()));
    }
    all.addAll(changes);
    if (count == null) {
      count = size.scenes;
    } else if (count < LEAST) {
      throw new ParameterException(spec.commandLine(), "--scenes is " + count + "; it must be " + LEAST + " or more.");
    }
    Recipe recipe = new Recipes().read(size.name, all);
    // Features of a model that exists here only are of no use to other runs.
    Path stores = tiny ? features.or(out.resolve("features")) : features.path(console);
    return console.compute(() -> work(recipe, stores));
  }

  private Path models() {
    return out.resolve("models");
  }

  private Path run() {
    return out.resolve("run");
  }

  private Path scenes() {
    return out.resolve("scenes");
  }

  private int work(Recipe recipe, Path stores) {
    long began = System.nanoTime();
    Progress progress = console.progress();
    boolean fresh = !new RunFolder(run()).exists() || overwrite;
    int there = SceneFolder.count(scenes());
    if (there == 0 && !new RunFolder(run()).exists()) {
      Stream.of(report(), scores(), out.resolve("scores.json"), models()).filter(file -> tiny || !file.equals(models())).filter(Files::exists).findFirst().ifPresent(
          others -> {
            throw UserError.of("%s is there already, and quickstart would write its own over it. Choose another --out.", others);
          });
    }
    if (!fresh && there > 0 && there != count) {
      // More scenes would be other data, with which the run can't go on.
      throw UserError.of(
          "%s holds a run on %d scenes. Go on with the command that began it (--scenes %d), choose another --out, or begin anew with --overwrite.", out, there, there);
    }
    console.say("1. Scenes: " + count + " pictures with captions and questions, in " + scenes());
    SceneFolder.write(
        scenes(), new SceneFolder.Settings(count, SCENES_SEED, true), overwrite, Runtime.getRuntime().availableProcessors(), progress);
    RunFolder folder = new RunFolder(run());
    if (!folder.complete() || overwrite) {
      console.say("2. Training, in " + run());
      // Those of another run: this one's come when it is measured.
      if (fresh) {
        List.of(report(), scores(), out.resolve("scores.json")).forEach(AtomicFile::delete);
      }
      if (!tiny && Compute.of(recipe.precision(), recipe.device()).equals(Compute.FP32)) {
        console.say("In fp32 this takes about an hour on two cores; processors with units for bf16 take half as long. --tiny takes three minutes.");
      }
      try (StopSignal stop = new StopSignal(console::say)) {
        if (tiny && !fromNothing(recipe, progress, stop)) {
          console.sayLeaveOut(overwrite);
          return stop.exitCode();
        }
        Training training = new Training(console.pull(), stores, progress, console::say, stop);
        boolean finds = recipe.stage1().objectives().itc() > 0;
        Runnable look = () -> firstLook(stores, progress);
        if (training.train(recipe, scenes(), folder, true, true, overwrite, finds ? look : () -> {}) == Outcome.STOPPED) {
          console.sayLeaveOut(overwrite);
          return stop.exitCode();
        }
        if (stop.getAsBoolean()) {
          console.sayLeaveOut(overwrite);
          return stop.exitCode(); // in the last step
        }
      }
    } else if (Files.exists(report()) && Files.exists(scores())) {
      Recipes recipes = new Recipes();
      List<String> differences = recipes.differences(recipes.read(folder.recipe()), recipe, Set.of("threads", "device", "generation", "data.max_bad_photos", "models"));
      if (!differences.isEmpty()) {
        throw UserError.of(
            "%s holds a finished run of another recipe (%s). Choose another --out, or --overwrite it.", out, String.join(", ", differences));
      }
      console.say("All is done: " + out + " holds a finished run. --overwrite begins anew, --out names another folder.");
      return finish(text(scores()));
    }
    console.say("3. Measuring on pictures that were held out");
    try (FrozenModels frozen = new FrozenModels(console.pull(), progress);
        TrainedRun trained = TrainedRun.open(run(), frozen, progress, console::warn)) {
      List<Measurement> measured =
          Stream.of(Part.TEST, Part.UNSEEN)
              .map(part -> Measurement.of(trained, null, scenes(), part, limits(part), stores, progress))
              .filter(Objects::nonNull)
              .toList();
      new RunReport(trained, run(), scenes()).write(report(), measured, fresh ? (System.nanoTime() - began) / 1e9 : 0);
      StringBuilder table = new StringBuilder();
      for (Measurement m : measured) {
        lines(m).forEach(line -> table.append(line).append('\n'));
      }
      table.append(next(measured));
      AtomicFile.write(out.resolve("scores.json"), Console.toJson(measured) + "\n");
      AtomicFile.write(scores(), table.toString());
      if (fresh) {
        table.append(String.format(Locale.ROOT, "%nAll this took %.1f minutes.%n", (System.nanoTime() - began) / 6e10));
      }
      return finish(table.toString());
    }
  }

  /** A page while stage 2 trains, the longer part: what stage 1 finds. */
  private void firstLook(Path stores, Progress progress) {
    try (FrozenModels frozen = new FrozenModels(console.pull(), progress);
        TrainedRun trained = TrainedRun.open(run(), frozen, progress, console::warn)) {
      Measurement found = Measurement.of(trained, null, scenes(), Part.TEST, limits(Part.TEST), stores, progress);
      if (found != null) {
        new RunReport(trained, run(), scenes()).write(report(), List.of(found), 0);
        console.say(
            String.format(
                Locale.ROOT, "A first look, while stage 2 trains: held-out pictures with the captions that stage 1 finds for them (right for %.0f%%), in %s",
                found.retrieval().i2tR1(), report().toAbsolutePath().normalize()));
      }
    }
  }

  private static Measurement.Limits limits(Part part) {
    return new Measurement.Limits(DESCRIBED, ASKED, part == Part.TEST);
  }

  /** The models of {@code --tiny}; false where it was stopped. */
  private boolean fromNothing(Recipe recipe, Progress progress, StopSignal stop) {
    FromNothing models = new FromNothing(models(), recipe.seed(), progress, console::say, stop);
    if (overwrite) {
      models.clear();
    }
    return models.make(recipe, scenes());
  }

  private int finish(String table) {
    if (json) {
      console.out().print(text(out.resolve("scores.json")));
      console.out().flush();
    } else {
      console.out().println(table);
    }
    return Ocelli.FINE;
  }

  private Path report() {
    return out.resolve("report.html");
  }

  private Path scores() {
    return out.resolve("scores.txt");
  }

  private static List<String> lines(Measurement m) {
    List<String> lines = new ArrayList<>();
    lines.add("");
    boolean unseen = m.split().equals("unseen");
    lines.add(unseen ? "Unseen: colours and places that these objects never had in training" : "Test: new pictures of the same kind");
    if (m.retrieval() != null) {
      lines.addAll(SummaryTable.of(m.retrieval()));
      lines.add(String.format(Locale.ROOT, "                  R@1 by chance %.1f", 100.0 / m.retrieval().images()));
    }
    if (m.slots() != null) {
      lines.addAll(AnswerTable.of(m.slots().own(), m.slots().other()));
    }
    if (m.answers() != null) {
      lines.addAll(AnswerTable.of(m.answers()));
    }
    return lines;
  }

  private String next(List<Measurement> measured) {
    Answers.Row row = measured.get(0).asked().get(0);
    return String.format(
        "%nThe report, to open in a browser: %s%n%nTry next:%n  ocelli ask --run %s %s \"%s\"%n  ocelli serve --run %s%n  ocelli train --data"
            + " YOUR_PHOTOS --out runs/first%n",
        report().toAbsolutePath().normalize(), run(), scenes().resolve("images").resolve(row.image()), row.question(), run());
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
