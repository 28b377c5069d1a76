package dev.ocelli.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ocelli.data.Draws;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** Against the formula, written down for one pair at a time. */
class QuerybankTest {
  private static final int SIZE = 6;
  private static final int BANK = 300;
  private static final int ROWS = 270;

  private static double[][] vectors(String name, int count) {
    double[][] all = new double[count][];
    for (int i = 0; i < count; i++) {
      int row = i;
      double[] one = IntStream.range(0, SIZE).mapToDouble(k -> (float) (Draws.gaussian(1, name, row, k) + (k == 0 ? 1 : 0))).toArray();
      double norm = Math.sqrt(Arrays.stream(one).map(x -> x * x).sum());
      all[i] = Arrays.stream(one).map(x -> x / norm).toArray();
    }
    return all;
  }

  private static Tensor tensor(double[][] rows) {
    float[] flat = new float[rows.length * SIZE];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) rows[i / SIZE][i % SIZE];
    }
    return Tensors.of(flat, rows.length, SIZE);
  }

  private static double product(double[] one, double[] other) {
    return IntStream.range(0, SIZE).mapToDouble(k -> one[k] * other[k]).sum();
  }

  /** 0.1 log mean exp(x / 0.1). */
  private static double mean(double[] x) {
    return 0.1 * Math.log(Arrays.stream(x).map(v -> Math.exp(v / 0.1)).average().orElseThrow());
  }

  private static double usual(double[] vector, double[][] bank) {
    double[] sorted = Arrays.stream(bank).mapToDouble(other -> product(vector, other)).sorted().toArray();
    return mean(Arrays.copyOf(sorted, sorted.length - 1));
  }

  @Test
  void aSimilarityIsWhatGoesBeyondTheUsual() {
    double[][] bankImages = vectors("bank images", BANK);
    double[][] bankTexts = vectors("bank texts", BANK);
    double[][] images = vectors("images", ROWS);
    double[][] texts = vectors("texts", ROWS);
    double all = mean(Arrays.stream(bankImages).mapToDouble(image -> usual(image, bankTexts)).toArray());
    float[][] found = new float[2][];
    Scope.run(
        () -> {
          Querybank bank = Querybank.of(tensor(bankImages), tensor(bankTexts));
          found[0] = Tensors.floats(bank.photos(tensor(images)).matmul(bank.texts(tensor(texts)).t()));
          // One alone comes out as among many.
          found[1] = Tensors.floats(bank.photos(tensor(images).narrow(0, ROWS - 1, 1)).matmul(bank.texts(tensor(texts).narrow(0, 3, 1)).t()));
        });
    double cosinesApart = 0;
    for (int i = 0; i < ROWS; i++) {
      double own = usual(images[i], bankTexts);
      for (int t = 0; t < ROWS; t += 7) {
        double expected = product(images[i], texts[t]) - own - usual(texts[t], bankImages) + all;
        assertThat((double) found[0][i * ROWS + t]).isCloseTo(expected, within(1e-5));
        cosinesApart = Math.max(cosinesApart, Math.abs(expected - product(images[i], texts[t])));
      }
    }
    assertThat(cosinesApart).isGreaterThan(0.1);
    assertThat(found[1][0]).isCloseTo(found[0][(ROWS - 1) * ROWS + 3], within(1e-5f));
  }

  /** A photo that lies near all texts is found for all of them by the cosine alone. */
  @Test
  void whatResemblesEverythingIsFoundLess() {
    double[][] bankImages = vectors("bank images", BANK);
    double[][] bankTexts = vectors("bank texts", BANK);
    double[][] photos = {{1, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 0}};
    double[][] text = {{0.72, 0.69, 0.05, 0, 0, 0}};
    float[][] found = new float[2][];
    Scope.run(
        () -> {
          Querybank bank = Querybank.of(tensor(bankImages), tensor(bankTexts));
          found[0] = Tensors.floats(tensor(photos).matmul(tensor(text).t()));
          found[1] = Tensors.floats(bank.photos(tensor(photos)).matmul(bank.texts(tensor(text)).t()));
        });
    assertThat(found[0][0]).isGreaterThan(found[0][1]);
    assertThat(found[1][0]).isLessThan(found[1][1]);
  }
}
