package dev.ocelli.train;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Dialogue;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Questions;
import dev.ocelli.data.SplitSettings;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.model.ModelConfigs;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Weights;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.text.ChatTemplate;
import dev.ocelli.text.Tokenizer;
import dev.ocelli.text.WholeWords;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The models that a run begins from, without any download: a tiny encoder and a tiny language model learn from the training photos and their
 * words alone, and lie in folders {@code vision} and {@code language} as models from the hub do; {@code text}, what the Q-Former begins as,
 * is random. What they know is what such data can teach in a minute: they are for trying things out.
 *
 * @param models where the folders go
 * @param stop asked often: true ends at the next safe point, to go on later
 */
public record FromNothing(Path models, long seed, Progress progress, Consumer<String> say, BooleanSupplier stop) {
  private static final int HIDDEN = 128;
  private static final int LAYERS = 3;
  private static final int HEADS = 4;
  private static final int IMAGE = 96;
  private static final int PATCH = 12;
  private static final int POSITIONS = 256;
  private static final int ENCODER_PASSES = 10;
  private static final int LANGUAGE_PASSES = 3;
  private static final int BATCH = 32;
  private static final double RATE = 2e-3;
  private static final Compute COMPUTE = Compute.FP32;

  /** Where a model of the three is. */
  public Path vision() {
    return models.resolve("vision");
  }

  public Path text() {
    return models.resolve("text");
  }

  public Path language() {
    return models.resolve("language");
  }

  /**
   * Makes what is missing.
   *
   * @param recipe how captions and questions are to be said; of its models nothing counts
   * @return false where it was stopped before all was there
   */
  public boolean make(Recipe recipe, Path data) {
    refuseAnotherSeed();
    CaptionFolder folder = CaptionFolder.read(data, new SplitSettings(recipe.data().test(), recipe.data().validation(), recipe.seed()));
    List<Photo> photos = folder.photos(Part.TRAIN);
    Questions questions = Questions.read(data, folder);
    WholeWords words = new WholeWords(texts(recipe, photos, questions));
    if (!Files.exists(text().resolve("model.safetensors"))) {
      writeText(words);
    }
    try (Metrics metrics = new Metrics(models.resolve("metrics.jsonl"));
        Tokenizer tokenizer = Tokenizer.open(text().resolve("tokenizer.json"))) {
      return encoder(photos, tokenizer, metrics) && sentences(recipe, photos, questions, words, tokenizer, metrics);
    }
  }

  private void refuseAnotherSeed() {
    Path about = models.resolve("made.json");
    if (!Files.exists(about)) {
      if (!Files.exists(text().resolve("model.safetensors"))) { // else nobody noted which seed that was
        RunFiles.writeJson(about, Map.of("seed", seed));
      }
    } else if (RunFiles.readJson(about).get("seed") instanceof Number made && made.longValue() != seed) {
      throw UserError.of("%s were made with the seed %d. Go on with it (--seed %d), choose another --out, or begin anew with --overwrite.", models, made, made);
    }
  }

  private static List<String> texts(Recipe recipe, List<Photo> photos, Questions questions) {
    Stream<String> turns =
        photos.stream().flatMap(p -> questions.of(p).stream()).flatMap(d -> d.turns().stream()).flatMap(FromNothing::both);
    return Stream.of(
            photos.stream().flatMap(p -> p.captions().stream()), turns, recipe.stage2().system().stream(), recipe.stage2().user().stream())
        .flatMap(s -> s)
        .toList();
  }

  private static Stream<String> both(Dialogue.Turn turn) {
    return Stream.of(turn.question(), turn.answer());
  }

  private boolean encoder(List<Photo> photos, Tokenizer tokenizer, Metrics metrics) {
    if (Files.exists(vision().resolve("model.safetensors"))) {
      return true;
    }
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("model_type", "vit");
    config.put("hidden_act", "gelu");
    config.put("hidden_size", HIDDEN);
    config.put("num_hidden_layers", LAYERS);
    config.put("num_attention_heads", HEADS);
    config.put("intermediate_size", 4 * HIDDEN);
    config.put("image_size", IMAGE);
    config.put("patch_size", PATCH);
    config.put("layer_norm_eps", 1e-6);
    Map<String, Object> pixels = new LinkedHashMap<>();
    pixels.put("image_processor_type", "ViTImageProcessor");
    pixels.put("do_resize", true);
    pixels.put("size", Map.of("height", IMAGE, "width", IMAGE));
    pixels.put("resample", 2);
    pixels.put("image_mean", List.of(0.5, 0.5, 0.5));
    pixels.put("image_std", List.of(0.5, 0.5, 0.5));
    Consumer<Path> beside =
        place -> {
          RunFiles.writeJson(place.resolve("config.json"), config);
          RunFiles.writeJson(place.resolve("preprocessor_config.json"), pixels);
        };
    beside.accept(models.resolve("state").resolve("vision"));
    Preprocessing preprocessing = Preprocessing.fromJson(models.resolve("state").resolve("vision").resolve("preprocessor_config.json"));
    List<float[]> seen = photos.parallelStream().map(photo -> preprocessing.apply(photo.picture().rgb())).toList();
    say.accept("An encoder from nothing: which words stand in a picture's captions");
    try (WordsStage stage =
        new WordsStage(seed, COMPUTE, ModelConfigs.vit(config), tokenizer, photos, seen, ENCODER_PASSES, BATCH, RATE, beside)) {
      return train(stage, vision(), metrics);
    }
  }

