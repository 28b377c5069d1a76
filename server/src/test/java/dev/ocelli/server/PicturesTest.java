package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PicturesTest {
  private static final long MEGA = 1 << 20;

  /** 170 permits are a gigabyte: half of what the launcher gives to Java. */
  @Test
  void largePicturesAreUnpackedOneAfterAnother() {
    assertThat(Pictures.permits(MEGA, 170, 16)).as("as many small ones as cores, or one more").isEqualTo(10);
    assertThat(Pictures.permits(40 * MEGA, 170, 16)).as("four of 40 megapixels").isEqualTo(40);
    assertThat(Pictures.permits(40 * MEGA + 1, 170, 16)).isEqualTo(41);
    assertThat(Pictures.permits(500 * MEGA, 170, 16)).as("a huge one alone").isEqualTo(170);
    assertThat(Pictures.permits(0, 170, 2)).as("unknown").isEqualTo(85);
    assertThat(Pictures.permits(MEGA, 1, 16)).isEqualTo(1);
  }
}
