package dev.ocelli.model;

import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Weights;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The bridge from the Q-Former to the language model: a layer of GELU units four times as wide, then the embedding size. */
public final class Projector {
  private final Linear in;
  private final Linear out;

  /**
   * @param from size of the query vectors
   * @param to size of the language model's embeddings
   */
  public Projector(int from, int to, Weights weights) {
    in = weights.linear("linear_1", from, 4L * from);
    out = weights.linear("linear_2", 4L * from, to);
  }

  /** {@code [batch, vectors, from]} to {@code [batch, vectors, to]}. */
  public Tensor apply(Tensor x) {
    return Scope.of(() -> out.apply(torch.gelu(in.apply(x))));
  }
}
