package dev.ocelli.data.parquet;

import static dev.ocelli.data.parquet.ParquetFile.number;
import static dev.ocelli.data.parquet.ParquetFile.struct;

import java.io.EOFException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One column's pages in one row group.
 *
 * @param start of its first page, in bytes of the file
 * @param length of all its pages
 * @param unpacked bytes of all its pages without compression
 * @param values with the missing ones
 */
record ColumnPages(Path file, int codec, long start, long length, long unpacked, long values) {
  private static final int DATA = 0;
  private static final int DICTIONARY = 2;
  private static final int DATA_V2 = 3;
  private static final int PLAIN = 0;
  private static final int PLAIN_DICTIONARY = 2;
  private static final int DELTA_LENGTH = 6;
  private static final int DELTA_BYTES = 7;
  private static final int RLE_DICTIONARY = 8;
  private static final int HEADER = 1 << 14;

  /**
   * Where a page of data lies.
   *
   * @param position of its header
   * @param values in it, with the missing ones
   */
  record Place(long position, int values) {}

  /**
   * A page of data, unpacked.
   *
   * @param repetition of each value: 0 begins a row
   * @param values null where one is missing
   */
  record Page(int[] repetition, byte[][] values) {}

  private record Header(Map<Integer, Object> fields, long body) {
    int type() {
      return (int) number(fields.get(1));
    }

    int unpacked() {
      return size(fields.get(2));
    }

    int packed() {
      return size(fields.get(3));
    }

    /** What is said of this kind of page. */
    Map<Integer, Object> details() {
      return struct(fields.get(type() == DATA ? 5 : type() == DICTIONARY ? 7 : 8));
    }

    private static int size(Object value) {
      long size = number(value);
      if (size < 0 || size > Integer.MAX_VALUE - 16) {
        throw new IllegalArgumentException("a page of " + size + " bytes");
      }
      return (int) size;
    }
  }

  /** @param metadata the chunk's ColumnMetaData */
  static ColumnPages of(Path file, Map<Integer, Object> metadata) {
    long data = number(metadata.get(9));
    // Some writers say 0 where there is no dictionary.
    long dictionary = number(metadata.get(11));
    long start = dictionary > 0 && dictionary < data ? dictionary : data;
    return new ColumnPages(file, (int) number(metadata.get(4)), start, number(metadata.get(7)), number(metadata.get(6)), number(metadata.get(5)));
  }

  /** All pages of data, from their headers alone. */
  List<Place> places() throws IOException {
    List<Place> places = new ArrayList<>();
    try (FileChannel in = FileChannel.open(file)) {
      long found = 0;
      for (long at = start; found < values && at < start + length; ) {
        Header header = header(in, at);
        if (header.type() == DATA || header.type() == DATA_V2) {
          int count = Header.size(header.details().get(1));
          if (count > values - found) {
            throw new IllegalArgumentException("a page of more values than its column has");
          }
          places.add(new Place(at, count));
          found += count;
        }
        at = header.body + header.packed();
      }
    }
    return places;
  }

  Page page(Place place, ParquetFile.Column column) throws IOException {
    try (FileChannel in = FileChannel.open(file)) {
      Header header = header(in, place.position());
      int count = place.values();
      byte[] packed = read(in, header.body, header.packed()).array();
      Map<Integer, Object> details = header.details();
      int[] repetition = new int[count];
      int[] definition = null;
      ByteBuffer body;
      int encoding;
      if (header.type() == DATA) {
        body = ByteBuffer.wrap(Codec.unpack(codec, packed, 0, packed.length, header.unpacked()));
        encoding = (int) number(details.get(2));
        if (column.maxRepetition() > 0) {
          repetition = levels(body, sized(body), column.maxRepetition(), count);
        }
        if (column.maxDefinition() > 0) {
          definition = levels(body, sized(body), column.maxDefinition(), count);
        }
      } else {
        int repetitions = Header.size(details.get(6));
        int definitions = Header.size(details.get(5));
        int levels = repetitions + definitions;
        boolean compressed = !Boolean.FALSE.equals(details.get(7));
        ByteBuffer head = ByteBuffer.wrap(packed, 0, levels);
        if (column.maxRepetition() > 0) {
          repetition = levels(head, repetitions, column.maxRepetition(), count);
        }
        if (column.maxDefinition() > 0) {
          definition = levels(head, definitions, column.maxDefinition(), count);
        }
        int size = header.unpacked() - levels;
        // A page of missing values alone has no body that could be unpacked.
        body = ByteBuffer.wrap(size == 0 ? new byte[0] : Codec.unpack(compressed ? codec : 0, packed, levels, packed.length - levels, size));
        encoding = (int) number(details.get(4));
      }
      return new Page(repetition, spread(values(in, body, encoding, present(definition, column, count)), definition, column, count));
    }
  }

