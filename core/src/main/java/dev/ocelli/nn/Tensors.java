package dev.ocelli.nn;

import dev.ocelli.UserError;
import dev.ocelli.weights.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Ways between Java's arrays and buffers and libtorch's tensors. */
public final class Tensors {
  private Tensors() {}

  public static TensorOptions options(ScalarType type) {
    return new TensorOptions(type);
  }

  public static Tensor zeros(ScalarType type, long... shape) {
    return torch.zeros(shape, options(type));
  }

  /** Unset memory. */
  public static Tensor empty(TensorOptions options, long... shape) {
    return torch.empty(shape, options, new MemoryFormatOptional());
  }

  /** A copy of {@code values} as fp32. */
  public static Tensor of(float[] values, long... shape) {
    try (FloatPointer pointer = new FloatPointer(values)) {
      return torch.from_blob(pointer, shape, options(ScalarType.Float)).clone();
    }
  }

  /** A copy of {@code values} as int64. */
  public static Tensor of(long[] values, long... shape) {
    if (values.length == 0) {
      return zeros(ScalarType.Long, shape);
    }
    try (LongPointer pointer = new LongPointer(values)) {
      return torch.from_blob(pointer, shape, options(ScalarType.Long)).clone();
    }
  }

  /** A copy of {@code values} as int64. */
  public static Tensor of(int[] values, long... shape) {
    return of(Arrays.stream(values).asLongStream().toArray(), shape);
  }

  /** A copy of a buffer's bytes as a tensor of {@code type}; the buffer is free for other use afterwards. */
  public static Tensor copyOf(ByteBuffer bytes, ScalarType type, long... shape) {
    // JavaCPP takes the address of a read-only buffer in Java's heap to be 0.
    ByteBuffer direct = bytes.isDirect() ? bytes : ByteBuffer.allocateDirect(bytes.remaining()).put(bytes.duplicate()).flip();
    try (BytePointer pointer = new BytePointer(direct)) {
      return torch.from_blob(pointer, shape, options(type)).clone();
    }
  }

  /** The values in fp32, row-major. */
  public static float[] floats(Tensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.numel())];
    Scope.run(
        () -> {
          if (values.length > 0) {
            new FloatPointer(tensor.detach().cpu().to(ScalarType.Float).contiguous().data_ptr()).get(values);
          }
        });
    return values;
  }

  /**
   * The tensor's values as little-endian bytes: its own memory without a copy, valid while the tensor lives; a copy where the tensor lies
   * on another device. The tensor must be contiguous and smaller than 2 GiB.
   */
  public static ByteBuffer memory(Tensor tensor) {
    if (!tensor.is_contiguous()) {
      throw new IllegalArgumentException("Only a contiguous tensor has its values in one piece");
    }
    long bytes = tensor.numel() * tensor.element_size();
    if (!tensor.is_cpu()) {
      ByteBuffer copy = ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
      Scope.run(() -> copy.put(memory(tensor.cpu())));
      return copy.flip();
    }
    Pointer start = tensor.data_ptr();
    return new BytePointer(start).capacity(bytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Copies {@code values} into the tensor's memory, converting to its type. */
  public static void fill(Tensor target, float[] values) {
    Scope.run(
        () -> {
          FloatPointer pointer = new FloatPointer(FloatBuffer.wrap(values));
          target.copy_(torch.from_blob(pointer, shape(target), options(ScalarType.Float)));
        });
  }

  /** The tensor's type, as the constant. JavaCPP's {@code scalar_type()} is another object than the constant, equal to nothing. */
  public static ScalarType type(Tensor tensor) {
    return tensor.scalar_type().intern();
  }

  public static long[] shape(Tensor tensor) {
    long[] shape = new long[Math.toIntExact(tensor.dim())];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = tensor.size(i);
    }
    return shape;
  }

  public static Tensor cat(long dimension, Tensor... parts) {
    return torch.cat(new TensorVector(parts), dimension);
  }

  public static Tensor scale(Tensor tensor, double factor) {
    return tensor.mul(new Scalar(factor));
  }

  /** The type that a file should hold this tensor in. */
  public static DType fileType(Tensor tensor) {
    ScalarType type = type(tensor);
    return switch (type) {
      case Float -> DType.F32;
      case BFloat16 -> DType.BF16;
      case Half -> DType.F16;
      case Long -> DType.I64;
      case Double -> DType.F64;
      default -> throw new UserError("No file type is known for a tensor of type " + type);
    };
  }
}
