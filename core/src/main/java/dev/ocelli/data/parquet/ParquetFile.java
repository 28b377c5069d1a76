package dev.ocelli.data.parquet;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * A Parquet table, as far as pictures and captions need it: columns of text or bytes, plain, in structs or in lists, in any of the
 * encodings for them. Columns are streamed a page at a time; single values are fetched by row, from the one page that holds them. Threads
 * may share one, and nothing stays open.
 *
 * <p>Source: the format's specification (parquet-format 2.11: parquet.thrift, Encodings.md).
 */
public final class ParquetFile {
  private static final int MAGIC = 0x31524150; // "PAR1"
  private static final int BYTE_ARRAY = 6;
  private static final int PAGES_KEPT = 3;

  private final Path file;
  private final long rows;
  private final List<Column> columns;
  private final List<Group> groups;
  /** A page has a hundred pictures or so, and data of many files has as many of these objects: they go where memory is short. */
  private final Map<Long, SoftReference<ColumnPages.Page>> kept =
      new LinkedHashMap<>(8, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, SoftReference<ColumnPages.Page>> eldest) {
          return size() > PAGES_KEPT;
        }
      };
  private final Map<Long, List<ColumnPages.Place>> places = new LinkedHashMap<>();

  /**
   * A column of text or bytes.
   *
   * @param path names from the outermost, such as image, bytes
   * @param text whether it is text by its type
   * @param maxDefinition levels at which a value may be missing
   * @param maxRepetition lists around a value
   */
  public record Column(int index, List<String> path, boolean text, int maxDefinition, int maxRepetition) {
    /** The outermost name. */
    public String name() {
      return path.get(0);
    }
  }

  /** Rows that lie together: the pages of each column. */
  private record Group(long firstRow, long rows, List<ColumnPages> columns) {}

  private ParquetFile(Path file, long rows, List<Column> columns, List<Group> groups) {
    this.file = file;
    this.rows = rows;
    this.columns = columns;
    this.groups = groups;
  }

  /** Reads the footer. */
  public static ParquetFile open(Path file) {
    try (FileChannel in = FileChannel.open(file)) {
      ByteBuffer tail = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      if (in.size() < 12 || in.read(tail, in.size() - 8) < 8 || tail.getInt(4) != MAGIC) {
        throw UserError.of("%s is no Parquet file, or cut short: it doesn't end with PAR1. Copy it again.", file);
      }
      int length = tail.getInt(0);
      if (length < 0 || length > in.size() - 12) {
        throw UserError.of("%s: its footer of %d bytes doesn't fit into it. Copy it again.", file, length);
      }
      return footer(file, new Thrift(ColumnPages.read(in, in.size() - 8 - length, length)).struct());
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    } catch (RuntimeException e) {
      throw e instanceof UserError ? e : damaged(file, e);
    }
  }

  public Path file() {
    return file;
  }

  public long rows() {
    return rows;
  }

  /** Its columns of text or bytes. */
  public List<Column> columns() {
    return columns;
  }

  /**
   * Streams columns side by side.
   *
   * @param sink gets each row's number, from 0, and the values of each column in it: none where they are missing, several of a list
   */
  public void rows(List<Column> wanted, BiConsumer<Long, List<List<byte[]>>> sink) {
    for (Group group : groups) {
      List<RowValues> readers = wanted.stream().map(column -> new RowValues(this, group.columns.get(column.index()), column)).toList();
      for (long row = 0; row < group.rows; row++) {
        List<List<byte[]>> values = new ArrayList<>(wanted.size());
        for (RowValues reader : readers) {
          values.add(reader.next());
        }
        sink.accept(group.firstRow + row, values);
      }
    }
  }

  /**
   * One value of a column that is no list, or null where it is missing.
   *
   * @param row from 0
   */
  public synchronized byte[] value(Column column, long row) {
    int number = 0;
    while (number < groups.size() - 1 && row >= groups.get(number + 1).firstRow) {
      number++;
    }
    Group group = groups.get(number);
    ColumnPages pages = group.columns.get(column.index());
    long chunk = (long) column.index() << 32 | number;
    List<ColumnPages.Place> all = places.computeIfAbsent(chunk, key -> guarded(pages::places));
    long within = row - group.firstRow;
    for (ColumnPages.Place place : all) {
      if (within < place.values()) {
        SoftReference<ColumnPages.Page> before = kept.get(place.position());
        ColumnPages.Page page = before == null ? null : before.get();
        if (page == null) {
          page = guarded(() -> pages.page(place, column));
          kept.put(place.position(), new SoftReference<>(page));
        }
        return page.values()[(int) within];
      }
      within -= place.values();
    }
    throw UserError.of("%s: row %d is in none of its pages. The file is damaged: copy it again.", file, row + 1);
  }

  /** What can fail while reading pages. */
  interface Reading<T> {
    T get() throws IOException;
  }

  <T> T guarded(Reading<T> reading) {
    try {
      return reading.get();
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    } catch (RuntimeException e) {
      throw e instanceof UserError ? e : damaged(file, e);
    }
  }

  private static UserError damaged(Path file, RuntimeException e) {
    String why = e instanceof IllegalArgumentException && e.getMessage() != null ? " (" + e.getMessage() + ")" : "";
    return new UserError(file + " is no whole Parquet file: its contents make no sense" + why + ". Copy it again.", e);
  }

  private static ParquetFile footer(Path file, Map<Integer, Object> footer) {
    List<Column> columns = new ArrayList<>();
    List<Map<Integer, Object>> schema = structs(footer.get(2));
    int[] at = {1};
    int[] leaf = {0};
    for (long children = number(schema.get(0).get(5)); children > 0; children--) {
      descend(schema, at, leaf, List.of(), 0, 0, columns);
    }
    List<Group> groups = new ArrayList<>();
    long first = 0;
    for (Map<Integer, Object> group : structs(footer.get(4))) {
      List<ColumnPages> pages = structs(group.get(1)).stream().map(chunk -> ColumnPages.of(file, struct(chunk.get(3)))).toList();
      if (pages.size() != leaf[0] || number(group.get(3)) < 0) {
        throw new IllegalArgumentException("a row group of " + pages.size() + " columns where the table has " + leaf[0]);
      }
      groups.add(new Group(first, number(group.get(3)), pages));
      first += number(group.get(3));
    }
    return new ParquetFile(file, first, List.copyOf(columns), groups);
  }

  private static void descend(
      List<Map<Integer, Object>> schema, int[] at, int[] leaf, List<String> path, int definition, int repetition, List<Column> columns) {
    Map<Integer, Object> element = schema.get(at[0]++);
    long kind = number(element.get(3));
    List<String> names = new ArrayList<>(path);
    names.add(new String((byte[]) element.get(4), StandardCharsets.UTF_8));
    int d = definition + (kind == 0 ? 0 : 1);
    int r = repetition + (kind == 2 ? 1 : 0);
    long children = number(element.get(5));
    if (children == 0) {
      boolean text = element.containsKey(6) && number(element.get(6)) == 0 || element.get(10) instanceof Map<?, ?> m && m.containsKey(1);
      if (number(element.get(1)) == BYTE_ARRAY) {
        columns.add(new Column(leaf[0], List.copyOf(names), text, d, r));
      }
      leaf[0]++;
    }
    for (; children > 0; children--) {
      descend(schema, at, leaf, names, d, r, columns);
    }
  }

  static long number(Object value) {
    return value == null ? 0 : (Long) value;
  }

  @SuppressWarnings("unchecked")
  static Map<Integer, Object> struct(Object value) {
    return (Map<Integer, Object>) value;
  }

  @SuppressWarnings("unchecked")
  private static List<Map<Integer, Object>> structs(Object value) {
    return (List<Map<Integer, Object>>) value;
  }
}
