package dev.ocelli.weights;

import com.google.protobuf.CodedInputStream;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The initialisers of an ONNX file, mapped.
 *
 * <p>PyTorch's exporter folds the transposition of a linear layer into its matrix and calls the result {@code onnx::MatMul_1966}. Where
 * the product is then added to an initialiser {@code P.bias}, that matrix appears here as {@code P.weight}, turned back to
 * {@code [out, in]} as transformers stores it, in bytes and floats alike. Any other keeps its own name and order.
 */
public final class Onnx implements TensorFile {
  private static final String ANONYMOUS = "onnx::MatMul_";

  private final MappedFile file;
  private final OnnxHeader header;
  private final Map<String, TensorInfo> infos = new LinkedHashMap<>();
  /** Own name of each matrix that was named after its bias, by that new name. */
  private final Map<String, String> matrices = new HashMap<>();

  private Onnx(MappedFile file, OnnxHeader header) {
    this.file = file;
    this.header = header;
    Map<String, String> named = namedByBias(header);
    header.places().forEach((own, place) -> {
      String name = named.get(own);
      if (name == null) {
        infos.put(own, place.info());
      } else {
        long[] shape = place.info().shape();
        infos.put(name, new TensorInfo(name, place.info().dtype(), new long[] {shape[1], shape[0]}));
        matrices.put(name, own);
      }
    });
  }

  /** Opens a file of up to 2 GiB (the format's own limit); a damaged one is a {@link UserError}. */
  public static Onnx open(Path path) {
    MappedFile file = MappedFile.open(path);
    try {
      return new Onnx(file, OnnxHeader.read(file));
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static Map<String, String> namedByBias(OnnxHeader header) {
    Map<String, String> matrixOfProduct = new HashMap<>();
    Map<String, Integer> uses = new HashMap<>();
    for (OnnxHeader.Node node : header.nodes()) {
      node.inputs().forEach(input -> uses.merge(input, 1, Integer::sum));
      if (node.op().equals("MatMul") && node.inputs().size() == 2 && node.outputs().size() == 1) {
        String matrix = node.inputs().get(1);
        OnnxHeader.Place place = header.places().get(matrix);
        if (matrix.startsWith(ANONYMOUS) && place != null && place.info().shape().length == 2 && !place.varints()) {
          matrixOfProduct.put(node.outputs().get(0), matrix);
        }
      }
    }
    Map<String, String> named = new HashMap<>();
    Set<String> taken = new HashSet<>(header.places().keySet());
    for (OnnxHeader.Node node : header.nodes()) {
      if (!node.op().equals("Add") || node.inputs().size() != 2) {
        continue;
      }
      for (int side = 0; side < 2; side++) {
        String matrix = matrixOfProduct.get(node.inputs().get(side));
        String bias = node.inputs().get(1 - side);
        // A matrix that several layers share has no one name.
        if (matrix != null && uses.get(matrix) == 1 && bias.endsWith(".bias") && header.places().containsKey(bias)) {
          String name = bias.substring(0, bias.length() - "bias".length()) + "weight";
          if (taken.add(name)) {
            named.put(matrix, name);
          }
        }
      }
    }
    return named;
  }

  /** The graph's operators, for those who find tensors by their place in it. */
  List<OnnxHeader.Node> nodes() {
    return Collections.unmodifiableList(header.nodes());
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(infos.keySet());
  }

  @Override
  public TensorInfo info(String name) {
    TensorInfo info = infos.get(name);
    if (info == null) {
      throw Names.missing(file.path(), "initialiser", name, infos.keySet());
    }
    return info;
  }

  @Override
  public ByteBuffer bytes(String name) {
    TensorInfo info = info(name);
    OnnxHeader.Place place = header.places().get(matrices.getOrDefault(name, name));
    ByteBuffer stored = file.map("tensor " + name, place.offset(), place.length());
    if (place.varints()) {
      return varints(info, stored);
    }
    return matrices.containsKey(name) ? transposed(info, stored) : stored;
  }

  @Override
  public float[] floats(String name) {
    return Floats.decode(file.path(), info(name), bytes(name));
  }

  @Override
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(header.metadata());
  }

  @Override
  public void close() {
    file.close();
  }

  /** {@code stored} is [in, out]; the result [out, in], as {@code info} says. */
  private static ByteBuffer transposed(TensorInfo info, ByteBuffer stored) {
    int size = info.dtype().blockBytes();
    int rows = (int) info.shape()[0];
    int columns = (int) info.shape()[1];
    byte[] from = new byte[stored.limit()];
    stored.get(0, from);
    byte[] to = new byte[from.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        int target = (i * columns + j) * size;
        int source = (j * rows + i) * size;
        for (int k = 0; k < size; k++) {
          to[target + k] = from[source + k];
        }
      }
    }
    return ByteBuffer.wrap(to).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Numbers that the file stores one by one in variable length, laid out as every other tensor's. */
  private ByteBuffer varints(TensorInfo info, ByteBuffer stored) {
    int size = info.dtype().blockBytes();
    // A varint takes a byte at least, so the file itself bounds the count.
    ByteBuffer out = ByteBuffer.allocate(Math.multiplyExact(size, (int) info.elements())).order(ByteOrder.LITTLE_ENDIAN);
    CodedInputStream in = CodedInputStream.newInstance(stored);
    try {
      while (out.hasRemaining()) {
        long value = in.readRawVarint64();
        switch (size) {
          case 1 -> out.put((byte) value);
          case 2 -> out.putShort((short) value);
          case 4 -> out.putInt((int) value);
          default -> out.putLong(value);
        }
      }
      if (!in.isAtEnd()) {
        throw UserError.of("%s stores more numbers for tensor %s than its shape %s holds.", file.path(), info.name(), info.shapeText());
      }
    } catch (IOException e) {
      throw new UserError(file.path() + " stores fewer numbers for tensor " + info + " than that. Fetch the file again.", e);
    } catch (ArithmeticException e) {
      throw new UserError(file.path() + " stores tensor " + info + " above 2 GiB, which isn't read.", e);
    }
    return out.flip().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }
}
