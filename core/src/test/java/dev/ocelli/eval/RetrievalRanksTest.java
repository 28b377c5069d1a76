package dev.ocelli.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RetrievalRanksTest {
  @Test
  void agreesWithSortingTheWholeMatrix() {
    SplittableRandom random = new SplittableRandom(9);
    for (int round = 0; round < 300; round++) {
      int images = 1 + random.nextInt(14);
      int[] captionImage = new int[images + random.nextInt(20)];
      for (int c = 0; c < captionImage.length; c++) {
        captionImage[c] = c < images ? c : random.nextInt(images);
      }
      int levels = 1 + random.nextInt(6); // few levels make many ties
      float[][] scores = new float[images][captionImage.length];
      for (float[] row : scores) {
        for (int c = 0; c < row.length; c++) {
          row[c] = random.nextInt(levels) - 2;
        }
      }
      assertThat(RetrievalRanks.of(images, captionImage, i -> scores[i])).isEqualTo(bySorting(scores, captionImage));
    }
  }

  /** Sorts all captions of a photo, and all photos of a caption, wrong ones first at a tie. */
  private static RetrievalScores bySorting(float[][] scores, int[] captionImage) {
    int images = scores.length;
    int captions = captionImage.length;
    List<Integer> imageRanks = new ArrayList<>();
    for (int i = 0; i < images; i++) {
      int image = i;
      List<Integer> order = order(captions, c -> scores[image][c], c -> captionImage[c] == image);
      for (int r = 0; r < captions; r++) {
        if (captionImage[order.get(r)] == i) {
          imageRanks.add(r + 1);
          break;
        }
      }
    }
    List<Integer> captionRanks = new ArrayList<>();
    for (int c = 0; c < captions; c++) {
      int caption = c;
      captionRanks.add(1 + order(images, i -> scores[i][caption], i -> captionImage[caption] == i).indexOf(captionImage[c]));
    }
    return new RetrievalScores(
        recall(imageRanks, 1),
        recall(imageRanks, 5),
        recall(imageRanks, 10),
        recall(captionRanks, 1),
        recall(captionRanks, 5),
        recall(captionRanks, 10),
        median(imageRanks),
        median(captionRanks),
        images,
        captions);
  }

  private static List<Integer> order(
      int n, java.util.function.IntFunction<Float> score, java.util.function.IntPredicate right) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      order.add(i);
    }
    order.sort((a, b) -> score.apply(a).equals(score.apply(b))
        ? Boolean.compare(right.test(a), right.test(b))
        : Float.compare(score.apply(b), score.apply(a)));
    return order;
  }

  private static double recall(List<Integer> ranks, int k) {
    return 100.0 * ranks.stream().filter(r -> r <= k).count() / ranks.size();
  }

  private static double median(List<Integer> ranks) {
    List<Integer> sorted = ranks.stream().sorted().toList();
    int n = sorted.size();
    return n % 2 == 1 ? sorted.get(n / 2) : (sorted.get(n / 2 - 1) + sorted.get(n / 2)) / 2.0;
  }

  @Test
  void constantScoresEarnNothing() {
    RetrievalScores scores = RetrievalRanks.of(20, upTo(20), i -> new float[20]);
    assertThat(scores.i2tR10()).isZero();
    assertThat(scores.t2iR10()).isZero();
    assertThat(scores.t2iMedianRank()).isEqualTo(20);
  }

  @Test
  void refusesWhatIsNotANumberOrIncomplete() {
    assertThatThrownBy(() -> RetrievalRanks.of(2, upTo(2), i -> new float[] {1, Float.NaN}))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("caption 1");
    RetrievalRanks ranks = new RetrievalRanks(2, upTo(2), new float[] {1, 1});
    assertThatThrownBy(() -> ranks.addRow(0, new float[] {1, Float.NaN})).isInstanceOf(UserError.class);
    ranks.addRow(0, new float[] {1, 0});
    assertThatThrownBy(() -> ranks.addRow(0, new float[] {1, 0})).isInstanceOf(IllegalStateException.class).hasMessageContaining("twice");
    assertThatThrownBy(() -> ranks.addRow(1, new float[] {0, 2})).isInstanceOf(IllegalStateException.class).hasMessageContaining("before");
    assertThatThrownBy(ranks::scores).isInstanceOf(IllegalStateException.class).hasMessageContaining("1 rows of 2");
    assertThatThrownBy(() -> new RetrievalRanks(3, upTo(2), new float[2])).isInstanceOf(UserError.class).hasMessageContaining("Photo 2");
  }

  private static int[] upTo(int n) {
    return java.util.stream.IntStream.range(0, n).toArray();
  }
}
