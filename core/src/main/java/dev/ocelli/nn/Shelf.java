package dev.ocelli.nn;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Tensors that outlive the scope they were made in: from a forward pass to its backward, say. */
public final class Shelf implements AutoCloseable {
  private final List<Tensor> tensors = new ArrayList<>();

  /** Takes a tensor out of its scope until {@link #close}; each handle once. */
  public Tensor keep(Tensor tensor) {
    tensors.add(Scope.keep(tensor));
    return tensor;
  }

  @Override
  public void close() {
    tensors.forEach(Tensor::close);
    tensors.clear();
  }
}
