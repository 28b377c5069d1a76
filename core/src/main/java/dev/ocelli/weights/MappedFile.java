package dev.ocelli.weights;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file whose ranges are mapped on demand, so that files above 2 GiB (the end of a Java 17 buffer) work. */
final class MappedFile implements AutoCloseable {
  private final Path path;
  private final FileChannel channel;
  private final long size;

  private MappedFile(Path path, FileChannel channel, long size) {
    this.path = path;
    this.channel = channel;
    this.size = size;
  }

  static MappedFile open(Path path) {
    if (Files.isDirectory(path)) {
      throw UserError.of("%s is a folder, not a file of weights. Name the file in it.", path);
    }
    FileChannel channel = null;
    try {
      channel = FileChannel.open(path, StandardOpenOption.READ);
      return new MappedFile(path, channel, channel.size());
    } catch (IOException e) {
      if (channel != null) {
        try {
          channel.close();
        } catch (IOException suppressed) {
          e.addSuppressed(suppressed);
        }
      }
      throw new UserError("Can't open " + path + ": " + AtomicFile.reason(e) + ". Check the path.", e);
    }
  }

  Path path() {
    return path;
  }

  long size() {
    return size;
  }

  /** A read-only little-endian view of {@code length} bytes from {@code offset}; {@code what} names it in messages. */
  ByteBuffer map(String what, long offset, long length) {
    if (offset < 0 || length < 0 || offset > size - length) {
      throw UserError.of(
          "%s: %s lies at bytes %d to %d, the file ends at %d. Fetch the file again.", path, what, offset, offset + length, size);
    }
    if (length > Integer.MAX_VALUE) {
      throw UserError.of("%s: %s takes %d bytes; one piece may take %d. Split it.", path, what, length, Integer.MAX_VALUE);
    }
    if (length == 0) {
      return ByteBuffer.allocate(0).order(ByteOrder.LITTLE_ENDIAN).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
    try {
      return channel.map(FileChannel.MapMode.READ_ONLY, offset, length).order(ByteOrder.LITTLE_ENDIAN);
    } catch (ClosedChannelException e) {
      throw new IllegalStateException(path + " was closed before " + what + " was read", e);
    } catch (IOException e) {
      throw new UserError("Can't map " + what + " of " + path + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UserError("Can't close " + path + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
