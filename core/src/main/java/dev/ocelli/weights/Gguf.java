package dev.ocelli.weights;

import dev.ocelli.UserError;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A GGUF file (llama.cpp's format), mapped. Names and row orders are llama.cpp's own; {@link LlamaGguf} turns them into those of
 * transformers. Shapes are row-major: a matrix is {@code [out, in]}.
 */
public final class Gguf implements TensorFile {
  private final MappedFile file;
  private final GgufHeader header;

  private Gguf(MappedFile file, GgufHeader header) {
    this.file = file;
    this.header = header;
  }

  /** Opens a file; a header that lies is a {@link UserError} naming the tensor or key. */
  public static Gguf open(Path path) {
    MappedFile file = MappedFile.open(path);
    try {
      return new Gguf(file, GgufHeader.read(file));
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** All metadata keys, in the order of the file. */
  public Set<String> keys() {
    return Collections.unmodifiableSet(header.values().keySet());
  }

  public boolean has(String key) {
    return header.values().containsKey(key);
  }

  /**
   * One metadata value: Long (any whole number; BigInteger above 2^63), Float, Double, Boolean, String, or List of these.
   *
   * @throws UserError naming the nearest key, when this one is absent
   */
  public Object value(String key) {
    Object value = header.values().get(key);
    if (value == null) {
      throw Names.missing(file.path(), "metadata key", key, header.values().keySet());
    }
    return value;
  }

  public String string(String key) {
    return typed(key, String.class, "text");
  }

  public boolean truth(String key) {
    return typed(key, Boolean.class, "true or false");
  }

  /** A whole number. */
  public long integer(String key) {
    return typed(key, Long.class, "a whole number");
  }

  /** A number; one stored in fp32 becomes the shortest decimal that means it, so 1e-5 stays 1e-5. */
  public double number(String key) {
    Number value = typed(key, Number.class, "a number");
    return value instanceof Float ? Double.parseDouble(value.toString()) : value.doubleValue();
  }

  /** A list of values of one type. */
  public <T> List<T> list(String key, Class<T> type) {
    List<?> values = typed(key, List.class, "a list");
    for (Object value : values) {
      if (!type.isInstance(value)) {
        throw UserError.of("%s holds %s in the list %s; %s is expected.", file.path(), value, key, type.getSimpleName());
      }
    }
    @SuppressWarnings("unchecked") // Each element was checked above.
    List<T> checked = (List<T>) values;
    return checked;
  }

  private <T> T typed(String key, Class<T> type, String expected) {
    Object value = value(key);
    if (!type.isInstance(value)) {
      String seen = value instanceof List ? "a list" : value.toString();
      throw UserError.of("%s has %s for %s; %s is expected.", file.path(), seen, key, expected);
    }
    return type.cast(value);
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(header.places().keySet());
  }

  @Override
  public TensorInfo info(String name) {
    return place(name).info();
  }

  @Override
  public ByteBuffer bytes(String name) {
    GgufHeader.Place place = place(name);
    return file.map("tensor " + name, place.offset(), place.length());
  }

  @Override
  public float[] floats(String name) {
    return Floats.decode(file.path(), info(name), bytes(name));
  }

  /** The values that are no lists, as text. */
  @Override
  public Map<String, String> metadata() {
    Map<String, String> out = new LinkedHashMap<>();
    header.values().forEach((key, value) -> {
      if (!(value instanceof List)) {
        out.put(key, value.toString());
      }
    });
    return Collections.unmodifiableMap(out);
  }

  @Override
  public void close() {
    file.close();
  }

  private GgufHeader.Place place(String name) {
    GgufHeader.Place place = header.places().get(name);
    if (place == null) {
      throw Names.missing(file.path(), "tensor", name, header.places().keySet());
    }
    return place;
  }
}
