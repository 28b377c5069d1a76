package dev.ocelli.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Shortlists against sorting, and what intervals are drawn over. */
class RerankTest {
  private record Answer(int number, float score, boolean right) {}

  @Test
  void aShortlistIsTheHeadOfTheSortedAnswersWithWrongOnesFirstAtATie() {
    SplittableRandom random = new SplittableRandom(5);
    for (int round = 0; round < 500; round++) {
      int length = 1 + random.nextInt(6);
      List<Answer> all = new ArrayList<>();
      Shortlist list = new Shortlist(length);
      int n = random.nextInt(20);
      for (int i = 0; i < n; i++) {
        Answer answer = new Answer(i, random.nextInt(5), random.nextInt(3) == 0);
        all.add(answer);
        list.offer(answer.number, answer.score, answer.right);
      }
      all.sort(Comparator.<Answer>comparingDouble(a -> -a.score).thenComparing(Answer::right).thenComparing(Answer::number));
      List<Answer> head = all.subList(0, Math.min(length, n));
      assertThat(IntStream.range(0, list.size()).map(list::answer).toArray()).isEqualTo(head.stream().mapToInt(Answer::number).toArray());
      // A new order: by the number's remainder, which gives ties too.
      for (int place = 0; place < list.size(); place++) {
        list.rescore(place, list.answer(place) % 4);
      }
      List<Answer> anew = new ArrayList<>(head);
      anew.sort(Comparator.<Answer>comparingInt(a -> -(a.number % 4)).thenComparing(Answer::right));
      int expected = IntStream.range(0, anew.size()).filter(i -> anew.get(i).right).map(i -> i + 1).findFirst().orElse(77);
      assertThat(list.rank(77)).isEqualTo(expected);
    }
  }

  @Test
  void intervalsAreDrawnOverPhotosWithTheirCaptions() {
    // Four photos with two captions each: either both are found or none. By caption they would be eight independent draws.
    int[] captionImage = {0, 0, 1, 1, 2, 2, 3, 3};
    Ranks ranks = new Ranks(captionImage, new int[] {1, 7, 1, 7}, new int[] {1, 1, 7, 7, 1, 1, 7, 7});
    RetrievalIntervals intervals = ranks.intervals(42);
    assertThat(ranks.scores().t2iR1()).isEqualTo(50);
    assertThat(intervals.t2iR1()).isEqualTo(intervals.i2tR1());
    assertThat(intervals.t2iR1().low()).isEqualTo(0, within(1e-9));
    assertThat(intervals.t2iR10()).isEqualTo(new Bootstrap.Interval(100, 100));
  }

  @Test
  void photosOfManyCaptionsWeighMore() {
    Ranks ranks = new Ranks(new int[] {0, 0, 0, 1}, new int[] {1, 9}, new int[] {1, 1, 1, 9});
    assertThat(ranks.scores().t2iR1()).isEqualTo(75);
    // Each photo is drawn twice in a quarter of the samples: then all captions are found, or none.
    assertThat(ranks.intervals(1).t2iR1()).isEqualTo(new Bootstrap.Interval(0, 100));
    assertThat(ranks.intervals(1).t2iR10()).isEqualTo(new Bootstrap.Interval(100, 100));
  }

  @Test
  void intervalsOfUnequallyManyCaptionsStayBelowAHundred() {
    int[] captionImage = new int[220];
    int[] ranks = new int[220];
    for (int c = 0; c < 220; c++) {
      // Twenty photos with ten captions each, twenty with one; one caption in ten isn't found.
      captionImage[c] = c < 200 ? c / 10 : c - 180;
      ranks[c] = c % 10 == 0 ? 2 : 1;
    }
    Bootstrap.Interval interval = new Ranks(captionImage, new int[40], ranks).intervals(3).t2iR1();
    assertThat(interval.low()).isBetween(80.0, 90.0);
    assertThat(interval.high()).isBetween(90.0, 100.0);
  }
}
