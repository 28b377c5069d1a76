package dev.ocelli.model;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.FrozenWeights;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Weights;
import dev.ocelli.text.ChatTemplate;
import dev.ocelli.text.Tokenizer;
import dev.ocelli.weights.Gguf;
import dev.ocelli.weights.Pull;
import dev.ocelli.weights.PulledModel;
import dev.ocelli.weights.TensorFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * The three models that a run begins from, found by name, read in whatever form they come.
 *
 * @param random which of vision, text, language get random weights from the seed instead, of the known sizes
 */
public record Pretrained(Pull pull, Progress progress, Compute compute, Set<String> random, long seed) {
  /** What a random model's bytes are called. */
  private static final String RANDOM = "random weights from seed ";

  /**
   * A model as a run remembers it.
   *
   * @param sha256 of the bytes of the weights
   */
  public record Identity(String name, String sha256, String origin) {
    /** For a file of JSON. */
    public Map<String, Object> about() {
      Map<String, Object> about = new LinkedHashMap<>();
      about.put("name", name);
      about.put("sha256", sha256);
      about.put("origin", origin);
      return about;
    }
  }

  /** The encoder and what a photo goes through before it. */
  public record Vision(Identity identity, VisionEncoder encoder, Preprocessing preprocessing) {
    /** Where the encoder's tokens lie in what the preprocessing gives. */
    public VisionEncoder.Grid grid() {
      return encoder.grid(preprocessing.height(), preprocessing.width());
    }

    /** The same encoder, to which photos are shown as a whole. */
    public Vision whole() {
      return new Vision(identity, encoder, preprocessing.whole());
    }
  }

  /**
   * What the Q-Former begins as.
   *
   * @param source fp32 tensors by the Q-Former's names, null for names without one
   */
  public record Text(Identity identity, Map<String, Object> config, Function<String, Tensor> source, Tokenizer tokenizer, TensorFile file)
      implements AutoCloseable {
    @Override
    public void close() {
      if (file != null) {
        file.close();
      }
      tokenizer.close();
    }
  }

  /**
   * How to talk to a language model.
   *
   * @param end the token that ends a turn
   */
  public record Speech(LanguageModel.Config config, Tokenizer tokenizer, ChatTemplate template, int end) {
    /** The tokens of an answer, with the end of the turn. What people wrote can't bring in control tokens. */
    public int[] answer(String text) {
      int[] ids = tokenizer.encodeLiteral(text);
      int[] ended = java.util.Arrays.copyOf(ids, ids.length + 1);
      ended[ids.length] = end;
      return ended;
    }
  }

  /** A language model and how to talk to it. */
  public record Language(Identity identity, LanguageModel model, Speech speech) {
    public Tokenizer tokenizer() {
      return speech.tokenizer;
    }

    public ChatTemplate template() {
      return speech.template;
    }

    /** The token that ends a turn. */
    public int end() {
      return speech.end;
    }

    /** As {@link Speech#answer}. */
    public int[] answer(String text) {
      return speech.answer(text);
    }
  }

  /** A photo encoder: ViT, DINOv2 or ResNet. */
  public Vision vision(String name) {
    return vision(name, EncoderLayers.LAST);
  }

  /** @param layers those that are looked at */
  public Vision vision(String name, EncoderLayers layers) {
    if (random.contains("vision")) {
      Map<String, Object> config = KnownConfigs.of(name);
      VisionEncoder encoder = named(name, () -> ModelConfigs.vision(config, layers, new RandomWeights(seed, compute)));
      return new Vision(identity(name), encoder, preprocessing(config, null));
    }
    PulledModel pulled = pull.pull(name, progress);
    Map<String, Object> config = pulled.config();
    try (TensorFile file = pulled.open()) {
      // Classifiers keep their encoder under its family's name.
      String prefix =
          Stream.of("vit.", "resnet.", "dinov2.")
              .filter(family -> file.names().stream().anyMatch(n -> n.startsWith(family)))
              .findFirst()
              .orElse("");
      Weights weights = new FrozenWeights(file, prefix, compute);
      VisionEncoder encoder = named(name, () -> ModelConfigs.vision(config, layers, weights));
      return new Vision(identity(pulled), encoder, preprocessing(config, pulled.files().get("preprocessor_config.json")));
    }
  }

  private static Preprocessing preprocessing(Map<String, Object> config, Path file) {
    if (file != null) {
      return Preprocessing.fromJson(file);
    }
    return switch (String.valueOf(config.get("model_type"))) {
      case "vit" -> Preprocessing.vit(config.get("image_size") instanceof Integer size && size > 0 ? size : 224);
      case "resnet" -> Preprocessing.resnet();
      default -> Preprocessing.dinov2();
    };
  }

