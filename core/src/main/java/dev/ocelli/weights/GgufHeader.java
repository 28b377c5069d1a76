package dev.ocelli.weights;

import dev.ocelli.UserError;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The head of a GGUF file (versions 2 and 3, little-endian): magic, version, counts, typed metadata, then name, dimensions, type and
 * offset of each tensor. Read strictly, field by field; every length is checked against what is left of the file before it is used.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the format</a>
 */
final class GgufHeader {
  private static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;
  private static final int MOST_DIMENSIONS = 4;

  /** ggml's type numbers; the types that are absent aren't read here. */
  private static final Map<Integer, DType> TYPES =
      Map.ofEntries(
          Map.entry(0, DType.F32), Map.entry(1, DType.F16), Map.entry(2, DType.Q4_0), Map.entry(3, DType.Q4_1),
          Map.entry(6, DType.Q5_0), Map.entry(7, DType.Q5_1), Map.entry(8, DType.Q8_0), Map.entry(12, DType.Q4_K),
          Map.entry(13, DType.Q5_K), Map.entry(14, DType.Q6_K), Map.entry(24, DType.I8), Map.entry(25, DType.I16),
          Map.entry(26, DType.I32), Map.entry(27, DType.I64), Map.entry(28, DType.F64), Map.entry(30, DType.BF16));

  /** Where a tensor lies in the file, counted from its first byte; the shape is row-major (GGUF stores it reversed). */
  record Place(TensorInfo info, long offset, long length) {}

  private final MappedFile file;
  private final ByteBuffer in;
  private final Map<String, Object> values = new LinkedHashMap<>();
  private final Map<String, Place> places = new LinkedHashMap<>();

  private GgufHeader(MappedFile file) {
    this.file = file;
    // Addresses, not memory: the header is read from a window on the file, 2 GiB at most.
    this.in = file.map("the header", 0, Math.min(file.size(), Integer.MAX_VALUE));
  }

  static GgufHeader read(MappedFile file) {
    GgufHeader header = new GgufHeader(file);
    header.read();
    return header;
  }

  /** Metadata by key: whole numbers as Long (BigInteger above 2^63), Float, Double, Boolean, String, List of these. */
  Map<String, Object> values() {
    return values;
  }

  Map<String, Place> places() {
    return places;
  }

  private void read() {
    if (u32("the magic number") != MAGIC) {
      throw refuse("doesn't begin with the letters GGUF");
    }
    long version = u32("the version");
    if (version != 2 && version != 3) {
      throw refuse("has version " + version + "; 2 and 3 (little-endian) are read");
    }
    // The smallest entries take 13 bytes (value) and 24 (tensor): a count beyond what fits is a lie.
    long tensors = count("the number of tensors", 24);
    long pairs = count("the number of metadata values", 13);
    for (long i = 0; i < pairs; i++) {
      String key = text("a metadata key");
      Object value = value(key, u32("the type of " + key), 0);
      if (values.put(key, value) != null) {
        throw refuse("has the metadata key " + key + " twice");
      }
    }
    for (long i = 0; i < tensors; i++) {
      readTensor();
    }
    placeData();
  }

  private void readTensor() {
    String name = text("a tensor's name");
    long dimensions = u32("the dimensions of " + name);
    if (dimensions > MOST_DIMENSIONS) {
      throw refuse("gives tensor " + name + " " + dimensions + " dimensions; " + MOST_DIMENSIONS + " are allowed");
    }
    long[] shape = new long[(int) dimensions];
    for (int i = shape.length - 1; i >= 0; i--) {
      shape[i] = i64("the shape of " + name);
      if (shape[i] < 0) {
        throw refuse("gives tensor " + name + " a dimension of " + Long.toUnsignedString(shape[i]));
      }
    }
    long type = u32("the type of " + name);
    DType dtype = type > Integer.MAX_VALUE ? null : TYPES.get((int) type);
    if (dtype == null) {
      throw UserError.of(
          "%s stores tensor %s as ggml type %d, which isn't read here. Take a file in F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, "
              + "Q5_K or Q6_K.",
          file.path(), name, type);
    }
    long offset = i64("the offset of " + name);
    TensorInfo info = new TensorInfo(name, dtype, shape);
    if (dtype.quantised() && (shape.length == 0 || shape[shape.length - 1] % dtype.blockElements() != 0)) {
      throw refuse("gives tensor %s the shape %s; rows of %s are multiples of %d".formatted(
          name, info.shapeText(), dtype, dtype.blockElements()));
    }
    long length;
    try {
      length = dtype.byteSize(info.elements());
    } catch (ArithmeticException e) {
      throw refuse("gives tensor " + name + " the shape " + info.shapeText() + ", beyond 2^63 bytes");
    }
    if (places.put(name, new Place(info, offset, length)) != null) {
      throw refuse("has tensor " + name + " twice");
    }
  }

