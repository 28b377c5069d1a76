package dev.ocelli.data;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.parquet.ParquetFile;
import dev.ocelli.image.ImageReader;
import dev.ocelli.image.RgbImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/** Where a picture's bytes lie: a file of its own, or a place inside a larger one. Threads may share one. */
public sealed interface Picture {
  /** Large files are read from front to back in this order. */
  Comparator<Picture> BY_PLACE = Comparator.comparing(Picture::file).thenComparingLong(Picture::position);

  /** The file that holds the picture. */
  Path file();

  /** How far into the file it begins, in whatever the file counts by. */
  long position();

  /**
   * The picture's bytes as they were stored.
   *
   * @throws UserError where they can't be read
   */
  byte[] bytes();

  /** The picture itself, upright; throws {@link UserError} where there is none. */
  default RgbImage rgb() {
    return ImageReader.read(bytes(), toString());
  }

  /** A file of its own. */
  record InFile(Path file) implements Picture {
    @Override
    public long position() {
      return 0;
    }

    @Override
    public byte[] bytes() {
      try {
        return Files.readAllBytes(file);
      } catch (IOException e) {
        throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
      }
    }

    @Override
    public String toString() {
      return file.toString();
    }
  }

  /**
   * A run of bytes, as in a tar.
   *
   * @param name what errors call it, beside the file
   */
  record Slice(Path file, long position, int length, String name) implements Picture {
    @Override
    public byte[] bytes() {
      ByteBuffer bytes = ByteBuffer.allocate(length);
      try (FileChannel in = FileChannel.open(file)) {
        while (bytes.hasRemaining()) {
          if (in.read(bytes, position + bytes.position()) < 0) {
            throw UserError.of("Can't read %s in %s: the file ends before it. Copy the file again.", name, file);
          }
        }
      } catch (IOException e) {
        throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
      }
      return bytes.array();
    }

    @Override
    public String toString() {
      return file + ": " + name;
    }
  }

  /** A value of a Parquet table's column, rows counted from 0. */
  record InParquet(ParquetFile table, ParquetFile.Column column, long position) implements Picture {
    @Override
    public Path file() {
      return table.file();
    }

    @Override
    public byte[] bytes() {
      byte[] bytes = table.value(column, position);
      if (bytes == null) {
        throw UserError.of("%s, row %d: there is no picture in it.", table.file(), position + 1);
      }
      return bytes;
    }

    @Override
    public String toString() {
      return table.file() + ", row " + (position + 1);
    }
  }
}
