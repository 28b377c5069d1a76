package dev.ocelli.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.image.PictureHash;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class NearDuplicatesTest {
  private static final byte[] GREY = new byte[48];

  @Test
  void findsWhatComparingAllPairsFinds() {
    Random random = new Random(5);
    List<PictureHash> hashes = new ArrayList<>();
    NearDuplicates index = new NearDuplicates();
    int found = 0;
    for (int i = 0; i < 3000; i++) {
      long bits = random.nextLong();
      if (i % 3 > 0) {
        bits = hashes.get(random.nextInt(hashes.size())).bits();
        for (int flips = random.nextInt(10); flips > 0; flips--) {
          bits ^= 1L << random.nextInt(64);
        }
      }
      PictureHash hash = new PictureHash(bits, GREY);
      List<Integer> expected = new ArrayList<>();
      for (int j = 0; j < hashes.size(); j++) {
        if (hash.near(hashes.get(j))) {
          expected.add(j);
        }
      }
      assertThat(index.add(hash)).isEqualTo(expected);
      hashes.add(hash);
      found += expected.size();
    }
    assertThat(found).isGreaterThan(1000);
  }
}
