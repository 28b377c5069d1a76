package dev.ocelli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Writes files that are either whole or absent: written beside their place, forced to disk, then renamed. */
public final class AtomicFile {
  /** What a file is called until it is whole. */
  private static final Pattern HALF = Pattern.compile("\\..+\\.\\d+\\.part");

  private AtomicFile() {}

  /** What fills the file. */
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /** What fills the file through its channel, for large or mapped content. */
  public interface ChannelContent {
    void writeTo(FileChannel channel) throws IOException;
  }

  /** Writes {@code file} in one piece; a failure (a full disk, say) leaves what stood there before. */
  public static void write(Path file, Content content) {
    writeChannel(
        file,
        channel -> {
          // Not closed: that would close the channel before it is forced to disk.
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
          content.writeTo(out);
          out.flush();
        });
  }

  public static void write(Path file, String text) {
    write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * As {@link #write(Path, Content)} but not forced to disk: whole or absent after the process was killed, not after a power cut. For
   * many small files that can be made again.
   */
  public static void writeUnforced(Path file, byte[] bytes) {
    write(file, channel -> Channels.newOutputStream(channel).write(bytes), false);
  }

  public static void writeChannel(Path file, ChannelContent content) {
    write(file, content, true);
  }

  /** Removes from a folder what killed processes left half written: what has been lying there for a day is nobody's work any more. */
  public static void tidy(Path folder) {
    if (!Files.isDirectory(folder)) {
      return;
    }
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofDays(1)));
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> HALF.matcher(f.getFileName().toString()).matches()).toList()) {
        if (Files.getLastModifiedTime(file).compareTo(old) < 0) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      // A leftover harms nobody but the disk's room, and who writes here next is told what is wrong.
    }
  }

  /** Removes a file, where it is there. */
  public static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UserError("Can't remove " + file + ": " + reason(e) + ".", e);
    }
  }

  private static void write(Path file, ChannelContent content, boolean forced) {
    Path target = file.toAbsolutePath();
    Path beside = target.resolveSibling("." + target.getFileName() + "." + ProcessHandle.current().pid() + ".part");
    try {
      Files.createDirectories(target.getParent());
      try (FileChannel channel =
          FileChannel.open(
              beside,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        if (forced) {
          channel.force(true);
        }
      }
      Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      if (forced) {
        forceFolder(target.getParent());
      }
    } catch (IOException e) {
      throw new UserError("Can't write " + file + ": " + reason(e) + ". Free some disk space or choose another place.", e);
    } finally {
      try {
        Files.deleteIfExists(beside);
      } catch (IOException e) {
        // What made it impossible to write has been said, or the file is in its place: a leftover harms nobody.
        beside.toFile().deleteOnExit();
      }
    }
  }

  /** The cause of a failed file operation in words, where the platform gives any. */
  public static String reason(IOException e) {
    if (e instanceof java.nio.file.NoSuchFileException) {
      return "no such file or folder";
    }
    if (e instanceof java.nio.file.AccessDeniedException) {
      return "permission denied";
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  /** A rename is safe from a power cut only once its folder is on disk; Windows can't open folders and needs no such call. */
  private static void forceFolder(Path folder) throws IOException {
    if (java.io.File.separatorChar == '/') {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }
}
