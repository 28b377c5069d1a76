package dev.ocelli.search;

import dev.ocelli.image.Preprocessing;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Where a query looks on a photo, as the encoder's preprocessing shows it: the weights of the cross-attention on each patch, the mean over
 * heads and layers.
 *
 * @param weights row by row from the top left, {@code [rows * columns]}; they sum to at most 1, since a class token may have a share
 */
public record AttentionGrid(int rows, int columns, float[] weights) {
  /**
   * @param features what the encoder sees of the photo, {@code [1, tokens, hidden]}
   * @param query which query; -1 for the mean of all
   */
  public static AttentionGrid of(QFormer qformer, Pretrained.Vision vision, Tensor features, int query) {
    float[][] tokens = new float[1][];
    Scope.run(
        () -> {
          Tensor looks = qformer.attention(qformer.look(features)).select(0, 0).mean(0);
          tokens[0] = Tensors.floats(query < 0 ? looks.mean(0) : looks.select(0, query));
        });
    float[] patches = vision.encoder().onPatches(tokens[0]);
    Preprocessing size = vision.preprocessing();
    int rows = (int) Math.max(1, Math.round(Math.sqrt((double) patches.length * size.height() / size.width())));
    return new AttentionGrid(rows, patches.length / rows, patches);
  }
}
