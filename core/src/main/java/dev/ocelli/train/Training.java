package dev.ocelli.train;

import dev.ocelli.AtomicFile;
import dev.ocelli.FolderLock;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.BadPhotos;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Captions;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Questions;
import dev.ocelli.data.SplitSettings;
import dev.ocelli.model.FeatureBuilder;
import dev.ocelli.model.ModelConfigs;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.Pull;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A whole run, from a folder of photos to a model that describes them.
 *
 * @param features folder of feature stores, shared between runs
 * @param progress of long work
 * @param say one line for people, now and then
 * @param stop asked often: true ends the run at the next safe point, to go on later
 */
public record Training(Pull pull, Path features, Progress progress, Consumer<String> say, BooleanSupplier stop) {
  /** In run.json: the SHA-256 of the files of questions. */
  private static final String QUESTIONS = "questions_sha256";

  /** How a call of {@link #train} ended. */
  public enum Outcome {
    FINISHED,
    STOPPED
  }

  /**
   * Trains the stages asked for, going on where an earlier call on the same folder stopped.
   *
   * @param stage1 whether to train the Q-Former
   * @param stage2 whether to train the vision-language model
   * @param overwrite whether a finished run, or one of another recipe, may be replaced
   */
  public Outcome train(Recipe recipe, Path data, RunFolder run, boolean stage1, boolean stage2, boolean overwrite) {
    return train(recipe, data, run, stage1, stage2, overwrite, () -> {});
  }

  /**
   * As {@link #train(Recipe, Path, RunFolder, boolean, boolean, boolean)}.
   *
   * @param between what is to be done when stage 1 has ended and stage 2 hasn't begun
   */
  public Outcome train(
      Recipe recipe, Path data, RunFolder run, boolean stage1, boolean stage2, boolean overwrite, Runnable between) {
    SplitSettings split = new SplitSettings(recipe.data().test(), recipe.data().validation(), recipe.seed());
    // Before anything is cleared: data that can't be used must not cost an older run its folder.
    CaptionFolder found = CaptionFolder.read(data, split);
    checkCaptions(recipe, found);
    found.missing().forEach(new BadPhotos(recipe.data().maxBadPhotos())::add);
    try (FolderLock lock = FolderLock.take(run.path(), "ocelli train")) {
      return trainLocked(recipe, data, split, run, stage1, stage2, overwrite, between);
    }
  }

