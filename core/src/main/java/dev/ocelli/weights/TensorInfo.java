package dev.ocelli.weights;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * What is known of a tensor without reading its numbers.
 *
 * @param shape row-major, outermost first, as PyTorch prints it; empty for a single number
 */
public record TensorInfo(String name, DType dtype, long[] shape) {
  public TensorInfo {
    shape = shape.clone();
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  /** The product of the shape. */
  public long elements() {
    long product = 1;
    for (long n : shape) {
      product = Math.multiplyExact(product, n);
    }
    return product;
  }

  /** The shape as people write it: {@code [576, 1536]}. */
  public String shapeText() {
    return Arrays.stream(shape).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
  }

  /** Records compare arrays by identity; shapes are compared by content here. */
  @Override
  public boolean equals(Object other) {
    return other instanceof TensorInfo that
        && name.equals(that.name)
        && dtype == that.dtype
        && Arrays.equals(shape, that.shape);
  }

  @Override
  public int hashCode() {
    return name.hashCode() * 31 + Arrays.hashCode(shape);
  }

  @Override
  public String toString() {
    return name + " " + dtype + " " + shapeText();
  }
}