  private byte[][] values(FileChannel in, ByteBuffer body, int encoding, int count) throws IOException {
    return switch (encoding) {
      case PLAIN -> Encodings.plain(body, count);
      case DELTA_LENGTH -> Encodings.deltaLength(body, count);
      case DELTA_BYTES -> Encodings.deltaBytes(body, count);
      case PLAIN_DICTIONARY, RLE_DICTIONARY -> {
        if (count == 0) {
          yield new byte[0][];
        }
        byte[][] dictionary = dictionary(in);
        int[] places = Encodings.runs(body, body.get(), count);
        byte[][] values = new byte[count][];
        for (int i = 0; i < count; i++) {
          values[i] = dictionary[places[i]];
        }
        yield values;
      }
      default -> throw new IOException("a column of text has the encoding " + encoding + ", which Parquet doesn't have for it");
    };
  }

  private byte[][] dictionary(FileChannel in) throws IOException {
    Header header = header(in, start);
    if (header.type() != DICTIONARY) {
      throw new IllegalArgumentException("a page needs a dictionary, and there is none");
    }
    byte[] packed = read(in, header.body, header.packed()).array();
    ByteBuffer body = ByteBuffer.wrap(Codec.unpack(codec, packed, 0, packed.length, header.unpacked()));
    return Encodings.plain(body, Header.size(header.details().get(1)));
  }

  private static int sized(ByteBuffer body) {
    return body.order(ByteOrder.LITTLE_ENDIAN).getInt();
  }

  private static int[] levels(ByteBuffer body, int length, int most, int count) {
    int end = body.position() + length;
    int[] levels = Encodings.runs(body, 32 - Integer.numberOfLeadingZeros(most), count);
    body.position(end);
    return levels;
  }

  private static int present(int[] definition, ParquetFile.Column column, int count) {
    if (definition == null) {
      return count;
    }
    int present = 0;
    for (int level : definition) {
      present += level == column.maxDefinition() ? 1 : 0;
    }
    return present;
  }

  private static byte[][] spread(byte[][] values, int[] definition, ParquetFile.Column column, int count) {
    if (definition == null) {
      return values;
    }
    byte[][] all = new byte[count][];
    for (int i = 0, next = 0; i < count; i++) {
      all[i] = definition[i] == column.maxDefinition() ? values[next++] : null;
    }
    return all;
  }

  private Header header(FileChannel in, long at) throws IOException {
    // A header may hold statistics, that is, values: where the first bytes don't suffice, more are read.
    for (int room = HEADER; ; room *= 16) {
      int length = (int) Math.min(room, in.size() - at);
      ByteBuffer bytes = read(in, at, length);
      try {
        Map<Integer, Object> fields = new Thrift(bytes).struct();
        Header header = new Header(fields, at + bytes.position());
        if (header.unpacked() > unpacked) {
          throw new IllegalArgumentException("a page of " + header.unpacked() + " bytes in a column of " + unpacked);
        }
        return header;
      } catch (BufferUnderflowException e) {
        if (length < room || room > 1 << 26) {
          throw e;
        }
      }
    }
  }

  static ByteBuffer read(FileChannel in, long at, int length) throws IOException {
    if (length < 0 || length > in.size() - at) {
      throw new EOFException("it ends before a page of it does; copy it again");
    }
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (in.read(bytes, at + bytes.position()) < 0) {
        throw new EOFException("it ends before a page of it does; copy it again");
      }
    }
    return bytes.flip();
  }
}
