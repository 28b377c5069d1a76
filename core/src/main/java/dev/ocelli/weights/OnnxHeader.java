package dev.ocelli.weights;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is needed of an ONNX file: its initialisers and its nodes, read field by field off the protocol buffer without generated code.
 * Numbers stay in the file; only their place is kept. Field numbers are those of {@code onnx.proto}.
 *
 * @see <a href="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto">the format</a>
 */
final class OnnxHeader {
  /** An operator of the graph, by the names of what goes in and out. */
  record Node(String op, List<String> inputs, List<String> outputs) {}

  /** Where an initialiser's numbers lie in the file; {@code varints} when each is a protocol buffer's varint instead of raw bytes. */
  record Place(TensorInfo info, long offset, long length, boolean varints) {}

  private final MappedFile file;
  private final CodedInputStream in;
  private final Map<String, Place> places = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private interface Field {
    /** Reads the field, or returns false to have it skipped. */
    boolean read(int number, int wireType) throws IOException;
  }

  private OnnxHeader(MappedFile file, ByteBuffer bytes) {
    this.file = file;
    this.in = CodedInputStream.newInstance(bytes);
    this.in.setSizeLimit(Integer.MAX_VALUE);
  }

  static OnnxHeader read(MappedFile file) {
    OnnxHeader header = new OnnxHeader(file, file.map("the model", 0, file.size()));
    try {
      header.fields(header::modelField);
    } catch (InvalidProtocolBufferException e) {
      throw header.refuse("breaks off or isn't a protocol buffer at byte " + header.in.getTotalBytesRead());
    } catch (IOException e) {
      throw new UserError("Can't read " + file.path() + ": " + e.getMessage() + ".", e);
    }
    if (header.places.isEmpty()) {
      throw header.refuse("holds no initialisers");
    }
    return header;
  }

  Map<String, Place> places() {
    return places;
  }

  List<Node> nodes() {
    return nodes;
  }

  Map<String, String> metadata() {
    return metadata;
  }

