package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.model.PhotoViews;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PairsTest {
  private static final List<Photo> PHOTOS =
      IntStream.range(0, 10)
          .mapToObj(i -> new Photo(i + ".jpg", Path.of(i + ".jpg"), List.of("One " + i + ".", "Two " + i + "."), Part.TRAIN))
          .toList();

  private static Pairs pairs(long seed, String stage, boolean all, int perStep) {
    return new Pairs(seed, stage, PHOTOS, PhotoViews.NONE, new Recipe.Data(0.1, 0.1, true, true, 0), all, perStep, 0);
  }

  private static List<Pairs.Pair> pass(Pairs pairs, long pass) {
    List<Pairs.Pair> found = new ArrayList<>();
    for (long step = pass * pairs.stepsPerPass(); step < (pass + 1) * pairs.stepsPerPass(); step++) {
      for (int row = 0; row < pairs.perStep(); row++) {
        found.add(pairs.pair(step, row));
      }
    }
    return found;
  }

  @Test
  void eachPhotoComesOnceAPass() {
    Pairs pairs = pairs(1, "s", false, 5);
    assertThat(pairs.stepsPerPass()).isEqualTo(2);
    Set<List<Pairs.Pair>> orders = new HashSet<>();
    Set<String> captions = new HashSet<>();
    for (int pass = 0; pass < 8; pass++) {
      List<Pairs.Pair> found = pass(pairs, pass);
      orders.add(found);
      assertThat(found).extracting(Pairs.Pair::photo).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
      assertThat(found).allMatch(p -> p.caption().equals("one " + p.photo()) || p.caption().equals("two " + p.photo()));
      found.forEach(p -> captions.add(p.caption()));
    }
    assertThat(orders).hasSize(8);
    assertThat(captions).as("each caption is drawn at times").hasSize(20);
  }

  @Test
  void eachCaptionComesOnceAPassWhereAllAreAskedFor() {
    assertThat(pass(pairs(1, "s", true, 4), 3)).hasSize(20).doesNotHaveDuplicates();
  }

  @Test
  void furtherCaptionsAreTheFollowingOnes() {
    List<Photo> photos = List.of(new Photo("0.jpg", Path.of("0.jpg"), List.of("a", "b", "c"), Part.TRAIN));
    Pairs pairs = new Pairs(1, "s", photos, PhotoViews.NONE, new Recipe.Data(0.1, 0.1, true, true, 0), false, 1, 3);
    Set<String> seen = new HashSet<>();
    for (int step = 0; step < 30; step++) {
      Pairs.Pair pair = pairs.pair(step, 0);
      seen.add(pair.caption() + pair.more());
    }
    assertThat(seen).containsExactlyInAnyOrder("a[b, c, a]", "b[c, a, b]", "c[a, b, c]");
  }

  @Test
  void whatFillsNoStepIsLeftOut() {
    Pairs pairs = pairs(1, "s", false, 3);
    assertThat(pairs.stepsPerPass()).isEqualTo(3);
    Set<Integer> seen = new HashSet<>();
    for (int pass = 0; pass < 10; pass++) {
      List<Pairs.Pair> found = pass(pairs, pass);
      assertThat(found).hasSize(9).extracting(Pairs.Pair::photo).doesNotHaveDuplicates();
      found.forEach(p -> seen.add(p.photo()));
    }
    assertThat(seen).as("not always the same is left out").hasSize(10);
    assertThat(pairs(1, "s", false, 64).perStep()).isEqualTo(10);
    assertThat(pairs(1, "s", false, 64).stepsPerPass()).isEqualTo(1);
  }

  @Test
  void viewsAreDrawnEvenlyAndMirroredOnesNeverWhereACaptionSaysASide() {
    List<Photo> photos =
        List.of(
            new Photo("0.jpg", Path.of("0.jpg"), List.of("A dog on the left."), Part.TRAIN),
            new Photo("1.jpg", Path.of("1.jpg"), List.of("A dog on the lawn."), Part.TRAIN));
    Pairs pairs = new Pairs(1, "s", photos, new PhotoViews(3, 1, true, 0), new Recipe.Data(0.1, 0.1, true, true, 0), false, 2, 0);
    int[][] drawn = new int[2][4];
    for (int pass = 0; pass < 2000; pass++) {
      pass(pairs, pass).forEach(p -> drawn[p.photo()][p.view()]++);
    }
    assertThat(drawn[0][1] + drawn[0][3]).isZero();
    assertThat(drawn[0][0]).isBetween(900, 1100);
    for (int view = 0; view < 4; view++) {
      assertThat(drawn[1][view]).isBetween(420, 580);
    }
    assertThat(pass(pairs(1, "s", false, 5), 0)).allMatch(p -> p.view() == 0);
  }

  @Test
  void aPairDependsOnItsKeyAlone() {
    Pairs one = pairs(1, "s", false, 5);
    List<Pairs.Pair> third = pass(one, 3);
    pass(one, 0);
    assertThat(pass(one, 3)).isEqualTo(third);
    assertThat(pass(pairs(1, "s", false, 5), 3)).isEqualTo(third);
    assertThat(pass(pairs(2, "s", false, 5), 3)).isNotEqualTo(third);
    assertThat(pass(pairs(1, "t", false, 5), 3)).isNotEqualTo(third);
  }
}
