package dev.ocelli.weights;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Writes safetensors files that transformers and PEFT open; one tensor is in memory at a time, the file is whole or absent. */
public final class SafetensorsWriter {
  private SafetensorsWriter() {}

  /**
   * One tensor to write.
   *
   * @param dtype a plain type: safetensors knows no blocks
   * @param bytes gives the numbers, little-endian, from position to limit; asked once, when the tensor's turn comes
   */
  public record Entry(String name, DType dtype, long[] shape, Supplier<ByteBuffer> bytes) {}

  /**
   * Writes the tensors in the order given; the data begins at a multiple of 8 bytes.
   *
   * @param metadata text by name; transformers wants {@code format: pt}
   * @throws dev.ocelli.UserError where the disk refuses
   * @throws IllegalArgumentException for two tensors of one name, a block type, or bytes that don't fit the shape
   */
  public static void write(Path file, List<Entry> entries, Map<String, String> metadata) {
    ByteBuffer header = header(entries, metadata);
    AtomicFile.writeChannel(
        file,
        channel -> {
          writeAll(channel, header);
          for (Entry entry : entries) {
            ByteBuffer bytes = entry.bytes().get();
            if (bytes.remaining() != size(entry)) {
              throw new IllegalArgumentException(
                  "Tensor " + entry.name() + " gave " + bytes.remaining() + " bytes, its shape takes " + size(entry));
            }
            writeAll(channel, bytes);
          }
        });
  }

  private static ByteBuffer header(List<Entry> entries, Map<String, String> metadata) {
    ObjectNode root = new JsonMapper().createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode node = root.putObject("__metadata__");
      new TreeMap<>(metadata).forEach(node::put);
    }
    long offset = 0;
    for (Entry entry : entries) {
      if (root.has(entry.name()) || SafetensorsHeader.reserved().contains(entry.name()) || entry.dtype().quantised()) {
        throw new IllegalArgumentException(
            "Can't write tensor " + entry.name() + " of " + entry.dtype() + ": name taken or type not plain");
      }
      ObjectNode node = root.putObject(entry.name());
      node.put("dtype", entry.dtype().name());
      var shape = node.putArray("shape");
      for (long n : entry.shape()) {
        shape.add(n);
      }
      long end = Math.addExact(offset, size(entry));
      node.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
    int padded = (json.length + 7) / 8 * 8;
    ByteBuffer out = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(json);
    while (out.hasRemaining()) {
      out.put((byte) ' ');
    }
    return out.flip();
  }

  private static long size(Entry entry) {
    return entry.dtype().byteSize(new TensorInfo(entry.name(), entry.dtype(), entry.shape()).elements());
  }

  private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
    // A duplicate: the caller's position stays where it was. Slices of 64 MB: a channel copies heap buffers into direct memory whole.
    ByteBuffer rest = bytes.duplicate();
    int end = rest.limit();
    while (rest.position() < end) {
      rest.limit(Math.min(end, rest.position() + (1 << 26)));
      while (rest.hasRemaining()) {
        channel.write(rest);
      }
    }
  }
}
