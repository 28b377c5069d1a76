package dev.ocelli.nn;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Root-mean-square normalisation over the last dimension (Zhang and Sennrich 2019): y = w x / rms(x). Computed in the input's type, which a
 * residual stream holds in fp32; the result is of the weight's.
 */
public record RmsNorm(Tensor weight, double epsilon) {
  public Tensor apply(Tensor x) {
    // libtorch has one call for it all only where both are of one type.
    Tensor w = weight.to(x.scalar_type());
    return torch
        .rms_norm(x, new long[] {weight.size(0)}, new TensorOptional(w), new DoubleOptional(epsilon))
        .to(weight.scalar_type());
  }

  /** One over the root mean square: fp32 {@code [..., size]} to {@code [..., 1]}. {@link #apply} in two halves, outside autograd. */
  public Tensor inverse(Tensor x) {
    return Scope.of(
        () -> {
          Tensor norm = torch.linalg_vector_norm(x, new Scalar(2.0), new long[] {-1}, true, new ScalarTypeOptional(ScalarType.Float));
          return norm.square_().mul_(new Scalar(1.0 / weight.size(0))).add_(new Scalar(epsilon)).rsqrt_();
        });
  }

  /** The second half: the norm of {@code x}, given its {@link #inverse}. */
  public Tensor scale(Tensor x, Tensor inverse) {
    return Scope.of(() -> x.mul(inverse).mul_(weight.to(ScalarType.Float)).to(weight.scalar_type()));
  }

  /**
   * Adds the slope by the input to {@code slope}: with g = w dy and r the inverse, r g - x r³ mean(g x).
   *
   * @param slope of the residual stream, fp32, changed
   * @param outSlope by the result
   */
  public void addSlope(Tensor slope, Tensor outSlope, Tensor x, Tensor inverse) {
    Scope.run(
        () -> {
          Tensor g = outSlope.to(ScalarType.Float).mul(weight.to(ScalarType.Float));
          Tensor along = g.mul(x).mean(new long[] {-1}, true, new ScalarTypeOptional()).mul_(inverse.pow(new Scalar(3.0)));
          slope.addcmul_(g, inverse, new Scalar(1.0)).addcmul_(x, along, new Scalar(-1.0));
        });
  }
}