  private void fields(Field field) throws IOException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (!field.read(WireFormat.getTagFieldNumber(tag), WireFormat.getTagWireType(tag)) && !in.skipField(tag)) {
        throw refuse("has a group that ends without having begun");
      }
    }
  }

  /** Reads one length-prefixed message through {@code field}. */
  private void message(Field field) throws IOException {
    int limit = in.pushLimit(in.readRawVarint32());
    fields(field);
    in.checkLastTagWas(0);
    in.popLimit(limit);
  }

  private boolean modelField(int number, int wireType) throws IOException {
    if (wireType != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
      return false;
    }
    switch (number) {
      case 2 -> metadata.put("producer_name", in.readStringRequireUtf8());
      case 3 -> metadata.put("producer_version", in.readStringRequireUtf8());
      case 7 -> message(this::graphField);
      case 14 -> readProperty();
      default -> {
        return false;
      }
    }
    return true;
  }

  private void readProperty() throws IOException {
    String[] pair = {"", ""};
    message((number, wireType) -> {
      boolean known = wireType == WireFormat.WIRETYPE_LENGTH_DELIMITED && (number == 1 || number == 2);
      if (known) {
        pair[number - 1] = in.readStringRequireUtf8();
      }
      return known;
    });
    metadata.put(pair[0], pair[1]);
  }

  private boolean graphField(int number, int wireType) throws IOException {
    if (wireType != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
      return false;
    }
    switch (number) {
      case 1 -> readNode();
      case 5 -> readTensor();
      default -> {
        return false;
      }
    }
    return true;
  }

  private void readNode() throws IOException {
    String[] op = {""};
    List<String> inputs = new ArrayList<>();
    List<String> outputs = new ArrayList<>();
    message((number, wireType) -> {
      if (wireType != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
        return false;
      }
      switch (number) {
        case 1 -> inputs.add(in.readStringRequireUtf8());
        case 2 -> outputs.add(in.readStringRequireUtf8());
        case 4 -> op[0] = in.readStringRequireUtf8();
        default -> {
          return false;
        }
      }
      return true;
    });
    nodes.add(new Node(op[0], inputs, outputs));
  }

  /** A TensorProto as its fields come by; they may come in any order, so it is judged when complete. */
  private static final class Tensor {
    private final List<Long> shape = new ArrayList<>();
    private String name = "";
    private int type;
    private long offset = -1;
    private long length;
    private int storage;
    private boolean external;
  }

  private void readTensor() throws IOException {
    Tensor tensor = new Tensor();
    message((number, wireType) -> tensorField(tensor, number, wireType));
    if (tensor.external) {
      throw UserError.of(
          "%s keeps tensor %s in another file, which isn't read. Save the model with its data inside (onnx.save does by default).",
          file.path(), tensor.name);
    }
    DType dtype = dtype(tensor);
    TensorInfo info = new TensorInfo(tensor.name, dtype, tensor.shape.stream().mapToLong(Long::longValue).toArray());
    boolean varints = tensor.storage == 5 || tensor.storage == 7 || tensor.storage == 11;
    boolean fits = switch (tensor.storage) {
      case 4 -> dtype == DType.F32;
      case 10 -> dtype == DType.F64;
      case 7 -> dtype == DType.I64;
      case 11 -> dtype == DType.U64 || dtype == DType.U32;
      case 5 -> dtype.blockBytes() <= 4 && dtype != DType.F32 && dtype != DType.U32;
      default -> true;
    };
    long elements;
    long expected;
    try {
      if (tensor.shape.stream().anyMatch(n -> n < 0)) {
        throw new ArithmeticException("negative");
      }
      elements = info.elements();
      expected = dtype.byteSize(elements);
    } catch (ArithmeticException e) {
      throw refuse("gives tensor " + tensor.name + " the shape " + info.shapeText());
    }
    // A varint takes 1 to 10 bytes; their count is checked when they are read.
    if (!fits || (varints ? tensor.length < elements || elements < tensor.length / 10 : tensor.length != expected)) {
      throw refuse("gives tensor %s %d bytes in field %d; %s %s takes %d".formatted(
          tensor.name, tensor.length, tensor.storage, dtype, info.shapeText(), expected));
    }
    if (places.put(tensor.name, new Place(info, Math.max(0, tensor.offset), tensor.length, varints)) != null) {
      throw refuse("has tensor " + tensor.name + " twice");
    }
  }

  private boolean tensorField(Tensor tensor, int number, int wireType) throws IOException {
    if (number == 1 && wireType == WireFormat.WIRETYPE_VARINT) {
      tensor.shape.add(in.readInt64());
    } else if (number == 1 && wireType == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
      int limit = in.pushLimit(in.readRawVarint32());
      while (in.getBytesUntilLimit() > 0) {
        tensor.shape.add(in.readInt64());
      }
      in.popLimit(limit);
    } else if (number == 2 && wireType == WireFormat.WIRETYPE_VARINT) {
      tensor.type = in.readInt32();
    } else if (number == 8 && wireType == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
      tensor.name = in.readStringRequireUtf8();
    } else if (number == 4 || number == 5 || number == 7 || number == 9 || number == 10 || number == 11) {
      if (wireType != WireFormat.WIRETYPE_LENGTH_DELIMITED || tensor.offset >= 0) {
        throw refuse("stores tensor " + tensor.name + " in pieces; save it again with the onnx package");
      }
      int length = in.readRawVarint32();
      tensor.offset = in.getTotalBytesRead();
      tensor.length = length;
      tensor.storage = number;
      in.skipRawBytes(length);
    } else if (number == 13 || number == 14 && wireType == WireFormat.WIRETYPE_VARINT) {
      tensor.external |= number == 13 || in.readInt32() == 1;
      return number == 14;
    } else {
      return false;
    }
    return true;
  }

  private DType dtype(Tensor tensor) {
    return switch (tensor.type) {
      case 1 -> DType.F32;
      case 2 -> DType.U8;
      case 3 -> DType.I8;
      case 4 -> DType.U16;
      case 5 -> DType.I16;
      case 6 -> DType.I32;
      case 7 -> DType.I64;
      case 9 -> DType.BOOL;
      case 10 -> DType.F16;
      case 11 -> DType.F64;
      case 12 -> DType.U32;
      case 13 -> DType.U64;
      case 16 -> DType.BF16;
      case 17 -> DType.F8_E4M3;
      case 19 -> DType.F8_E5M2;
      default -> throw UserError.of(
          "%s stores tensor %s as ONNX type %d, which isn't read. Numbers of 8 to 64 bits are.", file.path(), tensor.name, tensor.type);
    };
  }

  private UserError refuse(String what) {
    return new UserError(file.path() + " " + what + ". It is damaged or no ONNX file: fetch it again.");
  }
}
