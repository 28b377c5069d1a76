package dev.ocelli.weights;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Supplier;

/** Keeps two pulls of one model apart, within a process and between processes, by a lock on a file; a dead process holds none. */
final class PathLock {
  private PathLock() {}

  /** Waits until the lock is free, works, and gives it back. */
  static <T> T holding(Path file, Supplier<T> work) {
    try {
      Files.createDirectories(file.getParent());
    } catch (IOException e) {
      throw unable(file, e);
    }
    // Closing the channel gives the lock back.
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      while (!tried(channel)) {
        Thread.sleep(100);
      }
      return work.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("Interrupted while waiting for another pull that holds " + file + ".", e);
    } catch (IOException e) {
      throw unable(file, e);
    }
  }

  private static UserError unable(Path file, IOException e) {
    return new UserError("Can't lock " + file + ": " + AtomicFile.reason(e) + ". Choose a writable cache with HF_HOME.", e);
  }

  private static boolean tried(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      // Another thread of this process holds it.
      return false;
    }
  }
}
