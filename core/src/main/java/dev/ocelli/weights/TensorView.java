package dev.ocelli.weights;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** Tensors of other files under names of one's own, reordered where a format stores them otherwise. Closing it closes its sources. */
final class TensorView implements TensorFile {
  /** One tensor: what it is, and how to get it. Bytes and floats say the same. */
  record Entry(TensorInfo info, Supplier<ByteBuffer> bytes, Supplier<float[]> floats) {
    /** A tensor of another file as it stands, under another name. */
    static Entry renamed(TensorFile source, String theirs, String ours) {
      TensorInfo info = source.info(theirs);
      return new Entry(
          new TensorInfo(ours, info.dtype(), info.shape()), () -> source.bytes(theirs), () -> source.floats(theirs));
    }
  }

  private final Path path;
  private final Map<String, Entry> entries;
  private final Map<String, String> metadata;
  private final Iterable<? extends TensorFile> sources;

  TensorView(Path path, Map<String, Entry> entries, Map<String, String> metadata, Iterable<? extends TensorFile> sources) {
    this.path = path;
    this.entries = new LinkedHashMap<>(entries);
    this.metadata = metadata;
    this.sources = sources;
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(entries.keySet());
  }

  @Override
  public TensorInfo info(String name) {
    return entry(name).info();
  }

  @Override
  public ByteBuffer bytes(String name) {
    return entry(name).bytes().get();
  }

  @Override
  public float[] floats(String name) {
    return entry(name).floats().get();
  }

  @Override
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public void close() {
    sources.forEach(TensorFile::close);
  }

  private Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw Names.missing(path, "tensor", name, entries.keySet());
    }
    return entry;
  }
}
