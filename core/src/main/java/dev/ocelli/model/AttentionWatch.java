package dev.ocelli.model;

import org.bytedeco.pytorch.Tensor;

/** Is shown the attention of each layer of a forward pass. It is computed for the watcher alone: a pass that nobody watches costs no more. */
@FunctionalInterface
public interface AttentionWatch {
  /**
   * @param probabilities fp32 {@code [batch, heads, queries, keys]}, rows that sum to 1; freed when the layer is done
   */
  void layer(int index, Tensor probabilities);
}
