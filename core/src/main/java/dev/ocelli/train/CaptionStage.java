package dev.ocelli.train;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.Dialogue;
import dev.ocelli.data.Draws;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Questions;
import dev.ocelli.eval.Grounding;
import dev.ocelli.eval.GroundingScores;
import dev.ocelli.generate.Captioner;
import dev.ocelli.generate.PhotoCaptions;
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
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Stage 2: Q-Former, projector and adapters learn to make the frozen language model say the caption, or answer questions. */
final class CaptionStage implements Stage<List<CaptionStage.Batch>> {
  static final String QFORMER = "qformer";
  static final String PROJECTOR = "projector";
  static final String LORA = "lora";

  /** Photos that are described in an evaluation. */
  private static final int SAID = 4;

  /** One micro-batch: bf16 {@code [pairs, tokens, hidden]}, and a conversation a row. */
  record Batch(ByteBuffer features, List<Vlm.Example> examples) {}

  private final Recipe recipe;
  private final Compute compute;
  private final long vision;
  private final PhotoFeatures train;
  private final PhotoFeatures validation;
  private final Pretrained.Language language;
  private final ChatPrompt chat;
  private final Questions questions;
  private final Lessons lessons;
  private final LessonWords words;
  private final Settings settings;
  private final QFormer.Config config;
  private final Lora.Config loraConfig;
  private final ImageStatistics statistics;
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
      PhotoFeatures validation,
      Questions questions) {
    this.vision = vision;
    this.recipe = recipe;
    this.compute = compute;
    this.config = config;
    this.language = language;
    Recipe.Stage2 s = recipe.stage2();
    this.train = s.blankImage() ? train.blanked() : train;
    this.validation = s.blankImage() ? validation.blanked() : validation;
    this.questions = questions;
    LessonLengths lengths = LessonLengths.of(recipe, language.speech());
    lengths.check(train.photos(), questions);
    chat = lengths.chat();
    words = lengths.words();
    lessons = new Lessons(recipe.seed(), train.photos(), recipe.features().photoViews(), questions, s, Math.multiplyExact(s.batch(), s.accumulate()));
    lessons.check();
    long steps = lessons.steps(s.passes());
    settings =
        new Settings(
            steps,
            lessons.perStep(),
            s.optimiser(),
            Map.of(QFORMER, s.rates().qformer(), PROJECTOR, s.rates().projector(), LORA, s.rates().lora()),
            s.decay(),
            new Schedule(s.schedule(), s.warmup(), steps),
            s.clip(),
            Math.max(1, Math.round(s.evaluate() * steps / s.passes())));
    loraConfig = new Lora.Config(s.lora().rank(), s.lora().alpha(), s.lora().dropout(), s.lora().targets());
    statistics = ImageStatistics.from(source, compute);
    Vlm[] model = new Vlm[1];
    Consumer<Weights> build =
        weights ->
            model[0] =
                new Vlm(
                    new QFormer(config, weights, false, statistics.norm()),
                    new Projector(config.hidden(), language.model().config().hidden(), weights.in("projector.")),
                    language.model(),
                    new Lora(loraConfig, language.model().config(), weights),
                    compute);
    parameters = new Parameters(compute, CaptionStage::partOf, build);
    build.accept(parameters.weights());
    vlm = model[0];
    parameters.initialise(recipe.seed(), statistics.unfold(source));
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
    int size = Math.min(recipe.stage2().batch(), lessons.perStep());
    List<Row> rows = new ArrayList<>();
    for (int row = 0; row < lessons.perStep(); row++) {
      Lessons.Lesson lesson = lessons.lesson(step, row);
      boolean perBatch = recipe.stage2().promptPer().equals("batch");
      rows.add(new Row(lesson.photo(), lesson.view(), words.example(lesson, step, perBatch ? row / size * size : row)));
    }
    if (recipe.stage2().questions() > 0 || recipe.stage2().captionsAtOnce() > 1) {
      // Some lessons are much longer than others: apart, less is padding. How a step is cut changes nothing else.
      rows.sort(Comparator.comparingInt(row -> row.example.tokens(0)));
    }
    List<Batch> batches = new ArrayList<>();
    for (int from = 0; from < rows.size(); from += size) {
      List<Row> some = rows.subList(from, Math.min(rows.size(), from + size));
      ByteBuffer features = train.buffer(some.size());
      some.forEach(row -> train.read(row.photo, row.view, features));
      batches.add(new Batch(features, some.stream().map(Row::example).toList()));
    }
    return batches;
  }

  private record Row(int photo, int view, Vlm.Example example) {}

  @Override
  public Loss run(List<Batch> batches, long step) {
    int tokens = batches.stream().flatMap(b -> b.examples.stream()).mapToInt(Vlm.Example::answered).sum();
    double total = 0;
    for (int i = 0; i < batches.size(); i++) {
      Batch batch = batches.get(i);
      if (i > 0) {
        parameters.gatherGradients();
      }
      torch.manual_seed(Draws.bits(recipe.seed(), "stage 2 dropout", step, i));
      double[] sum = new double[1];
      Scope.run(
          () -> {
            Tensor image = vlm.image(train.tensor(batch.features, compute), true);
            // Weighted by token over the whole step, however its micro-batches are cut.
            sum[0] = vlm.backward(image, batch.examples, 1.0 / tokens);
          });
      total += sum[0];
    }
    return new Loss(total / tokens, Map.of());
  }

  /** Loss of the right captions, and answers, with their own photos and with others'; the score is the former's negative. */
  @Override
  public Evaluation evaluate() {
    if (validation.photos().isEmpty()) {
      return Evaluation.NONE;
    }
    ChatPrompt.Ids prompt = chat.ids(recipe.stage2().system().get(0), recipe.stage2().user().get(0));
    Grounding grounding = new Grounding(vlm, prompt, language::answer, words::text, Progress.NONE);
    Map<String, Double> figures = new LinkedHashMap<>();
    double loss = 0;
    if (!recipe.stage2().captions().equals("none")) {
      if (validation.photos().size() < 2) {
        figures.put("loss_own", grounding.own(validation));
      } else {
        GroundingScores g = grounding.score(validation);
        figures.put("loss_own", g.lossOwn());
        figures.put("loss_shuffled", g.lossShuffled());
        figures.put("gap", g.gap());
      }
      loss += figures.get("loss_own");
    }
    List<Photo> asked = new ArrayList<>();
    List<Vlm.Example> dialogues = new ArrayList<>();
    for (Photo photo : recipe.stage2().questions() > 0 ? validation.photos() : List.<Photo>of()) {
      for (Dialogue dialogue : questions.of(photo)) {
        asked.add(photo);
        dialogues.add(words.dialogue(dialogue.turns()));
      }
    }
    if (!asked.isEmpty()) {
      figures.put("loss_answers", grounding.loss(validation.with(asked), dialogues));
      loss += figures.get("loss_answers");
    }
    // A model that has broken down can't speak; the trainer says what is to be said.
    return figures.isEmpty() ? Evaluation.NONE : new Evaluation(-loss, figures, Double.isFinite(loss) ? said(prompt) : Map.of());
  }

  /** For people: figures alone don't show what a model is learning. */
  private Map<String, String> said(ChatPrompt.Ids prompt) {
    int room = language.model().config().positions() - config.vectors() - prompt.before().length - prompt.after().length;
    if (recipe.stage2().captions().equals("none") || room < 1) {
      return Map.of();
    }
    PhotoFeatures some = validation.with(validation.photos().subList(0, Math.min(SAID, validation.photos().size())));
    Map<String, String> said = new LinkedHashMap<>();
    try (Captioner captioner = new Captioner(vlm, language.tokenizer(), language.end())) {
      List<String> captions = new PhotoCaptions(captioner, prompt, recipe.sampling().atMost(room), Progress.NONE).of(some);
      for (int i = 0; i < captions.size(); i++) {
        said.put(some.photos().get(i).image(), captions.get(i));
      }
    }
    return said;
  }

  @Override
  public void save(Path folder) {
    Scope.run(() -> RunFiles.writeVlm(folder, config, loraConfig, language.identity(), statistics.fold(parameters.named())));
  }

  @Override
  public void close() {
    statistics.close();
    parameters.close();
  }
}
