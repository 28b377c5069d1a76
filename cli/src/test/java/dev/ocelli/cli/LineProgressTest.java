package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineProgressTest {
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private long nanos;
  private final LineProgress progress = new LineProgress(new PrintStream(said, true, StandardCharsets.UTF_8), () -> nanos);

  private void pass(int seconds) {
    nanos += seconds * 1_000_000_000L;
  }

  private List<String> lines() {
    return said.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void saysRateAndTimeLeftNowAndThen() {
    try (Progress.Task task = progress.start("photos", 100, "photos")) {
      pass(4);
      task.advance(10);
      pass(6);
      task.say("loss 1.000");
      task.advance(10);
      pass(10);
      task.advance(80);
    }
    assertThat(lines()).containsExactly("photos: 20/100 photos, 2.0/s, 40 s left, loss 1.000", "photos: 100/100 photos, 5.0/s, 20 s, loss 1.000");
  }

  /** Else a run that goes on would seem many times faster than it is, and nearly done. */
  @Test
  void whatAnEarlierCallHasDoneIsNoSpeed() {
    try (Progress.Task task = progress.start("train", 60, 100, "pairs")) {
      pass(10);
      task.advance(10);
      pass(30);
      task.advance(30);
    }
    assertThat(lines()).containsExactly("train: 70/100 pairs, 1.0/s, 30 s left", "train: 100/100 pairs, 1.0/s, 40 s");
  }

  @Test
  void workThatTakesNoTimeSaysNothing() {
    try (Progress.Task task = progress.start("tables", 3, "scenes")) {
      pass(2);
      task.advance(3);
    }
    assertThat(lines()).isEmpty();
  }
}
