package dev.ocelli.eval;

import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.TextBatch;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.Tokenizer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * How well the Q-Former finds a photo's captions among all captions, and a caption's photo among all photos.
 *
 * @param model trained with ITC
 * @param maxTokens where captions are cut
 * @param normalise what a caption goes through before it is compared
 */
public record Retrieval(
    ImageTextModel model,
    ImageTextHeads.Similarity similarity,
    Compute compute,
    Tokenizer tokenizer,
    int maxTokens,
    UnaryOperator<String> normalise) {
  private static final int IMAGES_AT_ONCE = 64;
  private static final int TEXTS_AT_ONCE = 256;

  /** Recall over all the photos given and all their captions. */
  public RetrievalScores score(PhotoFeatures photos) {
    List<String> captions = new ArrayList<>();
    List<Integer> owners = new ArrayList<>();
    for (int p = 0; p < photos.photos().size(); p++) {
      for (String caption : photos.photos().get(p).captions()) {
        captions.add(normalise.apply(caption));
        owners.add(p);
      }
    }
    int[] captionImage = owners.stream().mapToInt(Integer::intValue).toArray();
    RetrievalScores[] result = new RetrievalScores[1];
    Scope.run(
        () -> {
          Tensor images = images(photos);
          Tensor texts = texts(captions);
          result[0] =
              RetrievalRanks.of(
                  photos.photos().size(),
                  captionImage,
                  image -> row(images, texts, image));
        });
    return result[0];
  }

  /** Unit vectors of all photos, {@code [photos, queries, size]}. */
  public Tensor images(PhotoFeatures photos) {
    int n = photos.photos().size();
    return inBlocks(
        n,
        IMAGES_AT_ONCE,
        (from, to) -> {
          ByteBuffer buffer = photos.buffer(to - from);
          for (int p = from; p < to; p++) {
            photos.read(p, buffer);
          }
          return model.contrast().images(model.qformer().queries(photos.tensor(buffer, compute), false));
        });
  }

  /** Unit vectors of texts, {@code [texts, size]}. */
  public Tensor texts(List<String> texts) {
    return inBlocks(
        texts.size(),
        TEXTS_AT_ONCE,
        (from, to) -> {
          TextBatch batch = TextBatch.of(tokenizer, texts.subList(from, to), maxTokens);
          return model.contrast().texts(model.qformer().text(batch.ids(compute), batch.real(compute), false));
        });
  }

  private interface Block {
    Tensor of(int from, int to);
  }

  private static Tensor inBlocks(int n, int size, Block block) {
    return Scope.noGrad(
        () -> {
          List<Tensor> parts = new ArrayList<>();
          for (int from = 0; from < n; from += size) {
            int start = from;
            parts.add(Scope.of(() -> block.of(start, Math.min(n, start + size))));
          }
          return torch.cat(new TensorVector(parts.toArray(Tensor[]::new)), 0);
        });
  }

  private float[] row(Tensor images, Tensor texts, int image) {
    float[][] scores = new float[1][];
    Scope.run(() -> scores[0] = Tensors.floats(ImageTextHeads.similarity(images.narrow(0, image, 1), texts, similarity)));
    return scores[0];
  }
}
