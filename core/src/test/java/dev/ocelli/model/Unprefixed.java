package dev.ocelli.model;

import dev.ocelli.weights.TensorFile;
import dev.ocelli.weights.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A golden's weights alone, under their own names: the file that they came from; or with a prefix added. */
record Unprefixed(TensorFile file, String added) implements TensorFile {
  private String stored(String name) {
    return "w." + name.substring(added.length());
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Set<String> names() {
    return file.names().stream().filter(n -> n.startsWith("w.")).map(n -> added + n.substring(2)).collect(Collectors.toSet());
  }

  @Override
  public TensorInfo info(String name) {
    return file.info(stored(name));
  }

  @Override
  public ByteBuffer bytes(String name) {
    return file.bytes(stored(name));
  }

  @Override
  public float[] floats(String name) {
    return file.floats(stored(name));
  }

  @Override
  public Map<String, String> metadata() {
    return file.metadata();
  }

  @Override
  public void close() {
    file.close();
  }
}
