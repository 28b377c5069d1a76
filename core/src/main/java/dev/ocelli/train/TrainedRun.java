package dev.ocelli.train;

import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.data.Dialogue;
import dev.ocelli.eval.Grounding;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.eval.Querybank;
import dev.ocelli.eval.Retrieval;
import dev.ocelli.eval.WordHits;
import dev.ocelli.eval.WordMaps;
import dev.ocelli.generate.Captioner;
import dev.ocelli.generate.QFormerCaptioner;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.model.FeatureBuilder;
import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.Lora;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.Projector;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.BlockFormat;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Crew;
import dev.ocelli.nn.FrozenWeights;
import dev.ocelli.search.IndexIdentity;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.text.Tokenizer;
import dev.ocelli.weights.Pull;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.TensorFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.bytedeco.pytorch.global.torch;

/** A run folder opened for use: each model is loaded when it is first asked for. Not for several threads at once. */
public final class TrainedRun implements AutoCloseable {
  private final RunFolder run;
  private final Recipe recipe;
  private final Progress progress;
  private final Consumer<String> warn;
  private final Compute compute;
  private final FrozenModels frozen;
  private final boolean alone;
  private Pretrained.Vision vision;
  private Pretrained.Language language;
  private Vlm vlm;
  private ChatPrompt chat;
  private ImageTextModel imageText;

  /** Null where stage 1 left none. */
  private Querybank querybank;
  private Tokenizer stage1Tokenizer;
  private DecodingWeights weights;
  private Vlm speaking;
  private Crew crew;
  private Captioner captioner;

  /**
   * @param warn gets a line where something may not be as it was in training
   */
  public static TrainedRun open(Path folder, Pull pull, Progress progress, Consumer<String> warn) {
    return open(folder, new FrozenModels(pull, progress), true, progress, warn);
  }

  /**
   * As {@link #open(Path, Pull, Progress, Consumer)}, for several runs at once.
   *
   * @param frozen holds what runs share; it outlives them
   */
  public static TrainedRun open(Path folder, FrozenModels frozen, Progress progress, Consumer<String> warn) {
    return open(folder, frozen, false, progress, warn);
  }

  private static TrainedRun open(Path folder, FrozenModels frozen, boolean alone, Progress progress, Consumer<String> warn) {
    RunFolder run = new RunFolder(folder);
    if (!run.exists()) {
      throw UserError.of("%s is no run folder: it has no recipe.yaml. Name the folder that ocelli train wrote (--out).", folder);
    }
    run.recoverWhereNobodyTrains();
    return new TrainedRun(run, frozen, alone, progress, warn);
  }

  private TrainedRun(RunFolder run, FrozenModels frozen, boolean alone, Progress progress, Consumer<String> warn) {
    this.run = run;
    this.frozen = frozen;
    this.alone = alone;
    this.progress = progress;
    this.warn = warn;
    recipe = new Recipes().read(run.recipe());
    if (recipe.threads() > 0) {
      torch.set_num_threads(recipe.threads());
    }
    compute = Compute.of(recipe.precision(), recipe.device());
    weights = DecodingWeights.of(recipe.generation().weights()).orPlain(compute);
  }

  public Recipe recipe() {
    return recipe;
  }

  public Compute compute() {
    return compute;
  }

  /** What stands for the trained model in a key: it changes with what the run learnt. */
  public String fingerprint() {
    Path adapter = run.vlm().resolve("adapter").resolve("adapter_model.safetensors");
    return Files.exists(adapter) ? Sha256.of(adapter) : Sha256.of(run.recipe());
  }

  /** What turns photos into features. */
  public FeatureBuilder features() {
    return features(() -> false);
  }

  /** @param stop asked now and then: true ends early */
  public FeatureBuilder features(BooleanSupplier stop) {
    if (vision == null) {
      vision = frozen.vision(recipe, compute);
      compare("vision", vision.identity());
    }
    return new FeatureBuilder(vision, compute, progress, stop);
  }

  public Pretrained.Language language() {
    if (language == null) {
      language = frozen.language(recipe, compute);
      compare("language", language.identity());
    }
    return language;
  }

  /** Whether stage 2 has left its model, which describes and answers. */
  public boolean canCaption() {
    return Files.exists(run.vlm().resolve("projector.safetensors"));
  }

  /** The Q-Former as it was trained last: by stage 2 where that has left one, else by stage 1. */
  public QFormer qformer() {
    return canCaption() ? vlm().qformer() : imageText().qformer();
  }

