package dev.ocelli.cli;

import dev.ocelli.UserError;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.image.ImageReader;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ocelli match}. */
@Command(
    name = "match",
    mixinStandardHelpOptions = true,
    description = {
      "Whether a photo and a text belong together: yes or no with the probability (matching, ITM), and how alike they are (contrast, ITC).",
      "Stage 1 answers, with the objectives that it was trained with."
    },
    footer = {"", "Example:", "  ocelli match --run runs/first dog.jpg \"a dog in the snow\""})
final class MatchCommand implements Callable<Integer> {
  private final Console console;

  @Mixin private RunOption run;

  @Parameters(index = "0", paramLabel = "IMAGE", description = "JPEG, PNG, GIF, BMP or WebP.")
  private Path image;

  @Parameters(index = "1", paramLabel = "TEXT", description = "In quotes.")
  private String text;

  @Option(names = "--json", description = "Print {\"image\", \"text\", \"match\", \"probability\", \"similarity\"}; null for what wasn't trained.")
  private boolean json;

  MatchCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    run.check();
    Images.check(List.of(image));
    if (text.isBlank()) {
      throw new UserError("The text is empty. Say what should be in the photo.");
    }
    return console.compute(this::work);
  }

  private int work() {
    try (TrainedRun trained = run.open(console, console.progress())) {
      ImageTextScores scores = trained.imageTextScores();
      if (scores.model().contrast() == null && scores.model().match() == null) {
        throw UserError.of("%s was trained with neither itc nor itm (stage1.objectives), so it can't match. Train a run with one.", run.path());
      }
      console.warnCut(scores, text);
      try (Tensor seen = trained.features().see(ImageReader.read(image))) {
        print(scores.of(seen, text));
      }
    }
    return Ocelli.FINE;
  }

  private void print(ImageTextScores.Match match) {
    Double probability = match.probability();
    if (json) {
      Map<String, Object> row = CaptionCommand.row(image, text);
      row.put("match", probability == null ? null : probability >= 0.5);
      row.put("probability", probability);
      row.put("similarity", match.similarity());
      console.json(row);
      return;
    }
    String yes = probability == null ? null : String.format(Locale.ROOT, "%s, probability %.3f", probability >= 0.5 ? "yes" : "no", probability);
    String alike = match.similarity() == null ? null : String.format(Locale.ROOT, "similarity %.3f", match.similarity());
    if (yes == null) {
      console.out().println(alike + " (no yes or no: the run was trained without itm)");
    } else {
      console.out().println(alike == null ? yes : yes + ", " + alike);
    }
  }
}
