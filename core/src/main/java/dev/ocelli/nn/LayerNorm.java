package dev.ocelli.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Layer normalisation over the last dimension (Ba, Kiros and Hinton 2016). Statistics are fp32 whatever the input's type. */
public record LayerNorm(Tensor weight, Tensor bias, double epsilon) {
  public Tensor apply(Tensor x) {
    return torch.layer_norm(x, new long[] {weight.size(0)}, new TensorOptional(weight), new TensorOptional(bias), epsilon, false);
  }
}
