package dev.ocelli.nn;

import dev.ocelli.UserError;
import dev.ocelli.weights.TensorFile;
import dev.ocelli.weights.TensorInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Weights that are never trained: read from a file once, held in the compute type.
 *
 * @param file under transformers' names
 * @param prefix put before every name, as "vit." where the file holds a whole classifier
 * @param compute type and device of everything that is read
 */
public record FrozenWeights(TensorFile file, String prefix, Compute compute) implements Weights {
  @Override
  public Tensor get(Kind kind, long[] shape, String[] names, long[] rows) {
    return Scope.keep(
        Scope.noGrad(
            () -> {
              List<Tensor> parts = new ArrayList<>();
              for (int i = 0; i < names.length; i++) {
                long[] wanted = shape.clone();
                wanted[0] = rows[i];
                parts.add(read(file, prefix + names[i], wanted));
              }
              return compute.cast(parts.size() == 1 ? parts.get(0) : torch.cat(new TensorVector(parts.toArray(Tensor[]::new)), 0));
            }));
  }

  /** One tensor of a file in fp32 or in the file's own floating type, with its shape checked. */
  static Tensor read(TensorFile file, String name, long[] shape) {
    TensorInfo info = file.info(name);
    if (!Arrays.equals(info.shape(), shape)) {
      throw UserError.of(
          "%s: tensor %s has shape %s where the model's configuration needs %s. Weights and config.json don't belong together.",
          file.path(), name, Arrays.toString(info.shape()), Arrays.toString(shape));
    }
    return switch (info.dtype()) {
      case F32 -> Tensors.copyOf(file.bytes(name), ScalarType.Float, shape);
      case BF16 -> Tensors.copyOf(file.bytes(name), ScalarType.BFloat16, shape);
      case F16 -> Tensors.copyOf(file.bytes(name), ScalarType.Half, shape);
      // Codes whose scales stand elsewhere.
      case I8, U8, F8_E4M3, F8_E5M2 ->
          throw UserError.of("%s: tensor %s holds codes (%s). Choose the model in bf16, fp16 or fp32, or as GGUF.", file.path(), name, info.dtype());
      default -> Tensors.of(file.floats(name), shape);
    };
  }
}
