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
    int size = (int) images.size(2);
    float[][] all = new float[2][];
    Scope.run(
        () -> {
          all[1] = Tensors.floats(heads.whole(images));
          all[0] =
              switch (similarity) {
                case BEST -> Tensors.floats(images);
                case MEAN -> Tensors.floats(images.mean(1));
                case WHOLE -> all[1];
              };
        });
    int each = all[0].length / (photos * size);
    List<PhotoVectors> found = new ArrayList<>(photos);
    for (int p = 0; p < photos; p++) {
      float[][] text = new float[each][];
      for (int v = 0; v < each; v++) {
        int from = (p * each + v) * size;
        text[v] = Arrays.copyOfRange(all[0], from, from + size);
      }
      found.add(new PhotoVectors(text, Arrays.copyOfRange(all[1], p * size, (p + 1) * size)));
    }
    return found;
  }
}
