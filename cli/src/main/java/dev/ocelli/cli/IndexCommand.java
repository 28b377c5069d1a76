package dev.ocelli.cli;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.BadPhotos;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.search.IndexCheck;
import dev.ocelli.search.IndexIdentity;
import dev.ocelli.search.PhotoIndex;
import dev.ocelli.search.PhotoIndexer;
import dev.ocelli.search.PhotoSearch;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ocelli index}. */
@Command(
    name = "index",
    mixinStandardHelpOptions = true,
    description = {
      "Makes photos findable by ocelli search: looks at each once and keeps its vectors, 4 KB a photo (66 KB where the run was trained with"
          + " stage1.similarity: best; half of these without a glance).",
      "The same command again adds what is new, looks again at what changed, and removes what is gone from the folders named. Ctrl-C stops it; "
          + "the same command goes on from there."
    },
    footer = {
      "",
      "Examples:",
      "  ocelli index --run runs/first photos --out photos.index",
      "  ocelli index --forget photos/2019 --out photos.index",
      "  ocelli index --check --out photos.index"
    })
final class IndexCommand implements Callable<Integer> {
  private static final int BEST = 10;
  private static final int TRIALS = 200;

  private final Console console;

  /** Whether an older index is gone. */
  private boolean cleared;

  @Spec private CommandSpec spec;

  @Option(names = "--run", paramLabel = "RUN", description = "The folder that ocelli train wrote, with a stage 1 trained by contrast (itc).")
  private Path run;

  @Parameters(arity = "0..*", paramLabel = "PHOTOS", description = "Photos, and folders with photos at any depth.")
  private List<Path> places;

  @Option(names = "--out", required = true, paramLabel = "INDEX", description = "The folder of the index.")
  private Path out;

  @Option(names = "--overwrite", description = "Make the index anew. To go on after a stop, leave it out.")
  private boolean overwrite;

  @Option(
      names = "--forget",
      paramLabel = "PLACE",
      description = "Take out the photos of a folder, or a photo, that need not be there any more. May be given several times; needs no --run.")
  private List<Path> forget;

  @Option(
      names = "--check",
      description = "Print how many of the ten best photos a quick search finds, against comparing all (its recall): for captions the run was "
          + "not trained on, where its data is still there, else for photos of the index.")
  private boolean check;

  @Mixin private FeaturesFolder features;

  @Option(names = "--json", description = "Print what was done, or the check, as JSON.")
  private boolean json;

  IndexCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (check) {
      if (places != null || overwrite || forget != null) {
        throw new CommandLine.ParameterException(spec.commandLine(), "--check looks at a finished index: leave out PHOTOS, --overwrite and --forget.");
      }
      PhotoSearch.check(out);
      return console.compute(this::check);
    }
    if (forget != null) {
      if (places != null || overwrite || run != null) {
        throw new CommandLine.ParameterException(spec.commandLine(), "--forget only takes photos out: leave out PHOTOS, --run and --overwrite.");
      }
      try (PhotoIndex index = PhotoIndex.reopen(out)) {
        print(PhotoIndexer.forget(index, forget));
      }
      return Ocelli.FINE;
    }
    if (run == null || places == null) {
      throw new CommandLine.ParameterException(spec.commandLine(), "Name the run (--run) and the photos or their folders.");
    }
    RunOption.check(run);
    for (Path place : places) {
      if (!Files.exists(place)) {
        throw UserError.of("There is no photo or folder %s. If it is gone for good, --forget takes its photos out of an index.", place);
      }
    }
    PhotoIndex.check(out);
    PhotoIndexer.check(places);
    try (StopSignal stop = new StopSignal("Stopping; what is indexed is kept. Once more ends at once.", console::say)) {
      int code = console.compute(() -> index(stop));
      console.sayLeaveOut(cleared && stop.exitCode() != 0);
      return stop.exitCode() == 0 ? code : stop.exitCode();
    }
  }

  private int index(StopSignal stop) {
    try (TrainedRun trained = TrainedRun.open(run, console.pull(), console.progress(), console::warn)) {
      ImageTextScores scores = trained.searchable();
      // Before anything is removed: the encoder may not be there.
      IndexIdentity identity = trained.indexIdentity();
      if (stop.getAsBoolean()) {
        return Ocelli.FINE; // the signal says what it ends with
      }
      if (overwrite && Files.exists(out)) {
        PhotoIndex.clear(out);
        cleared = true;
      }
      try (PhotoIndex index = PhotoIndex.open(out, identity)) {
        Path skipped = out.resolve("skipped.csv");
        AtomicFile.delete(skipped);
        BadPhotos bad = new BadPhotos(Integer.MAX_VALUE);
        PhotoIndexer indexer =
            new PhotoIndexer(scores, trained.features(stop), features.path(console), console.progress(), console::warn, stop);
        PhotoIndexer.Report report = indexer.update(index, places, bad);
        if (bad.count() > 0) {
          AtomicFile.write(skipped, bad.csv());
        }
        print(report);
      }
    }
    return Ocelli.FINE;
  }

  private void print(PhotoIndexer.Report report) {
    if (json) {
      console.json(report);
      return;
    }
    console.out().printf(
        "%s: %d photos (%d added, %d updated, %d unchanged, %d removed)%s%n",
        out, report.photos(), report.added(), report.updated(), report.unchanged(), report.removed(),
        report.skipped() == 0 ? "" : String.format("; %d can't be used, see %s", report.skipped(), out.resolve("skipped.csv")));
  }

  private int check() {
    try (PhotoSearch search = PhotoSearch.open(out)) {
      List<float[]> texts = new ArrayList<>();
      String kind = "photos of the index";
      if (search.hasGraph()) {
        List<String> captions = captions(search, texts);
        kind = captions.isEmpty() ? kind : "held-out captions";
        if (captions.isEmpty()) {
          texts.addAll(search.wholes(TRIALS));
        }
      }
      IndexCheck found = IndexCheck.of(search, texts, BEST);
      if (json) {
        console.json(found);
      } else if (!found.graph()) {
        console.out().printf("%s: %d photos, %d vectors. All are compared in a search, so it finds the best.%n", out, found.photos(), found.vectors());
      } else {
        console.out().printf(
            Locale.ROOT, "%s: %d photos, %d vectors. Recall of the best %d: %.3f over %d %s; %.1f ms a search, %.1f ms comparing all.%n",
            out, found.photos(), found.vectors(), found.best(), found.recall(), found.queries(), kind, found.quickMedian(), found.exactMedian());
      }
    }
    return Ocelli.FINE;
  }

  /** Fills in the vectors of captions spread over those held out, where the index's run and its data are still there. */
  private List<String> captions(PhotoSearch search, List<float[]> texts) {
    Path from = run == null ? search.identity().run() : run;
    if (run == null && !Files.isDirectory(from)) {
      return List.of();
    }
    try (TrainedRun trained = TrainedRun.open(from, console.pull(), console.progress(), console::warn)) {
      search.identity().check(from, trained.stage1Sha256(), out);
      List<String> all = trained.data().heldOutCaptions();
      int step = Math.max(1, all.size() / TRIALS);
      List<String> some = Stream.iterate(0, i -> i < all.size(), i -> i + step).limit(TRIALS).map(all::get).toList();
      if (!some.isEmpty()) {
        texts.addAll(trained.searchable().textVectors(some));
      }
      return some;
    }
  }
}
