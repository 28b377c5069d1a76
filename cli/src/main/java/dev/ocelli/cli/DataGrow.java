package dev.ocelli.cli;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.SplitSettings;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.grow.GrowReport;
import dev.ocelli.grow.GrowSettings;
import dev.ocelli.grow.Growth;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ocelli data grow}. */
@Command(
    name = "grow",
    mixinStandardHelpOptions = true,
    description = {
      "Captions the photos of a folder that have none, with a trained model, and keeps the captions that its own stage 1 finds as likely as"
          + " people's: the matching head where it was trained (itm), or else the similarity.",
      "With --paraphrases and --questions the language model also writes captions in other words and asks questions of them; small models do"
          + " this badly, so most of it is thrown away, and the report says how much. Held-out photos, and photos that look like one, are left"
          + " alone. Each row says where it is from in a column origin: given, model, paraphrase, question.",
      "DIR stays as it is where --out names a new folder (photos are linked, not copied). With --yes the captions file in DIR is replaced, and"
          + " the old one stays beside it. Ctrl-C stops; the same command goes on."
    },
    footer = {"", "Example:", "  ocelli data grow photos --run runs/first --out photos-grown"})
final class DataGrow implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec;

  @Mixin private RunOption run;

  @Parameters(paramLabel = "DIR", description = "Folder with captions.csv (image,caption) and photos, some without a caption.")
  private Path data;

  @Option(names = "--out", paramLabel = "NEW", description = "The folder to make.")
  private Path out;

  @Option(names = "--yes", description = "Instead of --out: replace DIR's captions file. The old one stays as captions.csv.before-grow.")
  private boolean yes;

  @Option(
      names = "--quantile",
      paramLabel = "Q",
      defaultValue = "0.25",
      description = "Keep captions that score higher than this part of people's own, which chose the run's checkpoint (default: 0.25).")
  private double quantile;

  @Option(names = "--threshold", paramLabel = "S", description = "Keep captions that score S or higher, instead of --quantile.")
  private Double threshold;

  @Option(names = "--limit", paramLabel = "N", description = "Caption only the first N photos by name.")
  private int limit = Integer.MAX_VALUE;

  @Option(names = "--paraphrases", description = "Also write a caption of each training photo in other words.")
  private boolean paraphrases;

  @Option(names = "--questions", description = "Also ask a question of a caption of each training photo (questions.csv).")
  private boolean questions;

  @Mixin private SamplingOptions sampling;

  @Mixin private FeaturesFolder features;

  @Option(names = "--json", description = "Print the report as JSON.")
  private boolean json;

  DataGrow(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if ((out == null) != yes) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          out == null
              ? "Say where to: --out NEW makes a new folder, --yes replaces the captions file in DIR (the old one stays beside it)."
              : "--out and --yes don't go together: with --out DIR stays as it is.");
    }
    if (out != null && out.toAbsolutePath().normalize().equals(data.toAbsolutePath().normalize())) {
      throw UserError.of("--out %s is the folder itself. Name a new one, or give --yes to replace its captions file.", out);
    }
    run.check();
    sampling.check();
    settings(SamplingSettings.defaults());
    DataOptions.checkFolder(data);
    CaptionFolder.read(data, new SplitSettings(0, 0, 0));
    Path to = yes ? data : out;
    Growth.check(data, to);
    Path stores = features.path(console);
    return console.compute(() -> work(to, stores));
  }

  private GrowSettings settings(SamplingSettings recipe) {
    return new GrowSettings(quantile, threshold, limit, paraphrases, questions, sampling.over(recipe));
  }

  private int work(Path to, Path stores) {
    try (StopSignal stop = new StopSignal("Stopping after this batch; the same command goes on. Once more ends at once.", console::say);
        TrainedRun trained = run.open(console, console.progress())) {
      if (!trained.canRetrieve()) {
        throw UserError.of("%s has no Q-Former of stage 1, which judges captions.", run.path());
      }
      GrowSettings settings = settings(trained.sampling());
      Growth.Result result = new Growth(trained, settings, stores, console.progress(), stop, console::say).grow(data, to);
      if (!result.finished()) {
        return stop.exitCode();
      }
      Map<String, Object> about = new LinkedHashMap<>();
      about.put("run", run.path().toString());
      about.put("data", data.toString());
      about.put("report", result.report());
      AtomicFile.write(to.resolve("grow.json"), Console.toJson(about) + "\n");
      AtomicFile.write(to.resolve("grow.html"), GrowPage.html(result, settings.captions().seed()));
      AtomicFile.write(to.resolve("grow-thrown.csv"), GrowPage.thrown(result.grown()));
      print(result, to);
    }
    return Ocelli.FINE;
  }

  private void print(Growth.Result result, Path to) {
    GrowReport report = result.report();
    if (json) {
      console.json(report);
      return;
    }
    lines(report).forEach(console.out()::println);
    console.out().println("Fifty of them, drawn: " + to.resolve("grow.html") + "; all that was thrown away: " + to.resolve("grow-thrown.csv"));
    console.out().println("Train on it: ocelli train --data " + to + " --out RUN");
  }

  private static List<String> lines(GrowReport report) {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT, "Judged by %s, kept from %.3f on%s; %d held-out photos left alone, %d can't be read",
            report.judge(), report.threshold(), report.realPairs() > 0 ? " (a quantile of " + report.realPairs() + " real pairs)" : "",
            report.heldOut(), report.unreadable()));
    lines.add(line("captions", report.captions(), false));
    if (report.paraphrases() != null) {
      lines.add(line("paraphrases", report.paraphrases(), true));
    }
    if (report.questions() != null) {
      lines.add(line("questions", report.questions(), false));
    }
    return lines;
  }

  private static String line(String what, GrowReport.Share share, boolean changed) {
    StringBuilder thrown = new StringBuilder();
    share.thrown().forEach((why, n) -> thrown.append(thrown.isEmpty() ? "; thrown away: " : ", ").append(n).append(' ').append(why));
    return String.format(
        Locale.ROOT, "%-12s %d written%s, %d kept%s", what, share.written(),
        changed ? String.format(Locale.ROOT, ", %.1f%% changed at all", 100 * share.changed()) : "", share.kept(), thrown);
  }
}
