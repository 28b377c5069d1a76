package dev.ocelli.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * y = x Wᵀ + b.
 *
 * @param weight {@code [out, in]}
 * @param bias {@code [out]}, or null
 */
public record Linear(Tensor weight, Tensor bias) {
  /** {@code [..., in]} to {@code [..., out]}. */
  public Tensor apply(Tensor x) {
    return bias == null ? torch.linear(x, weight) : torch.linear(x, weight, new TensorOptional(bias));
  }
}
