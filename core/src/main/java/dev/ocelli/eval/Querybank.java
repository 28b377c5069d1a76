package dev.ocelli.eval;

import dev.ocelli.Progress;
import dev.ocelli.data.Photo;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.TensorFile;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Photos and captions of the training, by which a similarity is told from what is usual. Some photos resemble all captions, and some captions
 * all photos; by cosines alone these are found too often (hubs). With usual similarities taken off on both sides, what is left is the
 * temperature times how much more likely photo and text are together than apart (pointwise mutual information): 0 means as likely as any.
 *
 * <p>Smith et al. 2017, "Offline bilingual word vectors, orthogonal transformations and the inverted softmax"; Bogolin et al. 2022, "Cross
 * Modal Retrieval with Querybank Normalisation". A vector's usual similarity is {@code T log mean exp(cosine / T)} over the bank.
 *
 * @param images what texts are compared with, {@code [photos, size]}
 * @param texts {@code [texts, size]}
 * @param all the usual similarity of all photos and texts, {@code [1, 1]}
 */
public record Querybank(Tensor images, Tensor texts, Tensor all) {
  /** Numbers that {@link #photos} and {@link #texts} add to a vector. */
  public static final int MORE = 2;

  private static final String IMAGES = "querybank.images";
  private static final String TEXTS = "querybank.texts";

  /** Fewer photos say too little of what is usual. */
  private static final int LEAST = 8;

  private static final double TEMPERATURE = 0.1;
  private static final int AT_ONCE = 256;

  /**
   * Of photos spread evenly over some, each with its first caption, and none with another's: a caption that most photos have would be usual
   * of them all. Null where there are too few.
   *
   * @param scores without a bank, of a model whose photos have one vector to compare
   * @param most how many photos
   */
  public static Querybank of(ImageTextScores scores, PhotoFeatures photos, int most, Progress progress) {
    List<Photo> all = photos.photos();
    int n = Math.min(most, all.size());
    Map<String, Photo> some = new LinkedHashMap<>();
    for (int i = 0; i < n; i++) {
      Photo photo = all.get((int) ((long) i * all.size() / n));
      some.putIfAbsent(scores.normalise().apply(photo.captions().get(0)), photo);
    }
    if (some.size() < LEAST) {
      return null;
    }
    try (Progress.Task task = progress.start("what is usual", some.size(), "photos")) {
      Tensor images = scores.compared(photos.with(List.copyOf(some.values())), task::advance).squeeze(1);
      return of(images, scores.texts(List.copyOf(some.keySet())));
    }
  }

  /** What {@link #named} gave a file; null where it has none. */
  public static Querybank read(TensorFile file, Compute compute) {
    if (!file.names().contains(IMAGES)) {
      return null;
    }
    Querybank bank = of(read(file, IMAGES, compute), read(file, TEXTS, compute));
    return new Querybank(bank.images, bank.texts, Scope.keep(bank.all));
  }

  /** Of vectors as they are compared, {@code [n, size]} each. */
  public static Querybank of(Tensor images, Tensor texts) {
    return new Querybank(images, texts, Scope.noGrad(() -> mean(usual(images, texts).t())));
  }

  private static Tensor read(TensorFile file, String name, Compute compute) {
    return Scope.keep(compute.place(Tensors.of(file.floats(name), file.info(name).shape())));
  }

  /** What a file keeps, fp32. */
  public Map<String, Tensor> named() {
    Map<String, Tensor> named = new LinkedHashMap<>();
    named.put(IMAGES, images);
    named.put(TEXTS, texts);
    return named;
  }

  /**
   * Vectors whose products with those of {@link #texts} are similarities beyond what is usual.
   *
   * @param vectors {@code [photos, size]}
   * @return {@code [photos, size + MORE]}
   */
  public Tensor photos(Tensor vectors) {
    return Scope.of(() -> Tensors.cat(1, vectors, usual(vectors, texts).neg(), torch.ones_like(vectors.narrow(1, 0, 1))));
  }

  /**
   * The other side's, likewise.
   *
   * @param vectors {@code [texts, size]}
   * @return {@code [texts, size + MORE]}
   */
  public Tensor texts(Tensor vectors) {
    return Scope.of(() -> Tensors.cat(1, vectors, torch.ones_like(vectors.narrow(1, 0, 1)), usual(vectors, images).neg().add(all)));
  }

  /** Of each vector with a bank, {@code [vectors, 1]}. The one most similar is left out: it may be the photo's own caption. */
  private static Tensor usual(Tensor vectors, Tensor bank) {
    List<Tensor> parts =
        IntStream.iterate(0, from -> from < vectors.size(0), from -> from + AT_ONCE)
            .mapToObj(
                from ->
                    Scope.of(
                        () -> {
                          Tensor some = vectors.narrow(0, from, Math.min(AT_ONCE, vectors.size(0) - from));
                          Tensor similarity = torch.matmul(some, bank.t());
                          return mean(torch.sort(similarity, -1, false).get0().narrow(1, 0, bank.size(0) - 1));
                        }))
            .toList();
    return Tensors.cat(0, parts.toArray(Tensor[]::new));
  }

  /** T log mean exp(x / T) of each row, {@code [rows, 1]}. */
  private static Tensor mean(Tensor x) {
    Tensor sum = Tensors.scale(x, 1 / TEMPERATURE).logsumexp(new long[] {1}, true);
    return Tensors.scale(sum.sub(new Scalar(Math.log(x.size(1)))), TEMPERATURE);
  }
}
