package dev.ocelli.cli;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.image.ImageReader;
import dev.ocelli.search.MatchRanking.Ranked;
import dev.ocelli.search.PhotoSearch;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ocelli search}. */
@Command(
    name = "search",
    mixinStandardHelpOptions = true,
    description = {
      "Finds the photos of an index that fit a text, or that are like another photo. Best first, each with its similarity.",
      "The run that the index was made with must still be there."
    },
    footer = {
      "",
      "Examples:",
      "  ocelli search --index photos.index \"a dog in the snow\" --html dogs.html",
      "  ocelli search --index photos.index --image dog.jpg"
    })
final class SearchCommand implements Callable<Integer> {
  /** Photos of a sheet at most: each is some hundred kB of memory. */
  private static final int SHEET = 1000;

  private final Console console;

  @Spec private CommandSpec spec;

  @Option(names = "--index", required = true, paramLabel = "INDEX", description = "The folder that ocelli index wrote.")
  private Path folder;

  @Parameters(arity = "0..1", paramLabel = "TEXT", description = "In quotes, as a caption would say it.")
  private String text;

  @Option(names = "--image", paramLabel = "PHOTO", description = "Find photos like this one, instead of TEXT. The same picture is not listed.")
  private Path image;

  @Option(names = "--best", paramLabel = "N", defaultValue = "12", description = "How many photos (default: 12).")
  private int best;

  @Option(
      names = "--rerank",
      paramLabel = "K",
      description = "Let matching rank the best K once more, for runs trained with itm. It looks at each of these photos again: 16 take a second or two.")
  private int rerank;

  @Option(names = "--exact", description = "Compare all photos, also where the index is so large that a graph is searched.")
  private boolean exact;

  @Option(names = "--html", paramLabel = "SHEET", description = "Draw the photos found, 1000 at most, and where the best fitting query looks on each.")
  private Path html;

  @Option(names = "--run", paramLabel = "RUN", description = "Where the run lies now, if it was moved since the index was made.")
  private Path run;

  @Option(names = "--json", description = "Print {\"text\", \"image\", \"hits\": [{\"photo\", \"similarity\", \"probability\"}]}.")
  private boolean json;

  SearchCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    String wrong =
        (text == null) == (image == null) ? "Say what to search for: a text in quotes, or --image PHOTO."
            : best < 1 ? "--best is " + best + "; it must be 1 or more."
            : rerank < 0 ? "--rerank is " + rerank + "; it must be 1 or more, or 0 for none."
            : rerank > 0 && image != null ? "--rerank matches photos with a text; it can't be used with --image."
            : null;
    if (wrong != null) {
      throw new CommandLine.ParameterException(spec.commandLine(), wrong);
    }
    if (text != null && text.isBlank()) {
      throw new UserError("The text is empty. Say what should be in the photo.");
    }
    PhotoSearch.check(folder);
    OutFile.check("--html", html);
    if (image != null) {
      Images.check(List.of(image));
    }
    if (run != null) {
      RunOption.check(run);
    }
    return console.compute(this::work);
  }

  private int work() {
    try (PhotoSearch search = PhotoSearch.open(folder)) {
      Path from = run == null ? search.identity().run() : run;
      if (!Files.isDirectory(from)) {
        throw UserError.of("%s was made with the run %s, which is not there. Say where it lies now (--run).", folder, from);
      }
      try (TrainedRun trained = TrainedRun.open(from, console.pull(), console.progress(), console::warn)) {
        if (image != null || rerank > 0 || html != null) {
          search.identity().check(trained.indexIdentity(), folder);
        } else {
          search.identity().check(from, trained.stage1Sha256(), folder);
        }
        if (html != null && Math.min(best, search.photos()) > SHEET) {
          throw UserError.of("--html draws %d photos at most; --best is %d. Ask for fewer.", SHEET, best);
        }
        if (search.photos() == 0) {
          console.warn(folder + " holds no photo. If ocelli index was stopped, the same command goes on from there.");
        }
        if (text != null) {
          console.warnCut(trained.searchable(), text);
        }
        if (rerank > 0 && trained.searchable().model().match() == null) {
          throw UserError.of("%s was trained without matching (stage1.objectives.itm: 0), which --rerank needs. Train a run with it.", from);
        }
        PhotoFinder finder = new PhotoFinder(search, trained, exact ? PhotoSearch.Way.EXACT : PhotoSearch.Way.QUICK, console::warn);
        List<Ranked> found = image == null ? finder.text(text, best, rerank) : finder.like(image, best);
        print(found);
        if (html != null) {
          AtomicFile.write(html, new FoundSheet(text, image == null ? null : ImageReader.read(image), finder.items(found, text)).html());
          console.say("Drawn in " + html);
        }
      }
    }
    return Ocelli.FINE;
  }

  private void print(List<Ranked> found) {
    if (json) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("text", text);
      row.put("image", image == null ? null : image.toString());
      row.put("hits", found.stream().map(SearchCommand::row).toList());
      console.json(row);
      return;
    }
    for (Ranked ranked : found) {
      String match = ranked.probability() == null ? "" : String.format(Locale.ROOT, "  match %.3f", ranked.probability());
      console.out().printf(Locale.ROOT, "%6.3f%s  %s%n", ranked.hit().similarity(), match, ranked.hit().photo());
    }
  }

  private static Map<String, Object> row(Ranked ranked) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("photo", ranked.hit().photo().toString());
    row.put("similarity", ranked.hit().similarity());
    row.put("probability", ranked.probability());
    return row;
  }
}
