package dev.ocelli.cli;

import dev.ocelli.UserError;
import dev.ocelli.cli.bench.BenchCommand;
import dev.ocelli.weights.Pull;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The program {@code ocelli}. Nothing here or in the commands' own fields touches libtorch: it is loaded when a command's work begins.
 */
@Command(
    name = "ocelli",
    mixinStandardHelpOptions = true,
    versionProvider = Ocelli.Version.class,
    description = "Trains small vision-language models from a folder of photos with captions, and asks them about other photos.",
    footer = {
      "",
      "Begin with:",
      "  ocelli quickstart",
      "  ocelli train --data photos --out runs/first",
      "  ocelli caption --run runs/first another.jpg",
      "",
      "Each command tells more by --help, as in: ocelli train --help",
      "Exit codes: 0 fine, 1 mend the input, 2 wrong usage, 70 internal error, 130 stopped by Ctrl-C."
    })
public final class Ocelli implements Runnable {
  static final int FINE = 0;
  static final int MEND_INPUT = 1;
  static final int WRONG_USAGE = 2;
  static final int INTERNAL = 70;

  @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show the stack trace of an internal error (or set OCELLI_DEBUG=1).")
  private boolean debug;

  @Spec private CommandSpec spec;

  private Ocelli() {}

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "Say what to do: quickstart, data, pull, features, train, caption, ask, match, index, search, serve, report, bench or eval.");
  }

  public static void main(String[] arguments) {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    int code = run(List.of(arguments), out, err, Pull.Settings::fromEnvironment);
    out.flush();
    // Ends the daemon threads of libraries too.
    System.exit(code);
  }

  /**
   * Runs one command.
   *
   * @param settings where models come from; asked only by commands that need one
   * @return the exit code
   */
  static int run(List<String> arguments, PrintStream out, PrintStream err, Supplier<Pull.Settings> settings) {
    Console console = new Console(out, err, settings);
    Ocelli top = new Ocelli();
    CommandLine line = new CommandLine(top);
    line.addSubcommand(new QuickstartCommand(console));
    line.addSubcommand(
        new CommandLine(new DataCommand())
            .addSubcommand(new DataScenes(console))
            .addSubcommand(new DataDownload(console))
            .addSubcommand(new DataGrow(console))
            .addSubcommand(new DataCheckCommand(console))
            .addSubcommand(new DataImport(console)));
    line.addSubcommand(new PullCommand(console));
    line.addSubcommand(new FeaturesCommand(console));
    line.addSubcommand(new TrainCommand(console));
    line.addSubcommand(new CaptionCommand(console));
    line.addSubcommand(new AskCommand(console));
    line.addSubcommand(new MatchCommand(console));
    line.addSubcommand(new IndexCommand(console));
    line.addSubcommand(new SearchCommand(console));
    line.addSubcommand(new ServeCommand(console));
    line.addSubcommand(new BenchCommand(out, err, console::pull));
    line.addSubcommand(new ReportCommand(console));
    line.addSubcommand(
        new CommandLine(new EvalCommand())
            .addSubcommand(new EvalRetrieval(console))
            .addSubcommand(new EvalCaptions(console))
            .addSubcommand(new EvalAnswers(console))
            .addSubcommand(new EvalGrounding(console))
            .addSubcommand(new EvalWords(console))
            .addSubcommand(new EvalLanguage(console)));
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    line.setUsageHelpWidth(100);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setAbbreviatedOptionsAllowed(false);
    line.setOverwrittenOptionsAllowed(false);
    line.setParameterExceptionHandler((mistake, given) -> wrongUsage(mistake, err));
    line.setExecutionExceptionHandler((failure, command, parsed) -> failed(failure, top.debug, err));
    try {
      return line.execute(arguments.toArray(String[]::new));
    } catch (Throwable failure) {
      return failed(failure, top.debug, err);
    }
  }

  private static int wrongUsage(ParameterException mistake, PrintStream err) {
    CommandLine command = mistake.getCommandLine();
    err.println("ocelli: " + mistake.getMessage());
    PrintWriter writer = command.getErr();
    CommandLine.UnmatchedArgumentException.printSuggestions(mistake, writer);
    writer.flush();
    err.println("Try: " + command.getCommandSpec().qualifiedName() + " --help");
    return WRONG_USAGE;
  }

  private static int failed(Throwable failure, boolean debug, PrintStream err) {
    boolean trace = debug || "1".equals(System.getenv("OCELLI_DEBUG"));
    if (failure instanceof UserError) {
      err.println("ocelli: " + failure.getMessage());
    } else {
      String what = failure.getMessage() == null ? "" : failure.getMessage().lines().findFirst().orElse("");
      err.println(
          "ocelli: internal error: " + failure.getClass().getSimpleName() + (what.isEmpty() ? "" : ": " + what)
              + (trace ? "" : " (run again with --debug to see where)"));
    }
    if (trace) {
      failure.printStackTrace(err);
    }
    return failure instanceof UserError ? MEND_INPUT : INTERNAL;
  }

  /** From the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Ocelli.class.getPackage().getImplementationVersion();
      return new String[] {"ocelli " + (version == null ? "(development)" : version)};
    }
  }
}