  /** Finds the text model and refuses one that {@link #text} can't read, without loading it. */
  public void checkText(String name) {
    if (!random.contains("text")) {
      named(name, () -> ModelConfigs.bert(pull.pull(name, progress).config(), 1, 1, 1, 0));
    }
  }

  /** How to talk to a language model that needn't be loaded yet; refuses one that {@link #language} can't read. */
  public Speech speech(String name) {
    return named(name, () -> speech(pull.pull(name, progress)));
  }

  private static Speech speech(PulledModel pulled) {
    Tokenizer tokenizer = tokenizer(pulled);
    LanguageModel.Config config = ModelConfigs.language(pulled.config());
    checkVocabulary(pulled, tokenizer, config.vocabulary());
    int end = end(pulled.config(), pulled);
    return new Speech(config, tokenizer, template(pulled, tokenizer, end), end);
  }

  /** A mistake in a model's configuration, told with the model's name. */
  private static <T> T named(String name, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (UserError mistake) {
      throw mistake.getMessage().contains(name) ? mistake : new UserError(name + ": " + mistake.getMessage(), mistake);
    }
  }

  /** What the Q-Former begins as: a BERT, DistilBERT or MiniLM. */
  public Text text(String name) {
    if (random.contains("text")) {
      // These all share one vocabulary of lower-case English, which the starter package carries.
      PulledModel tokenizer = pull.pull(KnownConfigs.MINILM, progress);
      return new Text(identity(name), KnownConfigs.of(name), any -> null, tokenizer(tokenizer), null);
    }
    PulledModel pulled = pull.pull(name, progress);
    TensorFile file = pulled.open();
    Tokenizer tokenizer = tokenizer(pulled);
    checkVocabulary(pulled, tokenizer, ModelConfigs.bert(pulled.config(), 1, 1, 1, 0).vocabulary());
    return new Text(identity(pulled), pulled.config(), BertNames.source(file), tokenizer, file);
  }

  /** A decoder of the Llama family, with its tokenizer and chat template. */
  public Language language(String name) {
    PulledModel pulled = pull.pull(name, progress);
    Speech speech = speech(pulled);
    try (TensorFile file = pulled.open()) {
      Weights weights = random.contains("language") ? new RandomWeights(seed, compute) : new FrozenWeights(file, "", compute);
      LanguageModel model = new LanguageModel(speech.config, weights);
      return new Language(random.contains("language") ? identity(name) : identity(pulled), model, speech);
    }
  }

  private static void checkVocabulary(PulledModel pulled, Tokenizer tokenizer, int vocabulary) {
    if (tokenizer.vocabularySize() > vocabulary) {
      throw UserError.of(
          "%s: the tokenizer gives ids up to %d, but the model has %d words. They don't belong together.",
          pulled.folder(), tokenizer.vocabularySize() - 1, vocabulary);
    }
  }

  private static int end(Map<String, Object> config, PulledModel pulled) {
    Object end = config.get("eos_token_id");
    if (end instanceof java.util.List<?> several && !several.isEmpty()) {
      end = several.get(0);
    }
    if (end instanceof Number id) {
      return id.intValue();
    }
    throw UserError.of("%s doesn't say which token ends a turn (eos_token_id in config.json). Add it there.", pulled.folder());
  }

  private static ChatTemplate template(PulledModel pulled, Tokenizer tokenizer, int end) {
    String jinja = ChatTemplates.of(pulled);
    Map<String, String> special = new LinkedHashMap<>();
    special.put("eos_token", tokenizer.decode(new int[] {end}, false));
    Object begin = pulled.config().get("bos_token_id");
    boolean known = begin instanceof Integer id && id >= 0 && id < tokenizer.vocabularySize();
    special.put("bos_token", known ? tokenizer.decode(new int[] {(Integer) begin}, false) : "");
    return new ChatTemplate(jinja, special);
  }

  private static Tokenizer tokenizer(PulledModel pulled) {
    Path json = pulled.files().get("tokenizer.json");
    if (json != null) {
      return Tokenizer.open(json);
    }
    if (pulled.weights().toString().endsWith(".gguf")) {
      try (Gguf gguf = Gguf.open(pulled.weights())) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        gguf.keys().stream().filter(k -> k.startsWith("tokenizer.")).forEach(k -> metadata.put(k, gguf.value(k)));
        return Tokenizer.fromGguf(metadata);
      }
    }
    throw UserError.of("%s has no tokenizer.json beside its weights. Fetch the whole model folder.", pulled.folder());
  }

  private Identity identity(PulledModel pulled) {
    return new Identity(pulled.name(), pulled.sha256(), pulled.origin());
  }

  private Identity identity(String name) {
    return new Identity(name, dev.ocelli.Sha256.of(RANDOM + seed + name), RANDOM + seed);
  }
}
