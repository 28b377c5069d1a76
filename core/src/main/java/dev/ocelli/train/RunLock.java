package dev.ocelli.train;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps a second trainer out of a run folder. The lock is the system's: a killed process leaves nothing but an empty file. */
final class RunLock implements AutoCloseable {
  private static final String FILE = ".lock";

  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * @param folder made where it is missing
   * @throws UserError where another process, or another call in this one, trains in the folder
   */
  static RunLock take(Path folder) {
    try {
      Files.createDirectories(folder);
      FileChannel channel = FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (locked(channel)) {
        return new RunLock(channel);
      }
      channel.close();
    } catch (IOException e) {
      throw new UserError("Can't lock the run folder " + folder + ": " + AtomicFile.reason(e) + ". Choose another --out.", e);
    }
    throw UserError.of("%s: another ocelli train is at work in this folder. Wait for it, stop it, or choose another --out.", folder);
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      // Another thread of this process holds it.
      return false;
    }
  }

  /** The file stays: whoever waits to delete it could delete another's lock. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UserError("Can't unlock the run folder: " + AtomicFile.reason(e) + ".", e);
    }
  }
}
