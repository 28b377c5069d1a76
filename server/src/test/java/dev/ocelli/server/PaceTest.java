package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class PaceTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void nothingIsKnownAtFirst() {
    assertThat(new Pace().seconds(100)).isZero();
  }

  @Test
  void oneAfterTheOtherCountsAQuarterSinceManyShareTheSteps() {
    Pace pace = new Pace();
    for (int i = 0; i < 5; i++) {
      pace.began(i * 10 * SECOND);
      pace.ended(i * 10 * SECOND + 2 * SECOND);
    }
    assertThat(pace.seconds(8)).as("idle time counts for nothing").isCloseTo(4, within(1e-9));
  }

  @Test
  void manyAtOnceShowTheirOwnPace() {
    Pace pace = new Pace();
    for (int i = 0; i < 500; i++) {
      pace.began(0);
    }
    for (int i = 1; i <= 400; i++) {
      // Eight at a time, every four seconds.
      pace.ended((i + 7) / 8 * 4 * SECOND);
    }
    assertThat(pace.seconds(10)).isCloseTo(5, within(1.5));
  }

  @Test
  void itFollowsAChange() {
    Pace pace = new Pace();
    pace.began(0);
    pace.ended(40 * SECOND);
    for (int i = 0; i < 300; i++) {
      pace.began(100 * SECOND);
    }
    for (int i = 1; i <= 200; i++) {
      pace.ended((100 + i) * SECOND);
    }
    assertThat(pace.seconds(1)).isCloseTo(1, within(0.1));
  }
}
