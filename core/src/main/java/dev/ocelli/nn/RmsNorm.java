package dev.ocelli.nn;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Root-mean-square normalisation over the last dimension (Zhang and Sennrich 2019). */
public record RmsNorm(Tensor weight, double epsilon) {
  public Tensor apply(Tensor x) {
    return torch.rms_norm(x, new long[] {weight.size(0)}, new TensorOptional(weight), new DoubleOptional(epsilon));
  }
}
