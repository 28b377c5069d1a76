package dev.ocelli.model;

import dev.ocelli.nn.Weights;
import org.bytedeco.pytorch.Tensor;

/** Hands out another source's tensors and counts their elements. */
final class CountedWeights implements Weights {
  private final Weights source;
  private long total;

  CountedWeights(Weights source) {
    this.source = source;
  }

  long total() {
    return total;
  }

  @Override
  public Tensor get(Kind kind, long[] shape, String[] names, long[] rows) {
    long elements = 1;
    for (long size : shape) {
      elements *= size;
    }
    total += elements;
    return source.get(kind, shape, names, rows);
  }
}
