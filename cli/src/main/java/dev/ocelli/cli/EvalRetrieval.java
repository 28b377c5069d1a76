package dev.ocelli.cli;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.eval.Retrieval;
import dev.ocelli.eval.RetrievalReport;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ocelli eval retrieval}. */
@Command(
    name = "retrieval",
    mixinStandardHelpOptions = true,
    description = "How often stage 1 finds a photo's caption among all captions, and a caption's photo among all photos (percent).",
    footer = {"", "Example:", "  ocelli eval retrieval --run runs/first --data photos --split test --json"})
final class EvalRetrieval implements Callable<Integer> {
  private static final int PAGE = 12;
  private static final int THUMBNAIL = 144;

  private final Console console;

  @Spec private CommandSpec spec;

  @Mixin private RunOption run;

  @Mixin private DataOptions data;

  @Option(
      names = "--rerank",
      paramLabel = "K",
      description = "Let matching rank the best K of contrast once more, for runs trained with itm. The paper takes 128; 16 is quick.")
  private int rerank;

  @Option(names = "--html", paramLabel = "FILE", description = "Draw the first 12 photos against their captions.")
  private Path html;

  @Option(
      names = "--json",
      description = "Print i2t_r1, i2t_r5, i2t_r10, t2i_r1, t2i_r5, t2i_r10, images, captions as JSON, and 95%% intervals.")
  private boolean json;

  EvalRetrieval(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (rerank < 0) {
      throw new CommandLine.ParameterException(spec.commandLine(), "--rerank is " + rerank + "; it must be 1 or more, or 0 for none.");
    }
    run.check();
    data.check();
    OutFile.check("--html", html);
    return console.compute(this::work);
  }

  private int work() {
    try (TrainedRun trained = run.open(console, console.progress())) {
      Retrieval retrieval = trained.retrieval();
      if (rerank > 0 && retrieval.scores().model().match() == null) {
        throw UserError.of("%s was trained without matching (stage1.objectives.itm: 0), which --rerank needs. Train a run with it.", run.path());
      }
      PhotoFeatures photos = trained.data().photos(data.path(), data.parts(), data.features(console));
      if (html != null) {
        AtomicFile.write(html, page(trained, retrieval.scores(), photos).html());
      }
      RetrievalReport report = retrieval.report(photos, rerank, trained.recipe().seed());
      if (json) {
        console.json(report);
      } else {
        SummaryTable.of(report).forEach(console.out()::println);
      }
    }
    return Ocelli.FINE;
  }

  private static SimilarityPage page(TrainedRun trained, ImageTextScores scores, PhotoFeatures photos) {
    PhotoFeatures first = photos.with(photos.photos().subList(0, Math.min(PAGE, photos.photos().size())));
    List<String> captions = first.photos().stream().map(p -> p.captions().get(0)).toList();
    Preprocessing preprocessing = trained.features().vision().preprocessing();
    List<String> pictures =
        first.photos().stream().map(p -> Html.address(preprocessing.geometry(p.picture().rgb()), THUMBNAIL)).toList();
    return new SimilarityPage(pictures, captions, scores.matrix(first, captions));
  }
}
