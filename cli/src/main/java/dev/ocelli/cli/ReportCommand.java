package dev.ocelli.cli;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.Part;
import dev.ocelli.train.FrozenModels;
import dev.ocelli.train.Measurement;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ocelli report}. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = {
      "Writes one page about a run: pictures with captions and answers, the best and the worst; where the queries looked; recall, grounding,"
          + " answers; loss curves; what was trained on what, and how long it took.",
      "Of a run whose stage 2 isn't trained it shows which captions stage 1 finds.",
      "The page needs no network and nothing beside it. It measures on the held-out photos, and on unseen ones where the data has them."
    },
    footer = {"", "Example:", "  ocelli report --run runs/first --data photos --out report.html"})
final class ReportCommand implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec;

  @Mixin private RunOption run;

  @Option(names = "--data", required = true, paramLabel = "DIR", description = "Folder with captions.csv (image,caption) and its photos.")
  private Path data;

  @Option(names = "--blank", paramLabel = "RUN", description = "The same model trained with stage2.blank_image=true, to compare answers with.")
  private Path blank;

  @Option(names = "--out", required = true, paramLabel = "FILE.html", description = "The page to write.")
  private Path out;

  @Option(names = "--photos", paramLabel = "N", defaultValue = "200", description = "Describe N photos of each part (default: 200).")
  private int photos;

  @Option(names = "--questions", paramLabel = "N", defaultValue = "400", description = "Ask N questions of each part (default: 400).")
  private int questions;

  @Mixin private FeaturesFolder features;

  ReportCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (photos < 1 || questions < 1) {
      throw new ParameterException(spec.commandLine(), "--photos and --questions must be 1 or more.");
    }
    run.check();
    if (blank != null) {
      RunOption.check(blank);
    }
    DataOptions.checkFolder(data);
    OutFile.check("--out", out);
    return console.compute(this::work);
  }

  private int work() {
    Progress progress = console.progress();
    try (FrozenModels frozen = new FrozenModels(console.pull(), progress);
        TrainedRun trained = TrainedRun.open(run.path(), frozen, progress, console::warn);
        TrainedRun twin = blank == null ? null : TrainedRun.open(blank, frozen, progress, console::warn)) {
      Measurement.Limits limits = new Measurement.Limits(photos, questions, true);
      List<Measurement> measured =
          new ArrayList<>(
              Stream.of(Part.TEST, Part.UNSEEN)
                  .map(part -> Measurement.of(trained, twin, data, part, limits, features.path(console), progress))
                  .filter(Objects::nonNull)
                  .toList());
      if (measured.isEmpty()) {
        throw UserError.of("%s holds out no photos, so there is nothing to measure on. Train with data.test above 0.", data);
      }
      new RunReport(trained, run.path(), data).write(out, measured, 0);
    }
    console.out().println(out.toAbsolutePath().normalize());
    return Ocelli.FINE;
  }
}
