package dev.ocelli.weights;

import java.net.URISyntaxException;
import java.nio.file.Path;

/** Fixtures that tools/goldens/weights.py wrote, and the one measure of error of these tests. */
final class Goldens {
  private Goldens() {}

  static Path path(String name) {
    try {
      return Path.of(Goldens.class.getResource("/goldens/weights/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The norm of a - b over the norm of b; infinite where one is not a number and the other is. */
  static double error(float[] a, float[] b) {
    if (a.length != b.length) {
      return Double.POSITIVE_INFINITY;
    }
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < b.length; i++) {
      if (Float.compare(a[i], b[i]) == 0) {
        norm += Float.isFinite(b[i]) ? (double) b[i] * b[i] : 0;
      } else if (!Float.isFinite(a[i]) || !Float.isFinite(b[i])) {
        return Double.POSITIVE_INFINITY;
      } else {
        difference += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        norm += (double) b[i] * b[i];
      }
    }
    return difference == 0 ? 0 : Math.sqrt(difference / norm);
  }

  /** The largest error over the tensors of {@code expected}. */
  static double worst(TensorFile actual, TensorFile expected) {
    return expected.names().stream()
        .mapToDouble(name -> error(actual.floats(name), expected.floats(name)))
        .max()
        .orElseThrow();
  }
}
