package dev.ocelli.cli;

import dev.ocelli.UserError;
import dev.ocelli.generate.PhotoAnswers;
import dev.ocelli.generate.QFormerCaptioner;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.image.ImageReader;
import dev.ocelli.model.FeatureBuilder;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ocelli caption}. */
@Command(
    name = "caption",
    mixinStandardHelpOptions = true,
    description = {
      "Describes photos, a line each, or a whole folder into a CSV file. A photo that can't be read is named, the others are described, and the exit code is 1.",
      "A folder may take hours: stopped in whatever way, the same command goes on. The file appears when it is whole."
    },
    footer = {
      "", "Examples:", "  ocelli caption --run runs/first dog.jpg cat.png", "  ocelli caption --run runs/first photos --out captions.csv"
    })
final class CaptionCommand implements Callable<Integer> {
  /** Who speaks. */
  enum Head {
    LANGUAGE,
    QFORMER;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Console console;

  @Mixin private RunOption run;

  @Mixin private SamplingOptions sampling;

  @Mixin private WeightsOption weights;

  @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "JPEG, PNG, GIF, BMP or WebP; or, with --out, one folder of them.")
  private List<Path> images;

  @Option(names = "--out", paramLabel = "CSV", description = "Where a folder's captions go: a table of image,caption.")
  private Path out;

  @Option(names = "--overwrite", description = "Write a finished table anew.")
  private boolean overwrite;

  @Option(
      names = "--head",
      paramLabel = "HEAD",
      defaultValue = "language",
      description = "Who speaks: ${COMPLETION-CANDIDATES} (default: language; qformer is stage 1's own caption, for runs trained with itg).")
  private Head head;

  @Option(names = "--json", description = "Print {\"image\", \"text\"}, a line a photo; of a folder what was done.")
  private boolean json;

  CaptionCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    run.check();
    sampling.check();
    if (out != null || images.size() == 1 && Files.isDirectory(images.get(0))) {
      return folder();
    }
    Images.check(images);
    if (overwrite) {
      throw UserError.of("--overwrite is for a folder's table (--out). Leave it out for single photos.");
    }
    if (head == Head.QFORMER && weights.given()) {
      throw UserError.of("--weights are the language model's, and with --head qformer it says nothing. Leave one of them out.");
    }
    return console.compute(this::work);
  }

  private int folder() throws Exception {
    if (out == null) {
      throw UserError.of("%s is a folder. Say where its captions go: --out captions.csv.", images.get(0));
    }
    if (images.size() != 1 || !Files.isDirectory(images.get(0))) {
      throw UserError.of("--out is for a folder of photos: name one folder. Single photos are described on standard output.");
    }
    if (head == Head.QFORMER) {
      throw UserError.of("--head qformer describes single photos. For a folder leave it out.");
    }
    FolderCaptioning captioning = new FolderCaptioning(console, images.get(0), out, overwrite, json);
    List<String> photos = captioning.check();
    return console.compute(
        () -> {
          try (TrainedRun trained = run.open(console, console.progress())) {
            weights.choose(trained);
            return captioning.work(trained, photos, sampling.over(trained.sampling()));
          }
        });
  }

  private int work() {
    int unread = 0;
    try (TrainedRun trained = run.open(console, console.progress())) {
      weights.choose(trained);
      Function<Path, String> captions = head == Head.QFORMER ? qformer(trained) : language(trained);
      for (Path image : images) {
        try {
          print(image, captions.apply(image));
        } catch (UserError e) {
          console.say("ocelli: " + e.getMessage());
          unread++;
        }
      }
    }
    return unread == 0 ? Ocelli.FINE : Ocelli.MEND_INPUT;
  }

  private Function<Path, String> language(TrainedRun trained) {
    PhotoAnswers answers =
        new PhotoAnswers(trained.features(), trained.captioner(), trained.prompt(null), sampling.over(trained.sampling()));
    return image -> answers.of(image, piece -> {});
  }

  private Function<Path, String> qformer(TrainedRun trained) {
    QFormerCaptioner captioner = trained.qformerCaptioner();
    FeatureBuilder features = trained.features();
    SamplingSettings settings = sampling.over(trained.sampling());
    return image -> {
      try (Tensor seen = features.see(ImageReader.read(image))) {
        return captioner.captions(seen, settings, 0, piece -> {}).get(0);
      }
    };
  }

  private void print(Path image, String text) {
    if (json) {
      console.json(row(image, text));
    } else {
      console.out().println(images.size() == 1 ? text : image + ": " + text);
      console.out().flush();
    }
  }

  static Map<String, Object> row(Path image, String text) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("image", image.toString());
    row.put("text", text);
    return row;
  }
}
