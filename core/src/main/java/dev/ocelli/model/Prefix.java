package dev.ocelli.model;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * Keys and values of the words that prompts begin with: the system's and the question's are the same for photo after photo, so the model
 * reads them once. It keeps the words it was asked for last.
 */
public final class Prefix implements AutoCloseable {
  private final LanguageModel model;
  private final Lora lora;
  private final Compute compute;
  private int[] words = {};
  private KeyValueCache cache;

  /** @param lora or null */
  public Prefix(LanguageModel model, Lora lora, Compute compute) {
    this.model = model;
    this.lora = lora;
    this.compute = compute;
  }

  /** Begins every row of an empty cache with {@code words}, at least one. */
  public void begin(KeyValueCache target, int[] words) {
    if (cache == null || !Arrays.equals(words, this.words)) {
      read(words);
    }
    target.begin(cache);
  }

  private void read(int[] words) {
    close();
    cache = new KeyValueCache(model.config(), compute, 1, words.length);
    Scope.run(
        () -> Scope.noGrad(() -> model.forward(model.embed(compute.place(Tensors.of(words, 1, words.length))), lora, false, cache)));
    cache.settle();
    this.words = words.clone();
  }

  @Override
  public void close() {
    if (cache != null) {
      cache.close();
      cache = null;
    }
  }
}
