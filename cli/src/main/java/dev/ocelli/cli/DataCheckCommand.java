package dev.ocelli.cli;

import dev.ocelli.AtomicFile;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.SplitSettings;
import dev.ocelli.data.check.DataCheck;
import dev.ocelli.data.check.DataReport;
import dev.ocelli.train.Recipe;
import dev.ocelli.train.Recipes;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ocelli data check}. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description = {
      "Looks at every photo and caption before you train: sizes, photos that are missing or broken, equal and similar photos (above all those"
          + " in training and held-out data at once), lengths of captions. Ends with a verdict: fine, look, or mend.",
      "Exit code: 0 where the verdict is fine or look, 1 where it is mend."
    },
    footer = {"", "Example:", "  ocelli data check photos --html check.html"})
final class DataCheckCommand implements Callable<Integer> {
  private static final int MOST_LINES = 10;

  private final Console console;

  @Parameters(paramLabel = "DATA", description = "A folder or file in any format that training takes.")
  private Path data;

  @Option(names = "--html", paramLabel = "FILE", description = "Write a contact sheet: photos with captions, and those that look alike.")
  private Path html;

  @Option(
      names = "--recipe",
      paramLabel = "R",
      defaultValue = "photos",
      description = "Whose seed and shares draw the split where the data has none (default: photos).")
  private String recipe;

  @Option(names = "--json", description = "Print the report as JSON.")
  private boolean json;

  DataCheckCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    OutFile.check("--html", html);
    Recipe read = new Recipes().read(recipe, List.of());
    SplitSettings split = new SplitSettings(read.data().test(), read.data().validation(), read.seed());
    CaptionFolder folder = CaptionFolder.read(data, split);
    folder.warnings().forEach(console::warn);
    int threads = Runtime.getRuntime().availableProcessors();
    DataReport report = DataCheck.of(folder, read.data().style(), read.data().maxBadPhotos(), threads, console.progress());
    if (html != null) {
      AtomicFile.write(html, new ContactSheet(folder, report, data.toString(), read.seed()).html());
    }
    if (json) {
      console.json(report);
    } else {
      print(report, console.out());
    }
    return report.verdict() == DataReport.Verdict.MEND ? Ocelli.MEND_INPUT : Ocelli.FINE;
  }

  private void print(DataReport report, PrintStream out) {
    DataReport.Pictures pictures = report.pictures();
    DataReport.Texts texts = report.captions();
    DataReport.Duplicates copies = report.duplicates();
    out.println(data + " (" + report.format() + ")");
    String parts = pictures.parts().entrySet().stream().map(e -> e.getValue() + " " + e.getKey()).collect(Collectors.joining(", "));
    row(out, "photos", pictures.photos() + ": " + parts + (pictures.splitGiven() ? "" : " (drawn from the recipe's seed)"));
    String formats = pictures.formats().entrySet().stream().map(e -> e.getValue() + " " + e.getKey()).collect(Collectors.joining(", "));
    row(out, "files", formats + String.format(Locale.ROOT, "; %.1f MB", pictures.bytes() / 1e6));
    row(out, "pixels", range(pictures.width()) + " wide, " + range(pictures.height()) + " high (least, middle, most)");
    row(out, "missing", String.valueOf(pictures.missing().size()));
    row(out, "broken", String.valueOf(pictures.broken().size()));
    row(out, "equal", copies.exact() + " groups, " + copies.exactCrossing() + " of them in training and held-out data");
    row(out, "similar", copies.near() + " groups, " + copies.nearCrossing() + " of them in training and held-out data");
    row(out, "captions", texts.count() + ", " + range(texts.perPhoto()) + " a photo");
    row(out, "words", range(texts.words()) + " a caption; " + texts.differentWords() + " different ones");
    texts.repeated().forEach((caption, photos) -> row(out, "repeated", photos + " times: " + shortened(caption)));
    if (texts.conversations() > 0) {
      row(out, "conversations", String.valueOf(texts.conversations()));
    }
    pictures.broken().stream().limit(MOST_LINES).forEach(bad -> out.println("  broken: " + bad.reason()));
    copies.groups().stream()
        .filter(DataReport.Group::crossing)
        .limit(MOST_LINES)
        .forEach(
            group ->
                out.printf(
                    "  across the split, %s: %s%n", group.exact() ? "equal" : "similar", shortened(String.join(", ", group.images()))));
    report.findings().forEach(finding -> out.println(finding.verdict().word() + ": " + finding.text()));
    out.println("verdict: " + report.verdict().word());
  }

  private static void row(PrintStream out, String name, String value) {
    out.printf("  %-14s %s%n", name, value);
  }

  private static String range(DataReport.Range range) {
    return range.least() + " / " + range.median() + " / " + range.most();
  }

  private static String shortened(String text) {
    return text.length() <= 100 ? text : text.substring(0, 99) + "…";
  }
}
