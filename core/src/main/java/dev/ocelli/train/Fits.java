package dev.ocelli.train;

import dev.ocelli.nn.Tensors;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Which captions of a batch are true of which of its photos: none of these is a negative, though only a pair's own are to be found.
 *
 * @param photos which photo each pair is of
 * @param texts captions in all, equally many a pair, side by side
 * @param shared by pair and caption, {@code [pairs * texts]}: captions of other photos in the same words as one of this photo's own
 */
record Fits(int[] photos, int texts, BitSet shared) {
  /** Where no two photos have a caption in common. */
  static Fits of(int[] photos, int texts) {
    return new Fits(photos, texts, new BitSet());
  }

  /** @param captions of the batch, pair by pair */
  static Fits of(int[] photos, List<String> captions, SharedCaptions shared) {
    BitSet more = new BitSet();
    for (int text = 0; text < captions.size(); text++) {
      int[] having = shared.photos(captions.get(text));
      for (int pair = 0; pair < photos.length && having.length > 0; pair++) {
        if (Arrays.binarySearch(having, photos[pair]) >= 0) {
          more.set(pair * captions.size() + text);
        }
      }
    }
    return new Fits(photos, captions.size(), more);
  }

  /** Captions of each pair. */
  int each() {
    return texts / photos.length;
  }

  boolean fit(int pair, int text) {
    return photos[pair] == photos[text / each()] || shared.get(pair * texts + text);
  }

  /** True where a caption fits a photo, {@code [pairs, texts]}. */
  Tensor matrix(Tensor beside) {
    int[] captioned = IntStream.range(0, texts).map(text -> photos[text / each()]).toArray();
    Tensor same = place(photos, beside).unsqueeze(1).eq(place(captioned, beside));
    if (!shared.isEmpty()) {
      same.view(-1).index_fill_(0, place(shared.stream().toArray(), beside), new Scalar(1));
    }
    return same;
  }

  private static Tensor place(int[] numbers, Tensor beside) {
    return Tensors.of(numbers, numbers.length).to(beside.device(), ScalarType.Long);
  }
}
