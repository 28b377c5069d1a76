package dev.ocelli.nn;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Root-mean-square normalisation over the last dimension (Zhang and Sennrich 2019). */
public record RmsNorm(Tensor weight, double epsilon) {
  public Tensor apply(Tensor x) {
    // libtorch has one kernel for it all only where both are of one type.
    return torch.rms_norm(x, new long[] {weight.size(0)}, new TensorOptional(weight.to(x.scalar_type())), new DoubleOptional(epsilon));
  }
}
