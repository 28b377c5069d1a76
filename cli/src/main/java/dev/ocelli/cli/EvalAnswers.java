package dev.ocelli.cli;

import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Questions;
import dev.ocelli.data.SplitSettings;
import dev.ocelli.train.Answers;
import dev.ocelli.train.FrozenModels;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ocelli eval answers}. */
@Command(
    name = "answers",
    mixinStandardHelpOptions = true,
    description = {
      "Asks the questions of questions.csv and says how many answers are right, by kind. Beside it: the same model without a photo, with"
          + " another photo, and with another photo's question; and the answer that is most frequent in training.",
      "A model that looks is far better with its photo than without. The honest comparison is with a twin that never saw any: train it with"
          + " --set stage2.blank_image=true and name it here by --blank. Without one, this model itself is asked with its image slot blanked."
    },
    footer = {
      "",
      "Examples:",
      "  ocelli eval answers --run runs/first --data scenes",
      "  ocelli eval answers --run runs/first --blank runs/blind --data scenes --split unseen --json"
    })
final class EvalAnswers implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec;

  @Mixin private RunOption run;

  @Option(names = "--blank", paramLabel = "RUN", description = "The same model trained with stage2.blank_image=true.")
  private Path blank;

  @Mixin private DataOptions data;

  @Option(names = "--limit", paramLabel = "N", description = "Only N questions, evenly out of all.")
  private int limit = Integer.MAX_VALUE;

  @Option(names = "--out", paramLabel = "F.jsonl", description = "Write each question with its answers.")
  private Path out;

  @Option(
      names = "--json",
      description = "Print questions, counts, accuracy, blank, blank_is, guess, photo_swapped, question_swapped as JSON; percent, by kind.")
  private boolean json;

  EvalAnswers(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (limit < 1) {
      throw new CommandLine.ParameterException(spec.commandLine(), "--limit is " + limit + "; it must be 1 or more.");
    }
    run.check();
    OutFile.check("--out", out);
    if (blank != null) {
      RunOption.check(blank);
    }
    data.check();
    if (Questions.read(data.path(), CaptionFolder.read(data.path(), new SplitSettings(0, 0, 0))).isEmpty()) {
      throw UserError.of("%s has no questions.csv. Add one, with the columns image, question and answer.", data.path());
    }
    return console.compute(this::work);
  }

  private int work() {
    Progress progress = console.progress();
    try (FrozenModels frozen = new FrozenModels(console.pull(), progress);
        TrainedRun trained = TrainedRun.open(run.path(), frozen, progress, console::warn);
        TrainedRun twin = blank == null ? null : TrainedRun.open(blank, frozen, progress, console::warn)) {
      Answers answers = Answers.of(trained, twin, data.path(), data.parts(), limit, true, data.features(console), progress);
      if (out != null) {
        StringBuilder lines = new StringBuilder();
        answers.rows().forEach(row -> lines.append(Console.toJson(row)).append('\n'));
        AtomicFile.write(out, lines.toString());
      }
      if (json) {
        console.json(answers.scores());
      } else {
        AnswerTable.of(answers.scores()).forEach(console.out()::println);
      }
    }
    return Ocelli.FINE;
  }
}
