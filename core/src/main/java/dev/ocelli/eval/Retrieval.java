package dev.ocelli.eval;

import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * How well the Q-Former finds a photo's captions among all captions, and a caption's photo among all photos.
 *
 * @param scores of a model trained with ITC
 */
public record Retrieval(ImageTextScores scores) {
  /** Recall over all the photos given and all their captions. */
  public RetrievalScores score(PhotoFeatures photos) {
    List<String> captions = new ArrayList<>();
    List<Integer> owners = new ArrayList<>();
    for (int p = 0; p < photos.photos().size(); p++) {
      for (String caption : photos.photos().get(p).captions()) {
        captions.add(caption);
        owners.add(p);
      }
    }
    int[] captionImage = owners.stream().mapToInt(Integer::intValue).toArray();
    RetrievalScores[] result = new RetrievalScores[1];
    Scope.run(
        () -> {
          Tensor images = scores.images(photos);
          Tensor texts = scores.texts(captions);
          result[0] =
              RetrievalRanks.of(
                  photos.photos().size(),
                  captionImage,
                  image -> row(images, texts, image));
        });
    return result[0];
  }

  private float[] row(Tensor images, Tensor texts, int image) {
    float[][] found = new float[1][];
    Scope.run(() -> found[0] = Tensors.floats(ImageTextHeads.similarity(images.narrow(0, image, 1), texts, scores.similarity())));
    return found[0];
  }
}