  /** The trained model with its adapters beside the language model's weights, as in training. */
  public Vlm vlm() {
    if (vlm == null) {
      if (!canCaption()) {
        throw UserError.of("%s has no trained vision-language model yet. Train stage 2: ocelli train vlm.", run.path());
      }
      try (TensorFile q = Safetensors.open(run.vlm().resolve("qformer").resolve("model.safetensors"));
          TensorFile p = Safetensors.open(run.vlm().resolve("projector.safetensors"));
          TensorFile a = Safetensors.open(run.vlm().resolve("adapter").resolve("adapter_model.safetensors"))) {
        QFormer.Config config = RunFiles.readQFormer(run.vlm().resolve("qformer"));
        var model = language().model();
        vlm =
            new Vlm(
                new QFormer(config, new FrozenWeights(q, "", compute), false),
                new Projector(config.hidden(), model.config().hidden(), new FrozenWeights(p, "", compute)),
                model,
                new Lora(RunFiles.readLora(run.vlm()), model.config(), new FrozenWeights(a, "", compute)),
                compute);
      }
    }
    return vlm;
  }

  /** What answers questions. Closed with the run. */
  public Captioner captioner() {
    if (captioner == null) {
      // Where single tokens have the adapters beside a copy of the weights, merging would serve prompts alone, and costs more than a few.
      Vlm speaking = speaking();
      captioner = new Captioner(speaking == vlm() ? merged() : speaking, language().tokenizer(), language().end());
    }
    return captioner;
  }

  /** The trained model for answering, with the adapters merged into the language model and the weights that {@link #weights} chose. */
  public Vlm merged() {
    Vlm apart = speaking();
    return new Vlm(apart.qformer(), apart.projector(), apart.language().merged(apart.lora()), null, compute);
  }

  /** {@link #vlm} for answering: its language model has the weights that {@link #weights} chose. */
  public Vlm speaking() {
    if (speaking == null) {
      if (vlm == null) {
        weights.expect(compute);
      }
      Vlm plain = vlm();
      BlockFormat format = weights.format(plain.language(), compute);
      if (format == null) {
        speaking = plain;
      } else {
        crew = new Crew(torch.get_num_threads());
        speaking = new Vlm(plain.qformer(), plain.projector(), plain.language().withTokenStep(format, crew), plain.lora(), compute);
      }
    }
    return speaking;
  }

  /** The file of the trained adapters: what tells one state of a run from another. */
  public Path adapter() {
    Path file = run.vlm().resolve("adapter").resolve("adapter_model.safetensors");
    if (!Files.exists(file)) {
      throw UserError.of("%s has no trained vision-language model yet. Train stage 2: ocelli train vlm.", run.path());
    }
    return file;
  }

  /** In what form answers read the language model's weights. */
  public DecodingWeights weights() {
    return weights;
  }

  /** Chooses in what form answers read the language model's weights, instead of the recipe's {@code generation.weights}. Comes first. */
  public void weights(DecodingWeights weights) {
    weights.check(compute);
    this.weights = weights;
  }

  /** The recipe's own first prompts, or with another question. */
  public ChatPrompt.Ids prompt(String question) {
    return chat().ids(system(), question == null ? question() : question);
  }

  /** The tokens up to where the last turn is to be answered, with the true answers to those before. */
  ChatPrompt.Ids promptOf(List<Dialogue.Turn> turns) {
    ChatPrompt.Dialogue words = chat().dialogue(system(), turns.stream().map(Dialogue.Turn::question).toList(), language().end());
    List<int[]> after = new ArrayList<>(List.of(words.first().after()));
    for (int i = 1; i < turns.size(); i++) {
      after.add(language().answer(normalise(turns.get(i - 1).answer())));
      after.add(words.next().get(i - 1));
    }
    return new ChatPrompt.Ids(words.first().before(), after.stream().flatMapToInt(Arrays::stream).toArray());
  }

  /** Turns conversations into tokens, with pictures where the recipe puts them. */
  public ChatPrompt chat() {
    if (chat == null) {
      chat = new ChatPrompt(language().template(), language().tokenizer(), recipe.stage2().image().equals("after_prompt"));
    }
    return chat;
  }

  /** The first of the system prompts that the run was trained with. */
  public String system() {
    return recipe.stage2().system().get(0);
  }

  /** The first of the questions that the run was trained with. */
  public String question() {
    return recipe.stage2().user().get(0);
  }

  /** The recipe's settings of generation. */
  public SamplingSettings sampling() {
    return recipe.sampling();
  }

  /** Whether stage 1 has left its Q-Former, which {@link #retrieval} needs. */
  public boolean canRetrieve() {
    return Files.exists(run.stage1().resolve("model.safetensors"));
  }

