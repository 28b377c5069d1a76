package dev.ocelli.model;

import dev.ocelli.weights.TensorFile;
import dev.ocelli.weights.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** A file of fp32 tensors of which some answer with other numbers than are stored: for tests that something wrong shows. */
record EditedFile(TensorFile file, Map<String, float[]> edits) implements TensorFile {
  static EditedFile perturbed(TensorFile file, String name) {
    float[] values = file.floats(name).clone();
    Random random = new Random(name.hashCode());
    double norm = 0;
    double push = 0;
    double[] direction = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      direction[i] = random.nextGaussian();
      norm += (double) values[i] * values[i];
      push += direction[i] * direction[i];
    }
    for (int i = 0; i < values.length; i++) {
      values[i] += (float) (direction[i] * 0.01 * Math.sqrt(norm / push));
    }
    return new EditedFile(file, Map.of(name, values));
  }

  static EditedFile swapped(TensorFile file, String one, String other) {
    return new EditedFile(file, Map.of(one, file.floats(other), other, file.floats(one)));
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Set<String> names() {
    return file.names();
  }

  @Override
  public TensorInfo info(String name) {
    return file.info(name);
  }

  @Override
  public ByteBuffer bytes(String name) {
    if (!edits.containsKey(name)) {
      return file.bytes(name);
    }
    ByteBuffer bytes = ByteBuffer.allocateDirect(edits.get(name).length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(edits.get(name));
    return bytes;
  }

  @Override
  public float[] floats(String name) {
    return edits.getOrDefault(name, file.floats(name));
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
