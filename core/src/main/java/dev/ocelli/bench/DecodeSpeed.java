package dev.ocelli.bench;

import dev.ocelli.generate.Sampler;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.model.KeyValueCache;
import dev.ocelli.model.Prefix;
import dev.ocelli.model.VisionEncoder;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * How fast one photo is described: from its pixels to the first token, and from token to token. Greedy, and an end of turn ends nothing, so
 * that every measurement is of equal work.
 *
 * @param words of the prompt before the picture; {@code after} those behind it
 * @param tokens how many are said
 */
public record DecodeSpeed(VisionEncoder encoder, Vlm vlm, Tensor pixels, int[] words, int[] after, int tokens) {
  /**
   * @param firstMillis from pixels to the first token
   * @param perSecond tokens after the first
   */
  public record Figures(double firstMillis, double perSecond) {}

  /** Measures once. {@code prefix} may have read the words before the picture already, as it has for all photos but the first. */
  public Figures measure(Prefix prefix) {
    long[] times = new long[3];
    long room = words.length + vlm.qformer().config().vectors() + after.length + tokens;
    Scope.run(
        () -> {
          try (KeyValueCache cache = new KeyValueCache(vlm.language().config(), vlm.compute(), 1, room)) {
            times[0] = System.nanoTime();
            Tensor first =
                Scope.noGrad(
                    () -> {
                      prefix.begin(cache, words);
                      Tensor image = vlm.image(encoder.forward(pixels), false);
                      return logits(vlm.prompt(image, new int[0], after), cache);
                    });
            long token = next(first);
            times[1] = System.nanoTime();
            for (int i = 1; i < tokens; i++) {
              token = step(token, cache);
            }
            times[2] = System.nanoTime();
          }
        });
    return new Figures((times[1] - times[0]) / 1e6, (tokens - 1) * 1e9 / (times[2] - times[1]));
  }

  private long step(long token, KeyValueCache cache) {
    long[] next = new long[1];
    Scope.run(
        () ->
            next[0] = next(Scope.noGrad(() -> logits(vlm.language().embed(vlm.compute().place(Tensors.of(new long[] {token}, 1, 1))), cache))));
    return next[0];
  }

  private Tensor logits(Tensor embeddings, KeyValueCache cache) {
    Tensor hidden = vlm.language().forward(embeddings, vlm.lora(), false, cache);
    return vlm.language().logits(hidden.select(1, hidden.size(1) - 1)).to(ScalarType.Float);
  }

  private static long next(Tensor logits) {
    return new Sampler(SamplingSettings.defaults(), step -> 0).next(Tensors.floats(logits), new int[0], 0, 0);
  }
}
