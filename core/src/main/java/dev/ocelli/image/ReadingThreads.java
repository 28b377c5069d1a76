package dev.ocelli.image;

import dev.ocelli.UserError;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Threads on which photos are read and decoded ahead of the one that computes. They end with the program. */
public final class ReadingThreads {
  /** Of Java's memory that one photo may take while it is unpacked: 50 megapixels that lie on their side, say, take 300 MB. */
  private static final long BYTES_A_PHOTO = 512L << 20;

  private ReadingThreads() {}

  /** @param threads how many at most; fewer where Java's memory is small */
  public static ExecutorService start(int threads) {
    return Executors.newFixedThreadPool(
        (int) Math.max(1, Math.min(threads, Runtime.getRuntime().maxMemory() / BYTES_A_PHOTO)),
        task -> {
          Thread thread = new Thread(task, "ocelli-decode");
          thread.setDaemon(true);
          return thread;
        });
  }

  /** Waits for what a thread makes. A photo that can't be read is part of that; a failure is a mistake of the code. */
  public static <T> T result(Future<T> read) {
    try {
      return read.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("Interrupted while reading photos.", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }
}
