package dev.ocelli.eval;

import dev.ocelli.Progress;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * How well the Q-Former finds a photo's captions among all captions, and a caption's photo among all photos.
 *
 * @param scores of a model trained with ITC
 * @param progress of photos and captions, and of ranking again
 */
public record Retrieval(ImageTextScores scores, Progress progress) {
  /** Recall over all the photos given and all their captions. */
  public RetrievalScores score(PhotoFeatures photos) {
    return ranks(photos, 0).scores();
  }

  /**
   * As {@link #score}, with how sure the figures are.
   *
   * @param rerank how many of the best are ranked again by matching; 0 for none
   * @param seed of the interval's draws
   */
  public RetrievalReport report(PhotoFeatures photos, int rerank, long seed) {
    Ranks ranks = ranks(photos, rerank);
    return new RetrievalReport(ranks.scores(), ranks.intervals(seed), rerank);
  }

  private Ranks ranks(PhotoFeatures photos, int rerank) {
    List<String> captions = new ArrayList<>();
    List<Integer> owners = new ArrayList<>();
    for (int p = 0; p < photos.photos().size(); p++) {
      for (String caption : photos.photos().get(p).captions()) {
        captions.add(caption);
        owners.add(p);
      }
    }
    // Captions of the same words are read and compared once, so that their scores tie to the last bit.
    Map<String, Integer> words = new LinkedHashMap<>();
    captions.forEach(caption -> words.putIfAbsent(scores.normalise().apply(caption), words.size()));
    int[] which = captions.stream().map(scores.normalise()).mapToInt(words::get).toArray();
    int[] captionImage = owners.stream().mapToInt(Integer::intValue).toArray();
    int n = photos.photos().size();
    Rerank again = rerank == 0 ? null : new Rerank(n, captionImage, which, rerank);
    List<String> texts = List.copyOf(words.keySet());
    Ranks[] found = new Ranks[1];
    Scope.run(
        () -> {
          Tensor images;
          Tensor ofTexts;
          try (Progress.Task task = progress.start("retrieval", n + captions.size(), "photos and captions")) {
            images = scores.compared(photos, task::advance);
            ofTexts = scores.comparedTexts(texts, task::advance);
            task.advance(captions.size() - words.size());
          }
          found[0] =
              RetrievalRanks.of(
                  n,
                  captionImage,
                  image -> row(images, ofTexts, which, image),
                  (row, image) -> {
                    if (again != null) {
                      again.add(image, row);
                    }
                  });
        });
    return again == null ? found[0] : again.ranks(found[0], scores, photos, texts, progress);
  }

  /** @param which of the texts each caption is */
  private float[] row(Tensor images, Tensor texts, int[] which, int image) {
    float[] all = new float[which.length];
    Scope.run(
        () -> {
          float[] found = Tensors.floats(ImageTextScores.products(images.narrow(0, image, 1), texts));
          for (int caption = 0; caption < all.length; caption++) {
            all[caption] = found[which[caption]];
          }
        });
    return all;
  }
}
