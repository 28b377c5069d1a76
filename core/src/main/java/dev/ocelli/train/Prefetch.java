package dev.ocelli.train;

import dev.ocelli.UserError;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;

/** Makes the next steps' batches ready on another thread while the present one is computed. */
final class Prefetch<B> implements AutoCloseable {
  private static final int AHEAD = 2;
  private final LongFunction<B> prepare;
  private final long end;
  private final Deque<Future<B>> ready = new ArrayDeque<>();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread t = new Thread(task, "ocelli-prefetch");
            t.setDaemon(true);
            return t;
          });
  private long asked;

  Prefetch(LongFunction<B> prepare, long start, long end) {
    this.prepare = prepare;
    this.end = end;
    this.asked = start;
    while (ready.size() < AHEAD && asked < end) {
      ask();
    }
  }

  /** The next step's batch. */
  B next() {
    try {
      B batch = ready.remove().get();
      if (asked < end) {
        ask();
      }
      return batch;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("Interrupted while preparing a batch.", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  private void ask() {
    long step = asked++;
    ready.add(thread.submit(() -> prepare.apply(step)));
  }

  @Override
  public void close() {
    thread.shutdownNow();
    try {
      // What it works with (a tokenizer, mapped files) may be closed right after.
      thread.awaitTermination(1, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
