package dev.ocelli.download;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.download.PoliteQueue.Job;
import dev.ocelli.net.WebAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PoliteQueueTest {
  private static Job job(int row, String host) {
    return new Job(row, WebAddress.of("http://" + host + "/" + row), 0, 0);
  }

  @Test
  void aHostHasOnlySoManyRequestsAtATime() throws InterruptedException {
    PoliteQueue queue = new PoliteQueue(2, 0, 100);
    for (int i = 0; i < 3; i++) {
      queue.add(job(i, "a.example"));
    }
    queue.add(job(3, "b.example"));
    queue.complete();
    Job first = queue.take();
    assertThat(List.of(first.row(), queue.take().row(), queue.take().row())).as("two of a, one of b").containsExactlyInAnyOrder(0, 1, 3);
    queue.end(first);
    assertThat(queue.take().row()).isEqualTo(2);
  }

  @Test
  void aHostWaitsWhileOthersGoOn() throws InterruptedException {
    PoliteQueue queue = new PoliteQueue(2, 0, 100);
    queue.add(job(0, "a.example"));
    queue.add(job(1, "a.example"));
    queue.add(job(2, "b.example"));
    queue.complete();
    Job first = queue.take();
    long before = System.nanoTime();
    queue.follow(first, first, 300_000_000);
    assertThat(queue.take().row()).isEqualTo(2);
    assertThat(queue.take().row()).isEqualTo(1);
    assertThat(System.nanoTime() - before).as("the whole host waits").isGreaterThanOrEqualTo(300_000_000);
    assertThat(queue.take().row()).isEqualTo(0);
  }

  /** With a pause of an hour: a job that made no request takes none. */
  @Test
  @Timeout(60)
  void whatIsNotAskedNeedsNoPause() throws InterruptedException {
    PoliteQueue queue = new PoliteQueue(2, TimeUnit.HOURS.toNanos(1), 100);
    for (int i = 0; i < 3; i++) {
      queue.add(job(i, "a.example"));
    }
    queue.complete();
    for (int i = 0; i < 3; i++) {
      Job job = queue.take();
      assertThat(job.row()).isEqualTo(i);
      queue.unasked(job);
      queue.end(job);
    }
    assertThat(queue.take()).isNull();
  }

  @Test
  void endsWhenAllHasEnded() throws InterruptedException {
    PoliteQueue queue = new PoliteQueue(2, 0, 100);
    queue.add(job(0, "a.example"));
    queue.complete();
    Job job = queue.take();
    queue.follow(job, job(0, "b.example"), 0);
    Job next = queue.take();
    assertThat(next.address().host()).isEqualTo("b.example");
    queue.end(next);
    assertThat(queue.take()).isNull();
  }

  @Test
  void troubleInARowGivesAHostUp() {
    PoliteQueue queue = new PoliteQueue(2, 0, 100);
    for (int i = 0; i < 5; i++) {
      queue.trouble("a.example", "status 500");
    }
    queue.well("a.example");
    queue.trouble("a.example", "status 500");
    assertThat(queue.givenUp("a.example")).isNull();
    for (int i = 0; i < 5; i++) {
      queue.trouble("a.example", "status 502");
    }
    assertThat(queue.givenUp("a.example")).contains("status 502");
    assertThat(queue.givenUp("b.example")).isNull();
  }
}