  private Outcome trainLocked(
      Recipe recipe, Path data, SplitSettings split, RunFolder run, boolean stage1, boolean stage2, boolean overwrite, Runnable between) {
    run.recover();
    List.of(run.path(), run.checkpoint("qformer").getParent()).forEach(AtomicFile::tidy);
    if (overwrite && run.exists()) {
      // Before anything is cleared: what can't be trained must not cost an older run its folder.
      CaptionFolder found = CaptionFolder.read(data, split);
      Compute compute = Compute.of(recipe.precision(), recipe.device());
      Pretrained pretrained = pretrained(recipe, compute);
      checkModels(pretrained, recipe, found, Questions.read(data, found), stage1, stage2);
      Pretrained.Vision vision = pretrained.vision(recipe.models().vision(), recipe.features().encoderLayers());
      if (!stage1) {
        run.identify("vision", vision.identity());
      }
      if (stop.getAsBoolean()) {
        return Outcome.STOPPED;
      }
    }
    if (new RunStart(recipe, run, say).nothingLeft(stage1, stage2, overwrite)) {
      return Outcome.FINISHED;
    }
    CaptionFolder folder =
        Files.exists(run.split()) ? CaptionFolder.readGrown(data, split, run.split()) : CaptionFolder.read(data, split);
    if (run.about().get("data") instanceof Map<?, ?> known && !folder.sha256().equals(known.get("sha256"))) {
      throw UserError.of(
          "%s: captions or photos have changed since the run in %s began. Restore them, or start a new run folder.", data, run.path());
    }
    if (overwrite && !stage1) {
      run.clearVlm();
      say.accept("Stage 2 of the run in " + run.path() + " begins anew; its Q-Former is kept");
    }
    if (recipe.threads() > 0) {
      torch.set_num_threads(recipe.threads());
    }
    Questions questions = questions(recipe, data, folder, run);
    folder.warnings().forEach(say);
    questions.warnings().forEach(say);
    new Recipes().save(recipe, run.recipe());
    folder.writeSplit(run.split());
    run.note("data", Map.of("folder", data.toAbsolutePath().normalize().toString(), "sha256", folder.sha256(), QUESTIONS, questions.sha256()));

    // Features and checkpoints are of the type that the run began with, and on another machine auto may choose the other one.
    boolean auto = recipe.precision().equals("auto");
    Object noted = auto ? run.about().get("precision") : null;
    Compute compute = Compute.of(noted instanceof String known ? known : recipe.precision(), recipe.device());
    run.note("precision", compute.precision());
    if (auto) {
      say.accept("Computing in " + compute.precision() + (noted == null ? ", the faster here" : ", as the run began"));
    }
    Pretrained pretrained = pretrained(recipe, compute);
    checkModels(pretrained, recipe, folder, questions, stage1 && !run.finished("qformer"), stage2);
    Pretrained.Vision vision = recipe.features().shown(pretrained.vision(recipe.models().vision(), recipe.features().encoderLayers()));
    run.identify("vision", vision.identity());
    if (folder.photos(Part.VALIDATION).isEmpty() && recipe.data().validation() > 0) {
      throw UserError.of(
          "%s: of %d photos to train on none can be spared to choose the best checkpoint by (one that people described). Add some, or set"
              + " data.validation=0.",
          data, folder.photos(Part.TRAIN).size());
    }
    BadPhotos bad = new BadPhotos(recipe.data().maxBadPhotos(), run.skipped());
    folder.missing().forEach(bad::add);
    List<Photo> used = Stream.concat(folder.photos(Part.TRAIN).stream(), folder.photos(Part.VALIDATION).stream()).toList();
    FeatureBuilder builder = new FeatureBuilder(vision, compute, progress, stop);
    long began = System.nanoTime();
    PhotoFeatures seen = builder.build(used, features, bad, recipe.features().views());
    PhotoFeatures train = builder.withViews(seen.with(part(seen, Part.TRAIN)), recipe.features().photoViews(), features, bad);
    run.note("features", Map.of("seconds_of_last_call", (System.nanoTime() - began) / 1_000_000 / 1e3));
    if (stop.getAsBoolean()) {
      return Outcome.STOPPED;
    }
    PhotoFeatures validation = seen.with(part(seen, Part.VALIDATION));
    if (train.photos().isEmpty()) {
      throw UserError.of("%s: no photo is left to train on. Look at %s.", data, run.skipped());
    }
    if (validation.photos().isEmpty() && recipe.data().validation() > 0) {
      throw UserError.of("%s: no photo is left to choose the best checkpoint by. Look at %s, or set data.validation=0.", data, run.skipped());
    }
    say.accept(
        String.format(
            Locale.ROOT,
            "%d photos to train on, %d to choose the best checkpoint, %d held out%s",
            train.photos().size(), validation.photos().size(), folder.photos(Part.TEST).size(),
            bad.count() == 0 ? "" : "; " + bad.count() + " can't be used (skipped.csv)"));
    sayOthers(run, train, validation);
    saySynthetic(folder);
    if (stage2 && !questions.isEmpty()) {
      say.accept(
          questions.count(train.photos()) + " questions about the photos to train on"
              + (recipe.stage2().questions() == 0 ? ", not used (stage2.questions: 0)" : ""));
    }
    long size = vision.encoder().parameters();
    try (Metrics metrics = new Metrics(run.metrics())) {
      if (stage1 && !run.finished("qformer") && !qformer(recipe, run, pretrained, size, train, validation, metrics)) {
        return Outcome.STOPPED;
      }
      if (stage2 && !run.begunVlm()) {
        between.run();
        if (stop.getAsBoolean()) {
          return Outcome.STOPPED;
        }
      }
      if (stage2 && !caption(recipe, run, pretrained, size, train, validation, questions, metrics)) {
        return Outcome.STOPPED;
      }
    }
    return Outcome.FINISHED;
  }

  private Pretrained pretrained(Recipe recipe, Compute compute) {
    return new Pretrained(pull, progress, compute, recipe.models().random(), recipe.seed());
  }

