package dev.ocelli.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * y = x Wᵀ + b, in the weight's type whatever the input's: products are bf16 where residual streams stay fp32.
 *
 * @param weight {@code [out, in]}
 * @param bias {@code [out]}, or null
 */
public record Linear(Tensor weight, Tensor bias) {
  /** {@code [..., in]} to {@code [..., out]}. */
  public Tensor apply(Tensor input) {
    Tensor x = input.to(weight.scalar_type());
    return bias == null ? torch.linear(x, weight) : torch.linear(x, weight, new TensorOptional(bias));
  }
}
