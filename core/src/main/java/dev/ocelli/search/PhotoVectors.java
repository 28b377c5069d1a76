package dev.ocelli.search;

import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * A photo as it stands in the index.
 *
 * @param text what texts are compared with, {@code [vectors][width]}: a text's similarity is its largest product with one of them
 * @param whole what photos are compared with, a unit vector: the direction of its vectors' mean
 */
public record PhotoVectors(float[][] text, float[] whole) {
  /**
   * Of several photos.
   *
   * @param images as {@code scores} gives them, {@code [photos, queries, size]}
   */
  public static List<PhotoVectors> of(Tensor images, ImageTextScores scores) {
    int photos = (int) images.size(0);
    int size = (int) images.size(2);
    int width = scores.width();
    float[][] all = new float[2][];
    Scope.run(
        () -> {
          all[0] = Tensors.floats(scores.compared(images));
          all[1] = Tensors.floats(scores.model().contrast().whole(images));
        });
    int each = all[0].length / (photos * width);
    List<PhotoVectors> found = new ArrayList<>(photos);
    for (int p = 0; p < photos; p++) {
      float[][] text = new float[each][];
      for (int v = 0; v < each; v++) {
        int from = (p * each + v) * width;
        text[v] = Arrays.copyOfRange(all[0], from, from + width);
      }
      found.add(new PhotoVectors(text, Arrays.copyOfRange(all[1], p * size, (p + 1) * size)));
    }
    return found;
  }
}
