package dev.ocelli.train;

import dev.ocelli.UserError;
import dev.ocelli.data.Draws;
import dev.ocelli.data.Photo;
import dev.ocelli.eval.Grounding;
import dev.ocelli.eval.GroundingScores;
import dev.ocelli.model.Lora;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.Projector;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.text.PromptPool;
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

/** Stage 2: Q-Former, projector and adapters learn to make the frozen language model say the caption. */
final class CaptionStage implements Stage<List<CaptionStage.Batch>> {
  static final String QFORMER = "qformer";
  static final String PROJECTOR = "projector";
  static final String LORA = "lora";

  /** One micro-batch: bf16 {@code [pairs, tokens, hidden]}, and a conversation a row. */
  record Batch(ByteBuffer features, List<Vlm.Example> examples) {}

  private final Recipe recipe;
  private final Compute compute;
  private final long vision;
  private final PhotoFeatures train;
  private final PhotoFeatures validation;
  private final Pretrained.Language language;
  private final ChatPrompt chat;
  private final Pairs pairs;
  private final Settings settings;
  private final QFormer.Config config;
  private final Lora.Config loraConfig;
  private final Parameters parameters;
  private final Vlm vlm;

  /**
   * @param source the Q-Former of stage 1, by name; null for a name that begins at random
   * @param vision how many parameters the frozen encoder has
   */
  CaptionStage(
      Recipe recipe,
      Compute compute,
      QFormer.Config config,
      Function<String, Tensor> source,
      Pretrained.Language language,
      long vision,
      PhotoFeatures train,
      PhotoFeatures validation) {
    this.vision = vision;
    this.recipe = recipe;
    this.compute = compute;
    this.config = config;
    this.language = language;
    this.train = train;
    this.validation = validation;
    Recipe.Stage2 s = recipe.stage2();
    chat = new ChatPrompt(language.template(), language.tokenizer(), s.image().equals("after_prompt"));
    pairs =
        new Pairs(
            recipe.seed(), "stage 2", train.photos(), recipe.features().photoViews(), recipe.data(), s.captions().equals("all"),
            Math.multiplyExact(s.batch(), s.accumulate()));
    long steps = pairs.stepsPerPass() * s.passes();
    settings =
        new Settings(
            steps,
            pairs.perStep(),
            s.optimiser(),
            Map.of(QFORMER, s.rates().qformer(), PROJECTOR, s.rates().projector(), LORA, s.rates().lora()),
            s.decay(),
            new Schedule(s.schedule(), s.warmup(), steps),
            s.clip(),
            Math.max(1, Math.round(s.evaluate() * pairs.stepsPerPass())));
    loraConfig = new Lora.Config(s.lora().rank(), s.lora().alpha(), s.lora().dropout(), s.lora().targets());
    Vlm[] model = new Vlm[1];
    Consumer<Weights> build =
        weights ->
            model[0] =
                new Vlm(
                    new QFormer(config, weights, false),
                    new Projector(config.hidden(), language.model().config().hidden(), weights.in("projector.")),
                    language.model(),
                    new Lora(loraConfig, language.model().config(), weights),
                    compute);
    parameters = new Parameters(compute, CaptionStage::partOf, build);
    build.accept(parameters.weights());
    vlm = model[0];
    parameters.initialise(recipe.seed(), source);
    checkLengths();
  }

  /** No caption may be longer than what the language model can read behind the prompt and the picture. */
  private void checkLengths() {
    int prompt = 0;
    for (String system : recipe.stage2().system()) {
      for (String user : recipe.stage2().user()) {
        ChatPrompt.Ids ids = chat.ids(system, user);
        prompt = Math.max(prompt, ids.before().length + ids.after().length);
      }
    }
    int room = language.model().config().positions() - prompt - config.queries();
    for (Photo photo : train.photos()) {
      for (String caption : photo.captions()) {
        // A token is at least one byte, so that most captions need no counting.
        int tokens = caption.length() * 4 < room ? 0 : language.answer(pairs.text(caption)).length;
        if (tokens > room) {
          throw UserError.of(
              "Photo %s has a caption of %d tokens (\"%.40s…\"); %d fit behind the prompt. Shorten it.", photo.image(), tokens, caption, room);
        }
      }
    }
  }

  private static String partOf(String name) {
    if (name.startsWith("base_model.")) {
      return LORA;
    }
    return name.startsWith("projector.") ? PROJECTOR : QFORMER;
  }

  @Override
  public String name() {
    return "vlm";
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
    return Map.of("vision encoder", vision, "language model", language.model().parameters());
  }

  @Override
  public List<Batch> prepare(long step) {
    List<Batch> batches = new ArrayList<>();
    int size = Math.min(recipe.stage2().batch(), pairs.perStep());
    for (int from = 0; from < pairs.perStep(); from += size) {
      int n = Math.min(size, pairs.perStep() - from);
      ByteBuffer features = train.buffer(n);
      List<Vlm.Example> examples = new ArrayList<>(n);
      for (int row = from; row < from + n; row++) {
        Pairs.Pair pair = pairs.pair(step, row);
        train.read(pair.photo(), pair.view(), features);
        boolean perBatch = recipe.stage2().promptPer().equals("batch");
        ChatPrompt.Ids prompt = prompt(step, perBatch ? from : row);
        examples.add(new Vlm.Example(prompt.before(), prompt.after(), language.answer(pair.caption())));
      }
      batches.add(new Batch(features, examples));
    }
    return batches;
  }

  private ChatPrompt.Ids prompt(long step, long row) {
    String system = new PromptPool(recipe.stage2().system()).draw(recipe.seed(), "stage 2 system prompt", step, row);
    String user = new PromptPool(recipe.stage2().user()).draw(recipe.seed(), "stage 2 user prompt", step, row);
    return chat.ids(system, user);
  }

  @Override
  public Loss run(List<Batch> batches, long step) {
    int tokens = batches.stream().flatMap(b -> b.examples.stream()).mapToInt(e -> e.answer().length).sum();
    double total = 0;
    for (int i = 0; i < batches.size(); i++) {
      Batch batch = batches.get(i);
      torch.manual_seed(Draws.bits(recipe.seed(), "stage 2 dropout", step, i));
      double[] sum = new double[1];
      Scope.run(
          () -> {
            Tensor image = vlm.image(train.tensor(batch.features, compute), true);
            // Weighted by token over the whole step, however its micro-batches are cut.
            sum[0] = vlm.backward(image, batch.examples, 1.0 / tokens);
          });
      parameters.gatherGradients();
      total += sum[0];
    }
    return new Loss(total / tokens, Map.of());
  }

  /** Loss of the right captions with their own photos and with others'; the score is the former's negative. */
  @Override
  public Evaluation evaluate() {
    if (validation.photos().isEmpty()) {
      return Evaluation.NONE;
    }
    ChatPrompt.Ids prompt = chat.ids(recipe.stage2().system().get(0), recipe.stage2().user().get(0));
    Grounding grounding = new Grounding(vlm, prompt, language::answer, pairs::text);
    if (validation.photos().size() < 2) {
      double own = grounding.own(validation);
      return new Evaluation(-own, Map.of("loss_own", own));
    }
    GroundingScores g = grounding.score(validation);
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("loss_own", g.lossOwn());
    figures.put("loss_shuffled", g.lossShuffled());
    figures.put("gap", g.gap());
    return new Evaluation(-g.lossOwn(), figures);
  }

  @Override
  public void save(Path folder) {
    RunFiles.writeVlm(folder, config, loraConfig, language.identity(), parameters.named());
  }

  @Override
  public void close() {
    parameters.close();
  }
}
