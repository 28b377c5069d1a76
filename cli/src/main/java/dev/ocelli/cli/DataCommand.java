package dev.ocelli.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ocelli data}: only gathers what makes data folders. */
@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    description = "Makes folders of data to train on, and fills them.",
    footer = {"", "Example:", "  ocelli data scenes --out scenes --questions"})
final class DataCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "Say what to do: scenes, download or grow.");
  }
}