  private boolean sentences(
      Recipe recipe, List<Photo> photos, Questions questions, WholeWords words, Tokenizer tokenizer, Metrics metrics) {
    if (Files.exists(language().resolve("model.safetensors"))) {
      return true;
    }
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("model_type", "llama");
    config.put("hidden_act", "silu");
    config.put("hidden_size", HIDDEN);
    config.put("num_hidden_layers", LAYERS);
    config.put("num_attention_heads", HEADS);
    config.put("num_key_value_heads", HEADS);
    config.put("intermediate_size", 3 * HIDDEN);
    config.put("max_position_embeddings", POSITIONS);
    config.put("rms_norm_eps", 1e-6);
    config.put("tie_word_embeddings", true);
    config.put("vocab_size", words.size());
    config.put("eos_token_id", words.end());
    Consumer<Path> beside =
        place -> {
          RunFiles.writeJson(place.resolve("config.json"), config);
          words.write(place, false);
        };
    beside.accept(models.resolve("state").resolve("language"));
    try (Tokenizer own = Tokenizer.open(models.resolve("state").resolve("language").resolve("tokenizer.json"))) {
      ChatTemplate template = new ChatTemplate(WholeWords.TEMPLATE, Map.of());
      ChatPrompt chat = new ChatPrompt(template, own, recipe.stage2().image().equals("after_prompt"));
      Lessons lessons = new Lessons(seed, photos, recipe.features().photoViews(), questions, recipe.stage2(), BATCH);
      LessonWords said = new LessonWords(recipe, chat, text -> ended(own.encodeLiteral(text), words.end()), words.end());
      say.accept("A language model from nothing: what is said of pictures, without seeing them");
      try (SentencesStage stage =
          new SentencesStage(
              seed,
              COMPUTE,
              ModelConfigs.language(config),
              step -> IntStream.range(0, lessons.perStep()).mapToObj(row -> said.example(lessons.lesson(step, row), step, row)).toList(),
              lessons.steps(LANGUAGE_PASSES),
              lessons.perStep(),
              RATE,
              beside)) {
        return train(stage, language(), metrics);
      }
    }
  }

  private static int[] ended(int[] ids, int end) {
    return IntStream.concat(IntStream.of(ids), IntStream.of(end)).toArray();
  }

  private <B> boolean train(Stage<B> stage, Path place, Metrics metrics) {
    Path checkpoint = models.resolve("state").resolve(stage.name() + ".safetensors");
    Trainer.Result result = Trainer.train(stage, new Trainer.Run(checkpoint, place, metrics, progress, say, stop));
    if (!result.finished()) {
      say.accept("Stopped after step " + result.steps() + " of " + stage.settings().steps() + "; the same command goes on from there.");
    }
    return result.finished();
  }

  /** Removes what {@link #make} wrote, and nothing else. */
  public void clear() {
    for (Path place : List.of(vision(), text(), language(), models.resolve("state"), models.resolve("metrics.jsonl"), models.resolve("made.json"))) {
      RunFolder.deleteTree(place);
    }
  }

  /** A BERT of random weights. */
  private void writeText(WholeWords words) {
    int d = HIDDEN;
    Consumer<Weights> build =
        weights -> {
          weights.get(Weights.Kind.TABLE, "embeddings.word_embeddings.weight", words.size(), d);
          weights.get(Weights.Kind.TABLE, "embeddings.position_embeddings.weight", POSITIONS, d);
          weights.layerNorm("embeddings.LayerNorm", d, 1e-12);
          for (int i = 0; i < LAYERS; i++) {
            String at = "encoder.layer." + i + ".";
            List.of("query", "key", "value").forEach(part -> weights.linear(at + "attention.self." + part, d, d));
            weights.linear(at + "attention.output.dense", d, d);
            weights.layerNorm(at + "attention.output.LayerNorm", d, 1e-12);
            weights.linear(at + "intermediate.dense", d, 4L * d);
            weights.linear(at + "output.dense", 4L * d, d);
            weights.layerNorm(at + "output.LayerNorm", d, 1e-12);
          }
        };
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("model_type", "bert");
    config.put("hidden_act", "gelu");
    config.put("hidden_size", d);
    config.put("num_hidden_layers", LAYERS);
    config.put("num_attention_heads", HEADS);
    config.put("intermediate_size", 4 * d);
    config.put("max_position_embeddings", POSITIONS);
    config.put("vocab_size", words.size());
    try (Parameters parameters = new Parameters(COMPUTE, name -> "text", build)) {
      parameters.initialise(seed, name -> null);
      words.write(text(), true);
      RunFiles.writeJson(text().resolve("config.json"), config);
      RunFiles.writeWeights(text(), parameters.named(), name -> true);
    }
  }
}