  /** Turns offsets within the data into offsets within the file, and checks that tensors are aligned, inside and apart. */
  private void placeData() {
    long alignment = alignment();
    long data = (in.position() + alignment - 1) / alignment * alignment;
    for (Map.Entry<String, Place> entry : places.entrySet()) {
      Place place = entry.getValue();
      if (place.offset() < 0 || place.offset() % alignment != 0) {
        throw refuse("puts tensor %s at data byte %s; multiples of %d are allowed".formatted(
            entry.getKey(), Long.toUnsignedString(place.offset()), alignment));
      }
      if (place.length() > file.size() || place.offset() > file.size() - place.length() - data) {
        throw refuse("puts tensor %s at data bytes %d to %s; the file has %d".formatted(
            entry.getKey(), place.offset(), Long.toUnsignedString(place.offset() + place.length()), Math.max(0, file.size() - data)));
      }
      entry.setValue(new Place(place.info(), data + place.offset(), place.length()));
    }
    List<Place> sorted = new ArrayList<>(places.values());
    sorted.sort(Comparator.comparingLong(Place::offset).thenComparingLong(Place::length));
    for (int i = 1; i < sorted.size(); i++) {
      Place before = sorted.get(i - 1);
      if (before.offset() + before.length() > sorted.get(i).offset()) {
        throw refuse("lays tensor " + sorted.get(i).info().name() + " over tensor " + before.info().name());
      }
    }
  }

  private long alignment() {
    Object value = values.getOrDefault("general.alignment", 32L);
    if (!(value instanceof Long n) || n < 8 || n > 1 << 20 || Long.bitCount(n) != 1) {
      throw refuse("has general.alignment " + value + "; a power of two from 8 is allowed");
    }
    return n;
  }

  private Object value(String key, long type, int depth) {
    return switch ((int) Math.min(type, 99)) {
      case 0 -> (long) (need(1, key).get() & 0xFF);
      case 1 -> (long) need(1, key).get();
      case 2 -> (long) (need(2, key).getShort() & 0xFFFF);
      case 3 -> (long) need(2, key).getShort();
      case 4 -> u32(key);
      case 5 -> (long) need(4, key).getInt();
      case 6 -> need(4, key).getFloat();
      case 7 -> truth(key);
      case 8 -> text(key);
      case 9 -> list(key, depth);
      case 10 -> unsigned(i64(key));
      case 11 -> i64(key);
      case 12 -> need(8, key).getDouble();
      default -> throw refuse("gives " + key + " the value type " + type + "; 0 to 12 are allowed");
    };
  }

  private List<Object> list(String key, int depth) {
    if (depth > 3) {
      throw refuse("nests lists in " + key + " deeper than 4");
    }
    long type = u32("the element type of " + key);
    long smallest = switch ((int) Math.min(type, 99)) {
      case 2, 3 -> 2;
      case 4, 5, 6 -> 4;
      case 8, 10, 11, 12 -> 8;
      case 9 -> 12;
      default -> 1;
    };
    long count = count("the length of " + key, smallest);
    if (count > 1 << 24) {
      throw refuse("has " + count + " values in " + key + "; 16777216 are allowed");
    }
    List<Object> out = new ArrayList<>((int) Math.min(count, 1 << 16));
    for (long i = 0; i < count; i++) {
      out.add(value(key, type, depth + 1));
    }
    return Collections.unmodifiableList(out);
  }

  private boolean truth(String key) {
    byte value = need(1, key).get();
    if (value != 0 && value != 1) {
      throw refuse("has " + value + " for " + key + "; a truth value is 0 or 1");
    }
    return value == 1;
  }

  private static Object unsigned(long value) {
    return value >= 0 ? (Object) value : new BigInteger(Long.toUnsignedString(value));
  }

  private String text(String what) {
    int length = (int) count("the length of " + what, 1);
    ByteBuffer bytes = need(length, what).slice(in.position(), length);
    in.position(in.position() + length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw refuse("has no UTF-8 text for " + what);
    }
  }

  /** A 64-bit count of things that take at least {@code smallest} bytes each, so that the rest of the file can hold them. */
  private long count(String what, long smallest) {
    long count = i64(what);
    if (count < 0 || count > in.remaining() / smallest) {
      throw refuse("gives %s for %s; the %d bytes that follow can't hold it".formatted(
          Long.toUnsignedString(count), what, in.remaining()));
    }
    return count;
  }

  private long u32(String what) {
    return need(4, what).getInt() & 0xFFFFFFFFL;
  }

  private long i64(String what) {
    return need(8, what).getLong();
  }

  private ByteBuffer need(int bytes, String what) {
    if (in.remaining() < bytes) {
      throw refuse("ends within " + what);
    }
    return in;
  }

  private UserError refuse(String what) {
    return new UserError(file.path() + " " + what + ". It is damaged or no GGUF file: fetch it again.");
  }
}
