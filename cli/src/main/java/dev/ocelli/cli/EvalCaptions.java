package dev.ocelli.cli;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.data.Photo;
import dev.ocelli.eval.CaptionMetrics;
import dev.ocelli.eval.CaptionScores;
import dev.ocelli.eval.SceneScores;
import dev.ocelli.generate.Captioner;
import dev.ocelli.generate.PhotoCaptions;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ocelli eval captions}. */
@Command(
    name = "captions",
    mixinStandardHelpOptions = true,
    description = "Describes photos and compares with what people wrote of them: BLEU, CIDEr-D, ROUGE-L.",
    footer = {"", "Example:", "  ocelli eval captions --run runs/first --data photos --limit 200 --out captions.jsonl"})
final class EvalCaptions implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec;

  @Mixin private RunOption run;

  @Mixin private DataOptions data;

  @Mixin private SamplingOptions sampling;

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N photos by name.")
  private int limit = Integer.MAX_VALUE;

  @Option(names = "--out", paramLabel = "F.jsonl", description = "Write each caption beside its references and scores.")
  private Path out;

  @Option(names = "--json", description = "Print bleu1 to bleu4, cider, rouge_l, captions as JSON.")
  private boolean json;

  EvalCaptions(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (limit < 1) {
      throw new CommandLine.ParameterException(spec.commandLine(), "--limit is " + limit + "; it must be 1 or more.");
    }
    run.check();
    OutFile.check("--out", out);
    sampling.check();
    data.check();
    return console.compute(this::work);
  }

  private int work() {
    Progress progress = console.progress();
    try (TrainedRun trained = run.open(console, progress)) {
      Captioner captioner = trained.captioner();
      PhotoFeatures photos = trained.forLanguage(trained.data().photos(data.path(), data.parts(), limit, data.features(console)));
      List<String> captions =
          new PhotoCaptions(captioner, trained.prompt(null), sampling.over(trained.sampling()), progress).of(photos);
      CaptionMetrics metrics = CaptionMetrics.of(captions, photos.photos().stream().map(Photo::captions).toList());
      if (out != null) {
        // Before anything that can fail: saying all this took long.
        AtomicFile.write(out, lines(photos.photos(), captions, metrics));
      }
      SceneScores scenes = SceneScores.of(data.path(), photos.photos(), captions);
      if (json) {
        console.json(scenes == null ? metrics.scores() : new WithSlots(metrics.scores(), scenes));
      } else {
        SummaryTable.of(metrics.scores()).forEach(console.out()::println);
        if (scenes != null) {
          AnswerTable.of(scenes.own(), scenes.other()).forEach(console.out()::println);
        }
      }
    }
    return Ocelli.FINE;
  }

  /** On scenes, what each caption names is known to be right or wrong. */
  private record WithSlots(@JsonUnwrapped CaptionScores scores, SceneScores slots) {}

  static String lines(List<Photo> photos, List<String> captions, CaptionMetrics metrics) {
    StringBuilder text = new StringBuilder();
    double[] cider = metrics.cider();
    double[] rouge = metrics.rougeL();
    for (int i = 0; i < captions.size(); i++) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("image", photos.get(i).image());
      row.put("text", captions.get(i));
      row.put("references", photos.get(i).captions());
      row.put("cider", cider[i]);
      row.put("rouge_l", rouge[i]);
      text.append(Console.toJson(row)).append('\n');
    }
    return text.toString();
  }
}
