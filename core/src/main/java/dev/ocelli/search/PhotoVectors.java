package dev.ocelli.search;

import dev.ocelli.model.ImageTextHeads.Similarity;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * A photo as it stands in the index.
 *
 * @param text what texts are compared with, {@code [vectors][size]}: a text's similarity is its largest product with one of them
 * @param whole what photos are compared with, a unit vector: the direction of the queries' mean
 */
public record PhotoVectors(float[][] text, float[] whole) {
  /**
   * Of several photos.
   *
   * @param images unit vectors {@code [photos, queries, size]}
   * @param similarity where the best query counts, all are kept; else one vector is enough
   */
  public static List<PhotoVectors> of(Tensor images, Similarity similarity) {
    int photos = (int) images.size(0);
    int queries = (int) images.size(1);
    int size = (int) images.size(2);
    float[] all = Tensors.floats(images);
    List<PhotoVectors> found = new ArrayList<>(photos);
    for (int p = 0; p < photos; p++) {
      float[][] vectors = new float[queries][];
      float[] mean = new float[size];
      for (int q = 0; q < queries; q++) {
        int from = (p * queries + q) * size;
        vectors[q] = java.util.Arrays.copyOfRange(all, from, from + size);
        for (int i = 0; i < size; i++) {
          mean[i] += vectors[q][i] / queries;
        }
      }
      float[] whole = unit(mean);
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

  private static float[] unit(float[] vector) {
    double norm = 0;
    for (float v : vector) {
      norm += (double) v * v;
    }
    float scale = (float) (1 / Math.max(Math.sqrt(norm), 1e-12));
    float[] unit = new float[vector.length];
    for (int i = 0; i < unit.length; i++) {
      unit[i] = vector[i] * scale;
    }
    return unit;
  }
}
