package dev.ocelli.nn;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1) with the kernel that suits device and type. */
public final class Attention {
  private Attention() {}

  /** Splits the last dimension into heads: {@code [batch, tokens, heads * size]} to {@code [batch, heads, tokens, size]}. */
  public static Tensor split(Tensor x, long heads) {
    return x.view(x.size(0), x.size(1), heads, x.size(2) / heads).transpose(1, 2);
  }

  /** Undoes {@link #split}. */
  public static Tensor join(Tensor x) {
    return x.transpose(1, 2).flatten(2, 3);
  }

  /**
   * softmax(q kᵀ / sqrt(size)) v. On a CPU it runs in fp32 even where the rest is bf16: libtorch's fused bf16 kernel there was measured 2 to
   * 10 times slower, most of all backward.
   *
   * @param q {@code [batch, heads, queries, size]}
   * @param k {@code [batch, heads, keys, size]}
   * @param v {@code [batch, heads, keys, size]}
   * @param mask true where a query may look, broadcast to {@code [batch, heads, queries, keys]}; or null
   * @param causal whether query i sees only keys up to i (not together with a mask)
   * @return {@code [batch, heads, queries, size]} in the type of {@code q}
   */
  public static Tensor attend(Tensor q, Tensor k, Tensor v, Tensor mask, boolean causal) {
    ScalarType type = Tensors.type(q);
    boolean widen = type == ScalarType.BFloat16 && !q.is_cuda();
    if (widen) {
      q = q.to(ScalarType.Float);
      k = k.to(ScalarType.Float);
      v = v.to(ScalarType.Float);
    }
    TensorOptional where = mask == null ? new TensorOptional() : new TensorOptional(mask);
    Tensor out = torch.scaled_dot_product_attention(q, k, v, where, 0.0, causal, new DoubleOptional(), false);
    return widen ? out.to(type) : out;
  }
}
