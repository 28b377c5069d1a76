package dev.ocelli.train;

import dev.ocelli.data.Draws;
import dev.ocelli.eval.Retrieval;
import dev.ocelli.eval.RetrievalScores;
import dev.ocelli.model.ImageTextHeads;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Stage 1: the Q-Former learns from pairs of photo and caption, by contrast. */
final class ContrastStage implements Stage<ContrastStage.Batch> {
  static final String BODY = "body";
  static final String NEW = "new";
  static final String FIXED = "fixed";

  /**
   * @param features bf16 {@code [pairs, tokens, hidden]}
   * @param text padded ids of the captions
   * @param photos which photo each pair is of
   */
  record Batch(ByteBuffer features, TextBatch text, int[] photos) {}

  private final Recipe recipe;
  private final Compute compute;
  private final long vision;
  private final PhotoFeatures train;
  private final PhotoFeatures validation;
  private final Tokenizer tokenizer;
  private final Pairs pairs;
  private final Settings settings;
  private final QFormer.Config config;
  private final Parameters parameters;
  private final QFormer qformer;
  private final ImageTextHeads heads;

  /**
   * @param source where parameters begin; null for a name that begins at random
   * @param vision how many parameters the frozen encoder has
   */
  ContrastStage(
      Recipe recipe,
      Compute compute,
      QFormer.Config config,
      Function<String, Tensor> source,
      Tokenizer tokenizer,
      long vision,
      PhotoFeatures train,
      PhotoFeatures validation) {
    this.vision = vision;
    this.recipe = recipe;
    this.compute = compute;
    this.config = config;
    this.tokenizer = tokenizer;
    this.train = train;
    this.validation = validation;
    Recipe.Stage1 s = recipe.stage1();
    pairs = new Pairs(recipe.seed(), "stage 1", train.photos(), recipe.data(), s.captions().equals("all"), s.batch());
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
    QFormer[] model = new QFormer[1];
    ImageTextHeads[] both = new ImageTextHeads[1];
    Consumer<Weights> build =
        weights -> {
          model[0] = new QFormer(config, weights, true);
          both[0] = new ImageTextHeads(config.hidden(), recipe.qformer().projection(), weights);
        };
    parameters = new Parameters(compute, name -> partOf(name, source), build);
    build.accept(parameters.weights());
    qformer = model[0];
    heads = both[0];
    parameters.initialise(
        recipe.seed(),
        name -> name.equals("logit_scale") ? Tensors.of(new float[] {(float) Math.log(1 / s.temperature())}, 1) : source.apply(name));
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
  public Batch prepare(long step) {
    int n = pairs.perStep();
    ByteBuffer features = train.buffer(n);
    int[] photos = new int[n];
    List<String> captions = new ArrayList<>(n);
    for (int row = 0; row < n; row++) {
      Pairs.Pair pair = pairs.pair(step, row);
      photos[row] = pair.photo();
      captions.add(pair.caption());
      train.read(pair.photo(), features);
    }
    return new Batch(features, TextBatch.of(tokenizer, captions, recipe.stage1().maxTokens()), photos);
  }

  @Override
  public double run(Batch batch, long step) {
    torch.manual_seed(Draws.bits(recipe.seed(), "stage 1 dropout", step, 0));
    Tensor image = heads.images(qformer.queries(train.tensor(batch.features, compute), true));
    Tensor text = heads.texts(qformer.text(batch.text.ids(compute), batch.text.real(compute), true));
    Tensor similarity = ImageTextHeads.similarity(image, text, similarityOf(recipe));
    // A fixed temperature's slope would count in the norm that clipping looks at.
    Tensor scale = recipe.stage1().learnTemperature() ? heads.scale() : heads.scale().detach();
    Tensor loss = Contrast.loss(similarity, scale, batch.photos, recipe.stage1().labelSmoothing());
    loss.backward();
    parameters.gatherGradients();
    return loss.item_double();
  }

  static ImageTextHeads.Similarity similarityOf(Recipe recipe) {
    return recipe.stage1().similarity().equals("mean") ? ImageTextHeads.Similarity.MEAN : ImageTextHeads.Similarity.BEST;
  }

  /** Recall on the validation part; the score is the mean of its six figures, which moves less than any one of them. */
  @Override
  public Evaluation evaluate() {
    if (validation.photos().isEmpty()) {
      return Evaluation.NONE;
    }
    RetrievalScores r =
        new Retrieval(qformer, heads, similarityOf(recipe), compute, tokenizer, recipe.stage1().maxTokens(), pairs::text).score(validation);
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("i2t_r1", r.i2tR1());
    figures.put("i2t_r5", r.i2tR5());
    figures.put("i2t_r10", r.i2tR10());
    figures.put("t2i_r1", r.t2iR1());
    figures.put("t2i_r5", r.t2iR5());
    figures.put("t2i_r10", r.t2iR10());
    return new Evaluation(figures.values().stream().mapToDouble(Double::doubleValue).average().orElse(0), figures);
  }

  @Override
  public void save(Path folder) {
    tokenizer.save(folder.resolve("tokenizer.json"));
    RunFiles.writeQFormer(folder, config, recipe.qformer().projection(), true, parameters.named());
  }

  @Override
  public void close() {
    parameters.close();
  }
}
