package dev.ocelli.search;

import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextHeads.Similarity;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * A photo as it stands in the index.
 *
 * @param text what texts are compared with, {@code [vectors][size]}: a text's similarity is its largest product with one of them
 * @param whole what photos are compared with, a unit vector: the direction of its vectors' mean
 */
public record PhotoVectors(float[][] text, float[] whole) {
  /**
   * Of several photos.
   *
   * @param images as {@code heads} gives them, {@code [photos, queries, size]}
   * @param similarity where the best query counts, all are kept; else one vector is enough
   */
  public static List<PhotoVectors> of(Tensor images, ImageTextHeads heads, Similarity similarity) {
    int photos = (int) images.size(0);
    int queries = (int) images.size(1);
    int size = (int) images.size(2);
    float[] all = Tensors.floats(images);
    float[][] wholes = new float[1][];
    Scope.run(() -> wholes[0] = Tensors.floats(heads.whole(images)));
    List<PhotoVectors> found = new ArrayList<>(photos);
    for (int p = 0; p < photos; p++) {
      float[][] vectors = new float[queries][];
      float[] mean = new float[size];
      for (int q = 0; q < queries; q++) {
        int from = (p * queries + q) * size;
        vectors[q] = Arrays.copyOfRange(all, from, from + size);
        for (int i = 0; i < size; i++) {
          mean[i] += vectors[q][i] / queries;
        }
      }
      float[] whole = Arrays.copyOfRange(wholes[0], p * size, (p + 1) * size);
      float[][] text =
          switch (similarity) {
            case BEST -> vectors;
            case MEAN -> new float[][] {mean};
            case WHOLE -> new float[][] {whole};
          };
      found.add(new PhotoVectors(text, whole));
    }
    return found;
  }
}
