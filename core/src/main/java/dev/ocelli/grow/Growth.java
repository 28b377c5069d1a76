package dev.ocelli.grow;

import dev.ocelli.FolderLock;
import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.data.BadPhotos;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.generate.Captioner;
import dev.ocelli.grow.Grown.Origin;
import dev.ocelli.model.FeatureBuilder;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.nn.Scope;
import dev.ocelli.train.TrainedRun;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Fills a data folder with what models write, as BLIP does (Li et al. 2022, section 3.3): the trained model describes photos that have no
 * caption, and its own stage 1 throws away what doesn't fit; then the language model writes captions in other words and asks questions of them.
 * Photos that are held out are never captioned, written anew or asked about.
 */
public final class Growth {
  private static final int AT_ONCE = 16;

  /**
   * How a call ended.
   *
   * @param finished false where it was stopped, to go on later; then there is nothing else
   * @param grown all that was written, kept or not
   * @param photos the files of photos that were captioned or written of
   */
  public record Result(boolean finished, GrowReport report, List<Grown> grown, List<Photo> photos) {}

  private final TrainedRun run;
  private final GrowSettings settings;
  private final Path features;
  private final Progress progress;
  private final BooleanSupplier stop;
  private final Consumer<String> say;

  /**
   * @param features folder of feature stores
   * @param stop asked between batches: true ends the call, to go on later
   */
  public Growth(TrainedRun run, GrowSettings settings, Path features, Progress progress, BooleanSupplier stop, Consumer<String> say) {
    this.run = run;
    this.settings = settings;
    this.features = features;
    this.progress = progress;
    this.stop = stop;
    this.say = say;
  }

  /** Refuses what can't be grown or written to, before a model is loaded. */
  public static void check(Path data, Path out) {
    new GrowTarget(data, out).check();
    Path captions = GrowTarget.captions(data);
    if (!Files.isRegularFile(captions)) {
      throw UserError.of("%s has no captions.csv or captions.tsv to add to. Make one: ocelli data import.", data);
    }
    UserTable table = UserTable.read(captions);
    if (!table.has("image") || !table.has("caption")) {
      throw UserError.of("%s needs the columns image and caption to be added to. Name them so.", captions);
    }
  }

  /**
   * Writes a data folder with more rows.
   *
   * @param out a new folder, or {@code data} itself, whose own captions file is then kept beside the new one
   */
  public Result grow(Path data, Path out) {
    GrowTarget target = new GrowTarget(data, out);
    target.check();
    CaptionFolder folder = run.data().read(data);
    UserTable table = UserTable.read(GrowTarget.captions(data));
    try (FolderLock lock = FolderLock.take(out, "ocelli data grow")) {
      Result result = grow(target, folder, table);
      if (result.finished()) {
        target.forgetDrafts();
      }
      return result;
    }
  }

  private Result grow(GrowTarget target, CaptionFolder folder, UserTable table) {
    try (Drafts drafts = new Drafts(target.drafts(), key(target.data()))) {
      Set<String> held = Gaps.heldOut(folder, table);
      Gaps gaps = Gaps.find(target.data(), folder, table, held, settings.limit());
      say.accept(gaps.photos().size() + " photos have no caption; " + gaps.heldOut() + " more are held out, " + gaps.copies() + " look like one that is");
      Judge judge = new Judge(run.imageTextScores());
      PhotoFeatures pairs = settings.threshold() == null ? real(folder, held) : null;
      if (stop.getAsBoolean()) {
        return new Result(false, null, List.of(), List.of());
      }
      double[] real = pairs == null ? new double[0] : judge.real(pairs, settings.captions().seed());
      double threshold = settings.threshold() == null ? Judge.quantile(real, settings.quantile()) : settings.threshold();
      BadPhotos bad = new BadPhotos(Integer.MAX_VALUE);
      PhotoFeatures seen = seeing().build(gaps.photos(), features, bad);
      List<Grown> grown = new ArrayList<>();
      if (stop.getAsBoolean() || !describe(seen, drafts)) {
        return new Result(false, null, List.of(), List.of());
      }
      grown.addAll(captions(seen, drafts, judge, threshold));
      List<Photo> photos = new ArrayList<>(seen.photos());
      GrowReport.Share paraphrases = null;
      GrowReport.Share questions = null;
      if (settings.paraphrases() || settings.questions()) {
        PhotoFeatures sources = sources(folder, held, seen, grown);
        if (stop.getAsBoolean()) {
          return new Result(false, null, List.of(), List.of());
        }
        photos.addAll(sources.photos());
        Rewriting rewriting = new Rewriting(run, drafts, settings.captions().seed(), progress, stop);
        List<Grown> more = rewriting.of(sources, judge, threshold, settings.paraphrases(), settings.questions());
        if (more == null) {
          return new Result(false, null, List.of(), List.of());
        }
        paraphrases = settings.paraphrases() ? share(more, Origin.PARAPHRASE) : null;
        questions = settings.questions() ? share(more, Origin.QUESTION) : null;
        grown.addAll(more);
      }
      GrowReport report =
          new GrowReport(
              judge.name(), threshold, real.length, gaps.heldOut() + gaps.copies(),
              gaps.unreadable() + bad.count(), share(grown, Origin.MODEL), paraphrases, questions);
      target.write(folder, held, table, grown, gaps.photos());
      return new Result(true, report, grown, photos);
    }
  }

