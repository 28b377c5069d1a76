package dev.ocelli.train;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.Draws;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.eval.Querybank;
import dev.ocelli.eval.Retrieval;
import dev.ocelli.eval.RetrievalScores;
import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.TextBatch;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.text.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** Stage 1: the Q-Former learns from pairs of photo and caption, by the recipe's {@link Objectives}. */
final class QFormerStage implements Stage<Objectives.Batch> {
  static final String BODY = "body";
  static final String NEW = "new";
  static final String FIXED = "fixed";

  private final Recipe recipe;
  private final Compute compute;
  private final long vision;
  private final PhotoFeatures train;
  private final PhotoFeatures validation;
  private final Tokenizer tokenizer;
  private final Pairs pairs;
  private final SharedCaptions shared;
  private final Settings settings;
  private final QFormer.Config config;
  private final ImageStatistics statistics;
  private final Parameters parameters;
  private final ImageTextModel model;
  private final Objectives objectives;
  private final Progress progress;

  /**
   * @param source where parameters begin; null for a name that begins at random
   * @param vision how many parameters the frozen encoder has
   */
  QFormerStage(
      Recipe recipe,
      Compute compute,
      QFormer.Config config,
      Function<String, Tensor> source,
      Tokenizer tokenizer,
      long vision,
      PhotoFeatures train,
      PhotoFeatures validation,
      Progress progress) {
    this.progress = progress;
    if (recipe.qformer().glance() && train.store().tokens() < 2) {
      throw new UserError("The encoder gives a photo one vector; a glance needs two or more. Set qformer.glance to false.");
    }
    this.vision = vision;
    this.recipe = recipe;
    this.compute = compute;
    this.config = config;
    this.tokenizer = tokenizer;
    this.train = train;
    this.validation = validation;
    Recipe.Stage1 s = recipe.stage1();
    pairs =
        new Pairs(
            recipe.seed(), "stage 1", train.photos(), recipe.features().photoViews(), recipe.data(), s.captions().equals("all"), s.batch(),
            s.captionsAtOnce() - 1);
    shared = SharedCaptions.of(train.photos(), pairs::text);
    long steps = pairs.stepsPerPass() * s.passes();
    settings =
        new Settings(
            steps,
            pairs.perStep(),
            s.optimiser(),
            Map.of(BODY, s.rates().body(), NEW, s.rates().fresh(), FIXED, 0.0),
            s.decay(),
            new Schedule(s.schedule(), s.warmup(), steps),
            s.clip(),
            Math.max(1, Math.round(s.evaluate() * pairs.stepsPerPass())));
    statistics = recipe.qformer().centre() ? ImageStatistics.of(train, recipe.qformer().whiten(), recipe.qformer().glance(), compute) : ImageStatistics.NONE;
    ImageTextModel[] built = new ImageTextModel[1];
    Consumer<Weights> build =
        weights -> built[0] = ImageTextModel.of(config, recipe.qformer().projection(), s.objectives().used(), weights, statistics.norm());
    parameters = new Parameters(compute, name -> partOf(name, source), build);
    build.accept(parameters.weights());
    model = built[0];
    objectives = new Objectives(model, recipe, train, parameters, steps);
    parameters.initialise(
        recipe.seed(),
        name -> name.equals("logit_scale") ? ImageTextHeads.logScale(s.temperature()) : source.apply(name));
  }

  private String partOf(String name, Function<String, Tensor> source) {
    if (name.equals("logit_scale") && !recipe.stage1().learnTemperature()) {
      return FIXED;
    }
    boolean[] known = new boolean[1];
    Scope.run(() -> known[0] = source.apply(name) != null);
    return known[0] ? BODY : NEW;
  }

  @Override
  public String name() {
    return "qformer";
  }

  @Override
  public Settings settings() {
    return settings;
  }

  @Override
  public Parameters parameters() {
    return parameters;
  }

  @Override
  public Map<String, Long> frozen() {
    return Map.of("vision encoder", vision);
  }

  @Override
  public Objectives.Batch prepare(long step) {
    int n = pairs.perStep();
    int microBatch = recipe.stage1().microBatch();
    ByteBuffer features = microBatch > 0 && microBatch < n ? null : train.buffer(n, patches());
    int[] photos = new int[n];
    int[] views = new int[n];
    int[][] patches = recipe.stage1().patches() < 1 ? new int[n][] : null;
    List<String> captions = new ArrayList<>(n);
    List<String> more = new ArrayList<>();
    List<String> all = new ArrayList<>();
    for (int row = 0; row < n; row++) {
      Pairs.Pair pair = pairs.pair(step, row);
      photos[row] = pair.photo();
      views[row] = pair.view();
      captions.add(pair.caption());
      more.addAll(pair.more());
      all.add(pair.caption());
      all.addAll(pair.more());
      int[] chosen = patches == null ? null : patches(step * n + row);
      if (patches != null) {
        patches[row] = chosen;
      }
      if (features != null) {
        train.read(pair.photo(), pair.view(), chosen, features);
      }
    }
    int longest = recipe.stage1().maxTokens();
    TextBatch beside = more.isEmpty() ? null : TextBatch.of(tokenizer, more, longest);
    return new Objectives.Batch(features, TextBatch.of(tokenizer, captions, longest), beside, Fits.of(photos, all, shared), views, patches);
  }

