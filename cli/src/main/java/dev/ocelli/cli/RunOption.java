package dev.ocelli.cli;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.train.RunFolder;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The run that a command uses. */
final class RunOption {
  @Option(names = "--run", required = true, paramLabel = "RUN", description = "The folder that ocelli train wrote.")
  private Path run;

  Path path() {
    return run;
  }

  /** Refuses what is no run folder, before anything is loaded. */
  void check() {
    check(run);
  }

  static void check(Path run) {
    if (!Files.exists(run)) {
      throw UserError.of("There is no folder %s. Name the folder that ocelli train wrote (--out).", run);
    }
    if (!Files.exists(new RunFolder(run).recipe())) {
      throw UserError.of("%s is no run folder: it has no recipe.yaml. Name the folder that ocelli train wrote (--out).", run);
    }
  }

  TrainedRun open(Console console, Progress progress) {
    return TrainedRun.open(run, console.pull(), progress, console::warn);
  }
}