  /** The run's, but it may be stopped. */
  private FeatureBuilder seeing() {
    FeatureBuilder features = run.features();
    return new FeatureBuilder(features.vision(), features.compute(), features.progress(), stop);
  }

  /** Drafts of other models or settings are of no use, and those of another folder's photos, which may have the same names. */
  private String key(Path data) {
    return Sha256.of(run.fingerprint() + "\n" + settings.captions() + "\n" + data.toAbsolutePath().normalize());
  }

  private static GrowReport.Share share(List<Grown> grown, Origin origin) {
    return GrowReport.Share.of(grown.stream().filter(one -> one.origin() == origin).toList());
  }

  /** Pairs that people wrote and the run has not learnt from, though it may have been chosen by them; held-out ones stay out of this too. */
  private PhotoFeatures real(CaptionFolder folder, Set<String> held) {
    List<Photo> chosen = free(folder, Part.VALIDATION, held);
    List<Photo> photos = chosen.isEmpty() ? free(folder, Part.TRAIN, held) : chosen;
    if (chosen.isEmpty()) {
      say.accept("No photos are set apart from those the run learnt from (data.validation): their pairs score higher, so less is kept");
    }
    if (photos.isEmpty()) {
      throw new UserError("No photo with a caption is left outside the held-out ones, so there is nothing to compare with.");
    }
    return seeing().build(photos, features, new BadPhotos(Integer.MAX_VALUE));
  }

  private static List<Photo> free(CaptionFolder folder, Part part, Set<String> held) {
    return folder.photos(part).stream().filter(photo -> !held.contains(photo.image())).toList();
  }

  /** Whether all photos have a draft of a caption now. */
  private boolean describe(PhotoFeatures photos, Drafts drafts) {
    int n = photos.photos().size();
    try (Captioner captioner = n == 0 ? null : run.captioner();
        Progress.Task task = progress.start("captions", n, "photos")) {
      for (int from = 0; from < n; from += AT_ONCE) {
        int first = from;
        int to = Math.min(n, from + AT_ONCE);
        List<String> of = photos.photos().subList(first, to).stream().map(photo -> "caption " + photo.image()).toList();
        if (of.stream().anyMatch(one -> drafts.get(one) == null)) {
          if (stop.getAsBoolean()) {
            return false;
          }
          Scope.run(
              () -> {
                ByteBuffer buffer = photos.buffer(to - first);
                for (int i = first; i < to; i++) {
                  photos.read(i, buffer);
                }
                drafts.add(of, captioner.answers(photos.tensor(buffer, captioner.vlm().compute()), run.prompt(null), settings.captions(), first));
              });
        }
        task.advance(to - from);
      }
    }
    return true;
  }

  private List<Grown> captions(PhotoFeatures photos, Drafts drafts, Judge judge, double threshold) {
    List<String> texts = photos.photos().stream().map(photo -> Paraphrase.clean(drafts.get("caption " + photo.image()))).toList();
    double[] scores = texts.isEmpty() ? new double[0] : judge.of(photos, texts);
    List<Grown> grown = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      String thrown = Words.of(texts.get(i)).isEmpty() ? "empty" : scores[i] < threshold ? "unlikely" : null;
      grown.add(new Grown(photos.photos().get(i).image(), Origin.MODEL, "", null, texts.get(i), scores[i], thrown));
    }
    return grown;
  }

  /** Photos to learn from with their captions, people's and the model's: what may be written anew. */
  private PhotoFeatures sources(CaptionFolder folder, Set<String> held, PhotoFeatures seen, List<Grown> grown) {
    List<Photo> photos = new ArrayList<>(free(folder, Part.TRAIN, held));
    for (int i = 0; i < grown.size(); i++) {
      if (grown.get(i).kept()) {
        Photo photo = seen.photos().get(i);
        photos.add(new Photo(photo.image(), photo.picture(), List.of(grown.get(i).text()), Part.TRAIN));
      }
    }
    return seeing().build(photos, features, new BadPhotos(Integer.MAX_VALUE));
  }
}