  /**
   * The vectors that a pair of the training looks at, in their order: fewer cost less, and others each time teach more. For a glance the
   * first is always there.
   */
  private int[] patches(long pair) {
    int first = recipe.qformer().glance() ? 1 : 0;
    int[] order = Draws.permutation(recipe.seed(), "stage 1 patches", pair, train.store().tokens() - first);
    return IntStream.concat(IntStream.range(0, first), Arrays.stream(order).limit(patches() - first).map(i -> i + first).sorted()).toArray();
  }

  /** How many: at least one, or with a glance two. */
  private int patches() {
    return (int) Math.max(recipe.qformer().glance() ? 2 : 1, Math.round(recipe.stage1().patches() * train.store().tokens()));
  }

  @Override
  public Loss run(Objectives.Batch batch, long step) {
    return objectives.run(batch, step);
  }

  /** The glance learns by itself first. */
  @Override
  public boolean begin(BooleanSupplier stop) {
    if (model.contrast() == null || !recipe.qformer().glance() || recipe.stage1().glance().passes() == 0) {
      return true;
    }
    Map<String, float[]> learnt = new GlanceStart(model, recipe, tokenizer, compute, progress, stop).learn(train, statistics.norm().glance());
    if (learnt.isEmpty()) {
      return false;
    }
    for (Parameters.Named named : parameters.named()) {
      if (learnt.containsKey(named.name())) {
        Scope.run(() -> named.master().copy_(Tensors.of(learnt.get(named.name()), Tensors.shape(named.master()))));
      }
    }
    parameters.refresh();
    return true;
  }

  static ImageTextHeads.Similarity similarityOf(Recipe recipe) {
    return ImageTextHeads.Similarity.valueOf(recipe.stage1().similarity().toUpperCase(Locale.ROOT));
  }

  /**
   * Recall on the validation part; the score is the mean of its six figures, which moves less than any one of them. Without ITC it is the
   * weighted loss of the other objectives, negative.
   */
  @Override
  public Evaluation evaluate() {
    if (validation.photos().isEmpty()) {
      return Evaluation.NONE;
    }
    Recipe.Stage1 s = recipe.stage1();
    Map<String, Double> losses =
        new ValidationLosses(model, compute, tokenizer, s.maxTokens(), recipe.seed(), pairs::text).of(validation);
    if (model.contrast() == null) {
      double loss =
          s.objectives().itm() * losses.getOrDefault("itm_loss", 0.0) + s.objectives().itg() * losses.getOrDefault("itg_loss", 0.0);
      return new Evaluation(-loss, losses);
    }
    RetrievalScores r = new Retrieval(scores(), Progress.NONE).score(validation);
    Map<String, Double> recall = new LinkedHashMap<>();
    recall.put("i2t_r1", r.i2tR1());
    recall.put("i2t_r5", r.i2tR5());
    recall.put("i2t_r10", r.i2tR10());
    recall.put("t2i_r1", r.t2iR1());
    recall.put("t2i_r5", r.t2iR5());
    recall.put("t2i_r10", r.t2iR10());
    double score = recall.values().stream().mapToDouble(Double::doubleValue).average().orElse(0);
    recall.putAll(losses);
    return new Evaluation(score, recall);
  }

  private ImageTextScores scores() {
    return new ImageTextScores(model, similarityOf(recipe), compute, tokenizer, recipe.stage1().maxTokens(), pairs::text);
  }

  /** Null where there is none: with the best query's similarity a photo would be many vectors. */
  private Querybank querybank() {
    Recipe.Stage1 s = recipe.stage1();
    boolean one = model.contrast() != null && similarityOf(recipe) != ImageTextHeads.Similarity.BEST;
    return one && s.querybank() > 0 ? Querybank.of(scores(), train, s.querybank(), progress) : null;
  }

  @Override
  public void save(Path folder) {
    tokenizer.save(folder.resolve("tokenizer.json"));
    Scope.run(
        () -> {
          List<Parameters.Named> tensors = new ArrayList<>(statistics.fold(parameters.named()));
          tensors.addAll(statistics.named(FIXED));
          Querybank bank = querybank();
          if (bank != null) {
            bank.named().forEach((name, tensor) -> tensors.add(new Parameters.Named(name, FIXED, tensor)));
          }
          RunFiles.writeImageText(folder, config, recipe.qformer().projection(), recipe.stage1().objectives().used(), tensors);
        });
  }

  @Override
  public void close() {
    statistics.close();
    parameters.close();
  }
}