  /** What stage 1 trained, with its text half and heads. */
  public ImageTextModel imageText() {
    if (imageText == null) {
      Path folder = run.stage1();
      if (!Files.exists(folder.resolve("model.safetensors"))) {
        throw UserError.of("%s has no trained Q-Former yet. Train stage 1: ocelli train qformer.", run.path());
      }
      try (TensorFile file = Safetensors.open(folder.resolve("model.safetensors"))) {
        imageText = RunFiles.readImageText(folder, new FrozenWeights(file, "", compute));
        querybank = QFormerStage.similarityOf(recipe) == ImageTextHeads.Similarity.BEST ? null : Querybank.read(file, compute);
      }
      stage1Tokenizer = Tokenizer.open(folder.resolve("tokenizer.json"));
    }
    return imageText;
  }

  /** What stage 1's Q-Former thinks of photos and texts. */
  public ImageTextScores imageTextScores() {
    return new ImageTextScores(
        imageText(), QFormerStage.similarityOf(recipe), compute, stage1Tokenizer, recipe.stage1().maxTokens(), this::normalise, querybank);
  }

  /** What an index of photos made with this run belongs to. */
  public IndexIdentity indexIdentity() {
    ImageTextScores scores = searchable();
    boolean best = scores.similarity() == ImageTextHeads.Similarity.BEST;
    return new IndexIdentity(
        run.path().toAbsolutePath().normalize(),
        stage1Sha256(),
        Sha256.of(features().key().weights() + features().key().preprocessing()),
        best ? imageText().qformer().config().queries() : 1,
        imageText().contrast().width(),
        scores.width());
  }

  /** SHA-256 of what stage 1 has learnt. */
  public String stage1Sha256() {
    return Sha256.of(run.stage1().resolve("model.safetensors"));
  }

  /** As {@link #imageTextScores}, of a run that has learnt to compare. */
  public ImageTextScores searchable() {
    if (imageText().contrast() == null) {
      throw UserError.of("%s was trained without contrast (stage1.objectives.itc: 0), which searching needs. Train a run with it.", run.path());
    }
    return imageTextScores();
  }

  /** Recall by stage 1's Q-Former. */
  public Retrieval retrieval() {
    if (imageText().contrast() == null) {
      throw UserError.of("%s was trained without contrast (stage1.objectives.itc: 0), which retrieval needs. Train a run with it.", run.path());
    }
    return new Retrieval(imageTextScores(), progress);
  }

  /** The Q-Former's own captions. */
  public QFormerCaptioner qformerCaptioner() {
    if (imageText().words() == null) {
      throw UserError.of(
          "%s was trained without generation (stage1.objectives.itg: 0), so its Q-Former can't caption. Train a run with it, or leave out --head.",
          run.path());
    }
    return new QFormerCaptioner(imageText, stage1Tokenizer, compute);
  }

  public Grounding grounding() {
    return new Grounding(vlm(), prompt(null), language()::answer, this::normalise, progress);
  }

  /** Where the model looks for each word. */
  public WordMaps wordMaps() {
    return new WordMaps(vlm(), features().vision().grid());
  }

  /** Whether those places are the ones that the words name. */
  public WordHits wordHits() {
    return new WordHits(wordMaps(), features().vision().preprocessing(), prompt(null), language().tokenizer(), this::normalise, progress);
  }

  /** A caption as this run was trained on. */
  public String normalise(String caption) {
    return recipe.data().style().apply(caption);
  }

  /** Photos and questions of data folders, as this run sees them. */
  public RunData data() {
    return new RunData(run, recipe, this::features, warn);
  }

  /** Photos as the language model is to see them: not at all, where it was trained so. */
  public PhotoFeatures forLanguage(PhotoFeatures photos) {
    return recipe.stage2().blankImage() ? photos.blanked() : photos;
  }

  RunFolder folder() {
    return run;
  }

  private void compare(String which, Pretrained.Identity identity) {
    if (run.about().get(which) instanceof Map<?, ?> known && !identity.sha256().equals(known.get("sha256"))) {
      warn.accept(
          String.format(
              "%s: trained with %s weights of SHA-256 %.12s…, but %s (%s) now has %.12s…. Answers may be worse.",
              run.path(), which, known.get("sha256"), identity.name(), identity.origin(), identity.sha256()));
    }
  }

  @Override
  public void close() {
    if (captioner != null) {
      captioner.close();
    }
    if (crew != null) {
      crew.close();
    }
    if (alone) {
      frozen.close();
    }
    if (stage1Tokenizer != null) {
      stage1Tokenizer.close();
    }
  }
}