  /** A wrong name or kind of model, and texts that are too long for it, show now, not after the hours before their turn. */
  private static void checkModels(
      Pretrained pretrained, Recipe recipe, CaptionFolder folder, Questions questions, boolean stage1, boolean stage2) {
    if (stage1) {
      pretrained.checkText(recipe.models().text());
    }
    if (stage2) {
      new Lessons(recipe.seed(), folder.photos(Part.TRAIN), recipe.features().photoViews(), questions, recipe.stage2(), 1).check();
      Pretrained.Speech speech = pretrained.speech(recipe.models().language());
      try {
        LessonLengths.of(recipe, speech).check(folder.photos(Part.TRAIN), questions);
      } finally {
        speech.tokenizer().close();
      }
    }
  }

  /** Photos that can't be read for a while, such as those of a disk that isn't there, change what the rest of the training draws. */
  private void sayOthers(RunFolder run, PhotoFeatures train, PhotoFeatures validation) {
    Map<String, Integer> now = Map.of("train", train.photos().size(), "validation", validation.photos().size());
    if (!run.trained()) {
      run.note("photos", now);
    } else if (run.about().get("photos") instanceof Map<?, ?> began && !began.equals(now)) {
      say.accept(
          "Warning: the run began with " + began.get("train") + " photos to train on and " + began.get("validation") + " to choose by. With others it"
              + " goes on, but not as it would have: stop it (Ctrl-C), mend what skipped.csv names, delete it, and give the same command again");
    }
  }

  /** What models wrote is told apart: scores of a model that learnt from them say less. */
  private void saySynthetic(CaptionFolder folder) {
    Map<String, Integer> origins = folder.synthetic(Part.TRAIN);
    int pairs = folder.photos(Part.TRAIN).stream().mapToInt(photo -> photo.captions().size()).sum();
    int synthetic = origins.values().stream().mapToInt(Integer::intValue).sum();
    if (synthetic > 0) {
      String by = origins.entrySet().stream().map(e -> e.getValue() + " " + e.getKey()).collect(Collectors.joining(", "));
      say.accept(String.format(Locale.ROOT, "%d of the %d pairs to train on are synthetic (%s)", synthetic, pairs, by));
    }
  }

  private static void checkCaptions(Recipe recipe, CaptionFolder folder) {
    for (Photo photo : folder.photos()) {
      for (String caption : photo.captions()) {
        if (!Captions.hasWords(recipe.data().style().apply(caption))) {
          throw UserError.of(
              "%s: the caption of %s has no words: \"%s\". Remove that row, or give it a text.",
              folder.place(photo, caption), photo.image(), caption);
        }
      }
    }
  }

  /** Refuses others than the run began with, where it learns from them. */
  private static Questions questions(Recipe recipe, Path data, CaptionFolder folder, RunFolder run) {
    Questions questions = Questions.read(data, folder);
    if (recipe.stage2().questions() > 0
        && run.begunVlm()
        && run.about().get("data") instanceof Map<?, ?> known
        && known.get(QUESTIONS) != null
        && !questions.sha256().equals(known.get(QUESTIONS))) {
      throw UserError.of("%s: the questions have changed since the run in %s began. Restore them, or start a new run folder.", data, run.path());
    }
    return questions;
  }

  private static List<Photo> part(PhotoFeatures seen, Part part) {
    return seen.photos().stream().filter(p -> p.part() == part).toList();
  }

  private boolean qformer(
      Recipe recipe, RunFolder run, Pretrained pretrained, long vision, PhotoFeatures train, PhotoFeatures validation, Metrics metrics) {
    try (Pretrained.Text text = pretrained.text(recipe.models().text())) {
      run.identify("text", text.identity());
      QFormer.Config config = shape(recipe, text.config(), train.store().hidden());
      try (QFormerStage stage =
          new QFormerStage(recipe, pretrained.compute(), config, text.source(), text.tokenizer(), vision, train, validation, progress)) {
        return run(stage, run, run.stage1(), metrics);
      }
    }
  }

