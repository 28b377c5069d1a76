package dev.ocelli.nn;

import org.bytedeco.pytorch.Tensor;

/**
 * Where a model's constructor gets its tensors from, by their names in the file. Several names make one stacked tensor, so that queries,
 * keys and values (or gate and up) are one product, while files keep the usual separate names.
 *
 * <p>Shapes are said by the model, once; a source refuses a tensor of another shape.
 */
public interface Weights {
  /** What a tensor is for: decides its type in memory and how it begins where no file has it. */
  enum Kind {
    /**
     * Multiplied with activations: held in the compute type. Begins as torch's Linear does, uniform within 1/sqrt(inputs), where it is
     * trained; normal with deviation 0.02 in a model that stays random.
     */
    MATRIX,
    /** Added to a product: held in the compute type. Begins at zero. */
    BIAS,
    /** A matrix that begins at zero, as LoRA's B does, so that training starts from the model as it was. Held in the compute type. */
    ZERO,
    /** Scale of a norm: held in fp32 while it is trained. Begins at one. */
    SCALE,
    /** Shift of a norm: held in fp32 while it is trained. Begins at zero. */
    SHIFT,
    /** Looked up by row, or learnt query vectors: held in fp32 while it is trained. Begins normal with deviation 0.02. */
    TABLE,
  }

  /**
   * @param kind what it is for
   * @param shape of the whole, stacked along the first dimension where there are several names
   * @param names in the file, each an equal or unequal part of the first dimension, as {@code rows} says
   * @param rows how many rows of the first dimension each name has
   */
  Tensor get(Kind kind, long[] shape, String[] names, long[] rows);

  /** The same source, with {@code prefix} put before every name. */
  default Weights in(String prefix) {
    return (kind, shape, names, rows) ->
        get(kind, shape, java.util.Arrays.stream(names).map(prefix::concat).toArray(String[]::new), rows);
  }

  default Tensor get(Kind kind, String name, long... shape) {
    return get(kind, shape, new String[] {name}, new long[] {shape[0]});
  }

  /** A {@link Linear} of {@code name + ".weight"} and {@code ".bias"}. */
  default Linear linear(String name, long in, long out) {
    return new Linear(get(Kind.MATRIX, name + ".weight", out, in), get(Kind.BIAS, name + ".bias", out));
  }

  /** Several products over one input as a single one; {@code out} rows each. */
  default Linear linears(long in, long[] out, String... names) {
    long total = java.util.Arrays.stream(out).sum();
    String[] weights = new String[names.length];
    String[] biases = new String[names.length];
    for (int i = 0; i < names.length; i++) {
      weights[i] = names[i] + ".weight";
      biases[i] = names[i] + ".bias";
    }
    return new Linear(get(Kind.MATRIX, new long[] {total, in}, weights, out), get(Kind.BIAS, new long[] {total}, biases, out));
  }

  /** Several products without bias over one input as a single one. */
  default Linear plainLinears(long in, long[] out, String... names) {
    String[] weights = new String[names.length];
    for (int i = 0; i < names.length; i++) {
      weights[i] = names[i] + ".weight";
    }
    return new Linear(get(Kind.MATRIX, new long[] {java.util.Arrays.stream(out).sum(), in}, weights, out), null);
  }

  default LayerNorm layerNorm(String name, long size, double epsilon) {
    return new LayerNorm(get(Kind.SCALE, name + ".weight", size), get(Kind.SHIFT, name + ".bias", size), epsilon);
  }

  default RmsNorm rmsNorm(String name, long size, double epsilon) {
    return new RmsNorm(get(Kind.SCALE, name + ".weight", size), epsilon);
  }
}
