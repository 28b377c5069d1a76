package dev.ocelli.train;

import dev.ocelli.data.Draws;
import dev.ocelli.data.Photo;
import dev.ocelli.model.EncoderLayers;
import dev.ocelli.model.VisionEncoder;
import dev.ocelli.model.Vit;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.text.Tokenizer;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A vision encoder from nothing: it learns which words stand in a photo's captions (Joulin et al. 2016, "Learning visual features from large
 * weakly supervised data"). Each patch scores each word, and the log of their mean exponential is the photo's score: a word needs to be
 * seen somewhere, not everywhere.
 */
final class WordsStage implements Stage<WordsStage.Batch> {
  static final String NAME = "encoder";
  private static final String ENCODER = "encoder";
  private static final String HEAD = "head";

  /** Pixels and, photo by photo, 1 for each word of its captions. */
  record Batch(float[] pixels, float[] words, int photos) {}

  private final long seed;
  private final Compute compute;
  private final int side;
  private final int vocabulary;
  private final List<float[]> pixels;
  private final BitSet[] words;
  private final Settings settings;
  private final Parameters parameters;
  private final VisionEncoder encoder;
  private final Linear head;
  private final Consumer<Path> beside;
  private long shuffledPass = -1;
  private int[] order;

  /**
   * @param pixels of each photo, {@code [3, image, image]}
   * @param beside writes what lies beside the weights into a folder
   */
  WordsStage(
      long seed, Compute compute, Vit.Config config, Tokenizer tokenizer, List<Photo> photos, List<float[]> pixels, int passes, int batch,
      double rate, Consumer<Path> beside) {
    this.seed = seed;
    this.compute = compute;
    this.side = config.image();
    this.vocabulary = tokenizer.vocabularySize();
    this.pixels = pixels;
    this.beside = beside;
    words = photos.stream().map(photo -> words(photo, tokenizer)).toArray(BitSet[]::new);
    int size = Math.min(batch, pixels.size());
    long steps = pixels.size() / size * (long) passes;
    settings = new Settings(steps, size, "adamw", Map.of(ENCODER, rate, HEAD, rate), 0.05, new Schedule("cosine", 20, steps), 1.0, steps);
    VisionEncoder[] built = new VisionEncoder[1];
    Linear[] scores = new Linear[1];
    Consumer<Weights> build =
        weights -> {
          built[0] = new Vit(config, EncoderLayers.LAST, weights);
          scores[0] = weights.linear("word_head", config.hidden(), vocabulary);
        };
    parameters = new Parameters(compute, name -> name.startsWith("word_head") ? HEAD : ENCODER, build);
    build.accept(parameters.weights());
    encoder = built[0];
    head = scores[0];
    parameters.initialise(seed, name -> null);
  }

  private static BitSet words(Photo photo, Tokenizer tokenizer) {
    BitSet words = new BitSet();
    for (String caption : photo.captions()) {
      for (int id : tokenizer.encode(caption, false)) {
        words.set(id);
      }
    }
    return words;
  }

  @Override
  public String name() {
    return NAME;
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
    return Map.of();
  }

  @Override
  public Batch prepare(long step) {
    int n = (int) settings.pairsPerStep();
    long perPass = pixels.size() / n;
    if (step / perPass != shuffledPass) {
      shuffledPass = step / perPass;
      order = Draws.permutation(seed, "encoder order", shuffledPass, pixels.size());
    }
    int plane = 3 * side * side;
    float[] all = new float[n * plane];
    float[] there = new float[n * vocabulary];
    for (int i = 0; i < n; i++) {
      int photo = order[(int) (step % perPass) * n + i];
      System.arraycopy(pixels.get(photo), 0, all, i * plane, plane);
      int row = i * vocabulary;
      words[photo].stream().forEach(word -> there[row + word] = 1);
    }
    return new Batch(all, there, n);
  }

  @Override
  public Loss run(Batch batch, long step) {
    Tensor seen = encoder.forward(compute.place(Tensors.of(batch.pixels, batch.photos, 3, side, side)));
    Tensor patches = seen.narrow(1, 1, seen.size(1) - 1);
    Tensor scores = head.apply(patches).to(ScalarType.Float);
    Tensor photo = torch.logsumexp(scores, new long[] {1}, false).sub(new Scalar(Math.log(patches.size(1))));
    Tensor loss =
        torch.binary_cross_entropy_with_logits(
            photo, compute.place(Tensors.of(batch.words, batch.photos, vocabulary)), new TensorOptional(), new TensorOptional(), 1);
    // A sum over words, the mean over photos: the mean over words would be tiny.
    Tensor weighted = Tensors.scale(loss, vocabulary);
    weighted.backward();
    return new Loss(weighted.item_double(), Map.of());
  }

  @Override
  public Evaluation evaluate() {
    return Evaluation.NONE;
  }

  @Override
  public void save(Path fresh) {
    RunFiles.writeWeights(fresh, parameters.named(), name -> !name.startsWith("word_head"));
    beside.accept(fresh);
  }

  @Override
  public void close() {
    parameters.close();
  }
}
