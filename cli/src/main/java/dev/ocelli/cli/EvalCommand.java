package dev.ocelli.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ocelli eval}: only gathers what can be measured. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description = "Measures a trained run.",
    footer = {"", "Example:", "  ocelli eval retrieval --run runs/first --data photos"})
final class EvalCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "Say what to measure: retrieval, captions, answers, grounding, words or language.");
  }
}
