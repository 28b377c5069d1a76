package dev.ocelli.train;

import dev.ocelli.Progress;
import dev.ocelli.model.EncoderLayers;
import dev.ocelli.model.Pretrained;
import dev.ocelli.nn.Compute;
import dev.ocelli.weights.Pull;
import java.util.HashMap;
import java.util.Map;

/**
 * The encoders and language models that runs stand on, each in memory once however many runs use it. Not for several threads at
 * once.
 */
public final class FrozenModels implements AutoCloseable {
  /** What makes two runs' models the same. The seed counts for random weights only and is 0 otherwise. */
  private record Key(String name, EncoderLayers layers, Compute compute, boolean random, long seed) {}

  private final Pull pull;
  private final Progress progress;
  private final Map<Key, Pretrained.Vision> visions = new HashMap<>();
  private final Map<Key, Pretrained.Language> languages = new HashMap<>();

  public FrozenModels(Pull pull, Progress progress) {
    this.pull = pull;
    this.progress = progress;
  }

  Pretrained.Vision vision(Recipe recipe, Compute compute) {
    String name = recipe.models().vision();
    EncoderLayers layers = recipe.features().encoderLayers();
    return recipe
        .features()
        .shown(visions.computeIfAbsent(key(name, layers, "vision", recipe, compute), k -> pretrained(recipe, compute).vision(name, layers)));
  }

  Pretrained.Language language(Recipe recipe, Compute compute) {
    String name = recipe.models().language();
    return languages.computeIfAbsent(key(name, null, "language", recipe, compute), k -> pretrained(recipe, compute).language(name));
  }

  /** @param layers null for what is no encoder */
  private static Key key(String name, EncoderLayers layers, String part, Recipe recipe, Compute compute) {
    boolean random = recipe.models().random().contains(part);
    return new Key(name, layers, compute, random, random ? recipe.seed() : 0);
  }

  private Pretrained pretrained(Recipe recipe, Compute compute) {
    return new Pretrained(pull, progress, compute, recipe.models().random(), recipe.seed());
  }

  @Override
  public void close() {
    languages.values().forEach(language -> language.tokenizer().close());
    languages.clear();
  }
}