  private static QFormer.Config shape(Recipe recipe, Map<String, Object> text, int imageHidden) {
    Recipe.QFormerShape q = recipe.qformer();
    QFormer.Config c = ModelConfigs.bert(text, q.queries(), imageHidden, q.crossEvery(), q.crossFirst());
    if (q.crossFirst() >= c.layers()) {
      throw UserError.of("qformer.cross_first is %d, but %s has %d layers: the queries would never see a photo.",
          q.crossFirst(), recipe.models().text(), c.layers());
    }
    if (recipe.stage1().maxTokens() > c.positions()) {
      throw UserError.of("stage1.max_tokens is %d, but %s has %d positions.",
          recipe.stage1().maxTokens(), recipe.models().text(), c.positions());
    }
    return new QFormer.Config(
        c.hidden(), c.layers(), c.heads(), c.intermediate(), c.vocabulary(), c.positions(), c.queries(), c.imageHidden(), c.crossEvery(),
        c.crossFirst(), q.apart(), q.glance(), c.epsilon(), q.dropout(), q.wordDropout());
  }

  private boolean caption(
      Recipe recipe, RunFolder run, Pretrained pretrained, long vision, PhotoFeatures train, PhotoFeatures validation,
      Questions questions, Metrics metrics) {
    Pretrained.Language language = pretrained.language(recipe.models().language());
    if (run.begunVlm()) {
      run.identify("language", language.identity());
    } else {
      // An attempt that never took a step, such as with a model too large for the machine, binds nobody.
      run.note("language", language.identity().about());
    }
    QFormer.Config config = RunFiles.readQFormer(run.stage1());
    if (config.imageHidden() != train.store().hidden()) {
      throw UserError.of(
          "%s was trained on features of size %d, but %s gives %d. Use the same vision model in both stages.",
          run.stage1(), config.imageHidden(), recipe.models().vision(), train.store().hidden());
    }
    try (TensorFile file = Safetensors.open(run.stage1().resolve("model.safetensors"))) {
      Function<String, Tensor> source =
          name -> file.names().contains(name) ? Tensors.of(file.floats(name), file.info(name).shape()) : null;
      try (CaptionStage stage =
          new CaptionStage(recipe, pretrained.compute(), config, source, language, vision, train, validation, questions)) {
        return run(stage, run, run.vlm(), metrics);
      }
    }
  }

  private <B> boolean run(Stage<B> stage, RunFolder run, Path best, Metrics metrics) {
    describe(stage);
    Path checkpoint = run.checkpoint(stage.name());
    Trainer.Result result = Trainer.train(stage, new Trainer.Run(checkpoint, best, metrics, progress, say, stop));
    if (!result.finished()) {
      say.accept(String.format(Locale.ROOT, "Stopped after step %d of %d; the same command goes on from there.", result.steps(), stage.settings().steps()));
      return false;
    }
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("finished", true);
    row.put("steps", result.steps());
    row.put("best_step", result.bestStep());
    row.put("best_score", result.bestScore());
    row.put("seconds_of_last_call", Math.round(result.seconds()));
    run.note(stage.name(), row);
    return true;
  }

  private static String row(String part, long size, String how) {
    return String.format(Locale.ROOT, "  %-15s %,13d parameters, %s", part, size, how);
  }

  /** The table of what is trained, at which rate, and of what is frozen. */
  private <B> void describe(Stage<B> stage) {
    Map<String, Long> sizes = new TreeMap<>();
    for (Parameters.Named named : stage.parameters().named()) {
      sizes.merge(named.part(), named.master().numel(), Long::sum);
    }
    say.accept(String.format(Locale.ROOT, "Training %s: %d steps of %d pairs", stage.name(), stage.settings().steps(), stage.settings().pairsPerStep()));
    Schedule schedule = stage.settings().schedule();
    if (schedule.steps() <= schedule.warmup()) {
      say.accept(
          String.format(
              Locale.ROOT, "All steps lie within the warm-up of %d, so little will be learnt: set more passes, or a shorter warmup", schedule.warmup()));
    }
    sizes.forEach((part, size) -> say.accept(row(part, size, "learns at rate " + stage.settings().rates().get(part))));
    new TreeMap<>(stage.frozen()).forEach((part, size) -> say.accept(row(part, size, "frozen")));
  }
}
