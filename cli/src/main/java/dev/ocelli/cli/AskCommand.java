package dev.ocelli.cli;

import dev.ocelli.UserError;
import dev.ocelli.generate.PhotoAnswers;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ocelli ask}. */
@Command(
    name = "ask",
    mixinStandardHelpOptions = true,
    description = "Answers a question about a photo, word by word as the answer comes.",
    footer = {"", "Example:", "  ocelli ask --run runs/first dog.jpg \"What is the dog doing?\""})
final class AskCommand implements Callable<Integer> {
  private final Console console;

  @Mixin private RunOption run;

  @Mixin private SamplingOptions sampling;

  @Mixin private WeightsOption weights;

  @Parameters(index = "0", paramLabel = "IMAGE", description = "JPEG, PNG, GIF, BMP or WebP.")
  private Path image;

  @Parameters(index = "1", paramLabel = "QUESTION", description = "In quotes.")
  private String question;

  @Option(names = "--json", description = "Print {\"image\", \"question\", \"text\"} once the answer is whole.")
  private boolean json;

  AskCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    run.check();
    sampling.check();
    if (question.isBlank()) {
      throw UserError.of("There is no question. Ask one, or let ocelli caption describe the photo.");
    }
    Images.check(List.of(image));
    return console.compute(this::work);
  }

  private int work() {
    try (TrainedRun trained = run.open(console, console.progress())) {
      weights.choose(trained);
      PhotoAnswers answers =
          new PhotoAnswers(trained.features(), trained.captioner(), trained.prompt(question), sampling.over(trained.sampling()));
      String text = answers.of(image, json ? piece -> {} : this::hear);
      if (json) {
        Map<String, Object> row = CaptionCommand.row(image, text);
        row.put("question", question);
        console.json(row);
      } else {
        console.out().println();
      }
    }
    return Ocelli.FINE;
  }

  private void hear(String piece) {
    console.out().print(piece);
    console.out().flush();
  }
}
