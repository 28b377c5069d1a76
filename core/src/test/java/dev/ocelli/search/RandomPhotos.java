package dev.ocelli.search;

import dev.ocelli.data.Draws;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Photos with made-up vectors: subjects are spread at random, a photo shows one of them, and its queries differ a little from each other.
 *
 * @param vectors of a photo
 * @param size of a vector
 */
record RandomPhotos(int vectors, int size, int subjects) {
  static final Path RUN = Path.of("/nowhere/run");

  IndexIdentity identity() {
    return new IndexIdentity(RUN, "model", "encoder", vectors, size, size);
  }

  static Path file(int photo) {
    return Path.of("/photos/" + photo + ".jpg");
  }

  IndexedPhoto photo(int photo) {
    return new IndexedPhoto(file(photo), "sha-" + photo, 1000 + photo, 2000 + photo);
  }

  PhotoVectors of(int photo) {
    return of(photo, 0);
  }

  /** @param version of the photo: another one shows another subject */
  PhotoVectors of(int photo, int version) {
    int subject = Draws.below(7, "subject", version, photo, subjects);
    float[][] found = new float[vectors][];
    float[] mean = new float[size];
    for (int q = 0; q < vectors; q++) {
      found[q] = new float[size];
      for (int i = 0; i < size; i++) {
        found[q][i] =
            (float)
                (Draws.gaussian(1, "subject", subject, i) + 0.8 * Draws.gaussian(2, "photo " + version, photo, i)
                    + 0.8 * Draws.gaussian(3, "query " + version, (long) photo * vectors + q, i));
      }
      unit(found[q]);
      for (int i = 0; i < size; i++) {
        mean[i] += found[q][i] / vectors;
      }
    }
    return new PhotoVectors(vectors == 1 ? new float[][] {mean.clone()} : found, unit(mean));
  }

  /** A text about a subject. */
  float[] text(int number) {
    int subject = Draws.below(8, "asked", 0, number, subjects);
    float[] text = new float[size];
    for (int i = 0; i < size; i++) {
      text[i] = (float) (Draws.gaussian(1, "subject", subject, i) + 1.2 * Draws.gaussian(4, "text", number, i));
    }
    return unit(text);
  }

  /** The best photos by comparing everything, without an index. */
  static List<Path> best(Map<Path, PhotoVectors> photos, float[] text, int best) {
    Map<Path, Double> scores = new HashMap<>();
    photos.forEach((file, vectors) -> scores.put(file, score(vectors, text)));
    List<Path> order = new ArrayList<>(photos.keySet());
    order.sort(Comparator.comparingDouble((Path file) -> scores.get(file)).reversed());
    return order.subList(0, Math.min(best, order.size()));
  }

  static double score(PhotoVectors photo, float[] text) {
    double best = Double.NEGATIVE_INFINITY;
    for (float[] vector : photo.text()) {
      best = Math.max(best, product(vector, text));
    }
    return best;
  }

  static double product(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }

  private static float[] unit(float[] vector) {
    double norm = Math.sqrt(product(vector, vector));
    for (int i = 0; i < vector.length; i++) {
      vector[i] /= (float) norm;
    }
    return vector;
  }
}
