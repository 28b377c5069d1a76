package dev.ocelli.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where features of photos are kept between commands. */
final class FeaturesFolder {
  @Option(
      names = "--features",
      paramLabel = "DIR",
      description = "Where photos' features are kept, for all runs (default: ocelli/features in the hub's home folder, HF_HOME).")
  private Path folder;

  /** The folder named, or another one. */
  Path or(Path other) {
    return folder != null ? folder : other;
  }

  Path path(Console console) {
    return or(console.settings().get().cache().resolve("ocelli").resolve("features"));
  }
}
