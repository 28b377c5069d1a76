package dev.ocelli.weights;

import dev.ocelli.UserError;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * Named tensors in a file, whatever its format. Files are mapped, never read whole: a tensor's bytes enter memory when it is asked for.
 * Reading is safe from several threads; {@link #close} is not to be called while another thread reads.
 */
public interface TensorFile extends AutoCloseable {
  /** The file, for messages; the index of a sharded one. */
  Path path();

  /** All names, in the order of the file. */
  Set<String> names();

  /**
   * Type and shape of one tensor.
   *
   * @throws UserError naming the nearest name there is, when this one is absent
   */
  TensorInfo info(String name);

  /**
   * The stored bytes, little-endian, read-only, position 0 to limit. Numbers keep {@code info(name).dtype()}.
   *
   * @throws UserError for an absent tensor, or one above 2 GiB (a Java buffer ends there)
   */
  ByteBuffer bytes(String name);

  /**
   * The numbers in fp32, row-major in the shape of {@link #info}; blocks are dequantised, wider types rounded.
   *
   * @throws UserError as {@link #bytes}
   */
  float[] floats(String name);

  /** What the file says about itself, as text; empty where the format says nothing. */
  Map<String, String> metadata();

  @Override
  void close();
}
