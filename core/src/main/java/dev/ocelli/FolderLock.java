package dev.ocelli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps a second writer out of a folder. The lock is the system's: a killed process leaves nothing but an empty file. */
public final class FolderLock implements AutoCloseable {
  private static final String FILE = ".lock";

  private final FileChannel channel;

  private FolderLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * @param folder made where it is missing
   * @param who which command works there: "ocelli train"
   * @throws UserError where another process, or another call in this one, works in the folder
   */
  public static FolderLock take(Path folder, String who) {
    try {
      Files.createDirectories(folder);
      FileChannel channel = FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (locked(channel)) {
        return new FolderLock(channel);
      }
      channel.close();
    } catch (IOException e) {
      throw new UserError("Can't lock the folder " + folder + ": " + AtomicFile.reason(e) + ". Choose another --out.", e);
    }
    throw UserError.of("%s: another %s is at work in this folder. Wait for it, stop it, or choose another --out.", folder, who);
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
      throw new UserError("Can't unlock the folder: " + AtomicFile.reason(e) + ".", e);
    }
  }
}
