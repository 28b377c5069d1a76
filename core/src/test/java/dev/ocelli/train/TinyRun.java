package dev.ocelli.train;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.data.Draws;
import dev.ocelli.data.FeatureStore;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Questions;
import dev.ocelli.model.LanguageModel;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.text.ChatTemplate;
import dev.ocelli.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** The real stages on made-up features of a few photos, with tiny tokenizers and a random language model. */
final class TinyRun implements AutoCloseable {
  private static final Path TEXT = Path.of("src/test/resources/goldens/text");
  private static final int TOKENS = 5;
  private static final int HIDDEN = 12;
  static final String[] WORDS = {"dog", "bike", "sun", "street", "wet", "red", "run", "down", "two", "the"};
  private static final String TEMPLATE =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n";

  private final Path folder;
  final Recipe recipe;
  private final Compute compute;
  private final FeatureStore store;
  final Tokenizer words;
  private final Tokenizer pieces;
  final PhotoFeatures train;
  final PhotoFeatures validation;
  /** What the language model was built of. */
  final Map<String, Tensor> frozen = new LinkedHashMap<>();
  final Pretrained.Language language;

  /** @param changes of the recipe, over those of a tiny run */
  TinyRun(Path folder, Compute compute, String... changes) {
    this.folder = folder;
    this.compute = compute;
    List<String> all = new ArrayList<>(
        List.of(
            "features.layers=1", "features.views=0", "qformer.queries=4", "qformer.projection=8", "stage1.batch=4", "stage1.patches=1", "stage1.passes=6", "stage1.warmup=2",
            "stage1.rates.body=2e-3", "stage1.rates.new=5e-3", "stage2.batch=2", "stage2.accumulate=2", "stage2.passes=6", "stage2.warmup=2",
            "stage2.rates.qformer=2e-3", "stage2.rates.projector=5e-3", "stage2.rates.lora=5e-3", "stage2.lora.rank=2", "stage2.lora.alpha=4"));
    all.addAll(List.of(changes));
    recipe = new Recipes().read("photos", all);
    store = FeatureStore.open(folder.resolve("features"), new FeatureStore.Key("tiny", "weights", "none"));
    List<Photo> photos = new ArrayList<>();
    Map<String, String> pictures = new LinkedHashMap<>();
    for (int i = 0; i < 18; i++) {
      String image = i + ".jpg";
      List<String> captions = List.of("a " + WORDS[i % 10] + " on the " + WORDS[i * 3 % 10], WORDS[i % 10] + " and " + WORDS[i * 7 % 10]);
      photos.add(new Photo(image, folder.resolve(image), captions, i < 12 ? Part.TRAIN : Part.VALIDATION));
      pictures.put(image, Sha256.of(image));
    }
    if (!store.has(pictures.get("0.jpg"))) {
      store.add(List.copyOf(pictures.values()), TOKENS, HIDDEN, features(photos.size()));
    }
    PhotoFeatures seen = new PhotoFeatures(photos, pictures, store);
    train = seen.with(photos.subList(0, 12));
    validation = seen.with(photos.subList(12, 18));
    words = Tokenizer.open(TEXT.resolve("tiny_wordpiece.json"));
    pieces = Tokenizer.fromGguf(metadata());
    language = language();
  }

  private static ByteBuffer features(int photos) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(photos * TOKENS * HIDDEN * 2).order(ByteOrder.LITTLE_ENDIAN);
    for (int p = 0; p < photos; p++) {
      for (int i = 0; i < TOKENS * HIDDEN; i++) {
        // Photos whose first words agree look alike, so that there is something to learn.
        double value = Draws.gaussian(1, "look", p % 10, i) + 0.3 * Draws.gaussian(1, "own", p, i);
        bytes.putShort((short) (Float.floatToIntBits((float) value) >>> 16));
      }
    }
    return bytes.flip();
  }

  private static Map<String, Object> metadata() {
    try {
      return new JsonMapper().readValue(Files.readString(TEXT.resolve("tiny_gguf.json")), new TypeReference<>() {});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Pretrained.Language language() {
    LanguageModel.Config config = new LanguageModel.Config(pieces.vocabularySize(), 16, 2, 4, 2, 4, 24, 1e-5, 10000, true, false, 256);
    Weights random = new RandomWeights(5, compute);
    Weights recording =
        (kind, shape, names, rows) -> {
          // Far from its usual start, so that it has something to say.
          double gain = switch (kind) {
            case TABLE -> 25;
            case MATRIX -> 10;
            default -> 1;
          };
          Tensor tensor = random.get(kind, shape, names, rows);
          Scope.run(() -> tensor.mul_(new Scalar(gain)));
          frozen.put(names[0], tensor);
          return tensor;
        };
    ChatTemplate template = new ChatTemplate(TEMPLATE, Map.of());
    Pretrained.Speech speech = new Pretrained.Speech(config, pieces, template, pieces.id("<|im_end|>"));
    return new Pretrained.Language(new Pretrained.Identity("tiny", "0", "test"), new LanguageModel(config, recording), speech);
  }

  QFormer.Config shape(double dropout) {
    Recipe.QFormerShape q = recipe.qformer();
    return new QFormer.Config(8, 2, 2, 16, words.vocabularySize(), 32, q.queries(), HIDDEN, 2, 0, q.apart(), q.glance(), 1e-12, dropout, dropout);
  }

  /** Word embeddings come from a "text model", all else is new. */
  Tensor source(String name) {
    if (!name.equals("embeddings.word_embeddings.weight")) {
      return null;
    }
    float[] values = new float[words.vocabularySize() * 8];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.3 * Draws.gaussian(2, "words", 0, i));
    }
    return Tensors.of(values, words.vocabularySize(), 8);
  }

  QFormerStage qformer() {
    return qformer(validation);
  }

  /** @param validation photos that choose the best checkpoint */
  QFormerStage qformer(PhotoFeatures validation) {
    return new QFormerStage(recipe, compute, shape(recipe.qformer().dropout()), this::source, words, 0, train, validation, Progress.NONE);
  }

  CaptionStage caption() {
    return caption(name -> null);
  }

  /** @param stage1 what the Q-Former begins from */
  CaptionStage caption(Function<String, Tensor> stage1) {
    return new CaptionStage(recipe, compute, shape(recipe.qformer().dropout()), stage1, language, 0, train, validation, Questions.NONE);
  }

  /** Trains on in a folder of that name. */
  <B> Trainer.Result train(Stage<B> stage, String name, BooleanSupplier stop) {
    Path run = folder.resolve(name);
    try (Metrics metrics = new Metrics(run.resolve("metrics.jsonl"))) {
      return Trainer.train(stage, new Trainer.Run(run.resolve("state.safetensors"), run.resolve("best"), metrics, Progress.NONE, line -> {}, stop));
    }
  }

  /** All losses that a folder's metrics tell. */
  List<Double> losses(String name) {
    try (Stream<String> lines = Files.lines(folder.resolve(name).resolve("metrics.jsonl"))) {
      return lines.map(TinyRun::json).filter(row -> row.has("loss")).map(row -> row.get("loss").asDouble()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode json(String line) {
    try {
      return new JsonMapper().readTree(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The norm of their difference, as a part of the second one's. */
  static double apart(float[] one, float[] other) {
    double apart = 0;
    double all = 0;
    for (int i = 0; i < one.length; i++) {
      apart += Math.pow(one[i] - other[i], 2);
      all += Math.pow(other[i], 2);
    }
    return Math.sqrt(apart / all);
  }

  @Override
  public void close() {
    frozen.values().forEach(Tensor::close);
    words.close();
    pieces.close();
    store.close();
  }
}
