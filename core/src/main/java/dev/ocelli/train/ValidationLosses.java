package dev.ocelli.train;

import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.TextBatch;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.text.Tokenizer;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.AutoGradMode;

/**
 * How well a model matches and tells photos that it isn't trained on: the losses of ITM, with wrong partners drawn alike from 64 neighbours,
 * and of ITG, over each photo's first caption.
 *
 * @param maxTokens where captions are cut
 * @param normalise what a caption goes through first
 */
record ValidationLosses(
    ImageTextModel model, Compute compute, Tokenizer tokenizer, int maxTokens, long seed, UnaryOperator<String> normalise) {
  private static final int AT_ONCE = 64;

  /** Means by name, "itm_loss" a trial and "itg_loss" a token; of objectives that the model has. */
  Map<String, Double> of(PhotoFeatures photos) {
    SharedCaptions shared = SharedCaptions.of(photos.photos(), normalise);
    double[] sums = new double[2];
    int[] counts = new int[2];
    for (int from = 0; from < photos.photos().size(); from += AT_ONCE) {
      int start = from;
      int end = Math.min(photos.photos().size(), from + AT_ONCE);
      Scope.run(
          () -> {
            try (AutoGradMode mode = new AutoGradMode(false)) {
              add(photos, start, end, shared, sums, counts);
            }
          });
    }
    Map<String, Double> means = new LinkedHashMap<>();
    if (model.match() != null) {
      means.put("itm_loss", sums[0] / counts[0]);
    }
    if (model.words() != null) {
      means.put("itg_loss", sums[1] / counts[1]);
    }
    return means;
  }

  private void add(PhotoFeatures photos, int from, int to, SharedCaptions shared, double[] sums, int[] counts) {
    int n = to - from;
    ByteBuffer buffer = photos.buffer(n);
    List<String> captions = IntStream.range(from, to).mapToObj(p -> normalise.apply(photos.photos().get(p).captions().get(0))).toList();
    IntStream.range(from, to).forEach(p -> photos.read(p, buffer));
    TextBatch text = TextBatch.of(tokenizer, captions, maxTokens);
    QFormer.Look look = model.qformer().look(photos.tensor(buffer, compute));
    if (model.match() != null) {
      Matching.Negatives drawn = Matching.draw(null, 0, Fits.of(IntStream.range(from, to).toArray(), captions, shared), seed, -1 - from);
      List<Integer> rows = IntStream.range(0, n).boxed().toList();
      sums[0] += Matching.loss(model, look, rows, drawn, 0, n, text.ids(compute), text.real(compute), false).item_double();
      counts[0] += drawn.count();
    }
    if (model.words() != null) {
      sums[1] += GroundedText.loss(model, model.qformer().see(look, false), text, 0, n, 0, compute, false).item_double();
      counts[1] += GroundedText.tokens(text, 0, n);
    }
  }
}
