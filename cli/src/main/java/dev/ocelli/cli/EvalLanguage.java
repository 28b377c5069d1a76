package dev.ocelli.cli;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.eval.LanguageLoss;
import dev.ocelli.eval.LanguageScores;
import dev.ocelli.train.TrainedRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ocelli eval language}. */
@Command(
    name = "language",
    mixinStandardHelpOptions = true,
    description = "What training cost the language model's old knowledge: the loss of plain text with and without the adapters.",
    footer = {"", "Example:", "  ocelli eval language --run runs/first --text article.txt --json"})
final class EvalLanguage implements Callable<Integer> {
  private final Console console;

  @Mixin private RunOption run;

  @Option(names = "--text", required = true, paramLabel = "FILE", description = "Plain text in UTF-8.")
  private Path text;

  @Option(names = "--json", description = "Print loss_with, loss_without, difference, tokens as JSON.")
  private boolean json;

  EvalLanguage(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    run.check();
    String words = read();
    return console.compute(() -> work(words));
  }

  private String read() {
    try {
      return Files.readString(text);
    } catch (IOException e) {
      throw new UserError("Can't read " + text + ": " + AtomicFile.reason(e) + ". Give plain text in UTF-8.", e);
    }
  }

  private int work(String words) {
    try (TrainedRun trained = run.open(console, console.progress())) {
      LanguageScores scores =
          new LanguageLoss(trained.vlm().language(), trained.vlm().lora(), trained.vlm().compute(), trained.language().tokenizer())
              .score(words, console.progress());
      if (json) {
        console.json(scores);
      } else {
        console
            .out()
            .printf(
                Locale.ROOT,
                "  language        loss %.4f with the adapters, %.4f without: %+.4f, over %d tokens%n",
                scores.lossWith(), scores.lossWithout(), scores.difference(), scores.tokens());
      }
    }
    return Ocelli.FINE;
  }
}
