package dev.ocelli.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Layer normalisation over the last dimension (Ba, Kiros and Hinton 2016). Statistics are fp32 whatever the input's type, which is also the
 * result's.
 */
public record LayerNorm(Tensor weight, Tensor bias, double epsilon) {
  public Tensor apply(Tensor x) {
    // libtorch takes fp32 weights with a bf16 input, but not the other way about.
    boolean wide = Tensors.type(x) == ScalarType.Float;
    Tensor w = wide ? weight.to(ScalarType.Float) : weight;
    Tensor b = wide ? bias.to(ScalarType.Float) : bias;
    return torch.layer_norm(x, new long[] {weight.size(0)}, new TensorOptional(w), new TensorOptional(b), epsilon, false);
  }
}
