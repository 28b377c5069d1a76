package dev.ocelli.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ocelli data}: only gathers what makes and checks data. */
@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    description = "Makes, checks and converts data to train on.",
    footer = {"", "Example:", "  ocelli data scenes --out scenes --questions", "  ocelli data check photos"})
final class DataCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "Say what to do: scenes, check or import.");
  }
}
