package dev.ocelli.model;

import dev.ocelli.UserError;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Keys and values of the tokens so far, {@code [batch, keyValueHeads, room, headSize]} a layer, allocated once. */
public final class KeyValueCache implements AutoCloseable {
  private final List<Tensor> keys = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private final long room;
  private long length;

  /**
   * @param room how many tokens at most
   */
  public KeyValueCache(LanguageModel.Config config, Compute compute, long batch, long room) {
    if (room > config.positions()) {
      throw UserError.of("%d tokens are asked for, but the language model has %d positions. Ask for fewer.", room, config.positions());
    }
    this.room = room;
    for (int i = 0; i < config.layers(); i++) {
      for (List<Tensor> list : List.of(keys, values)) {
        list.add(
            Scope.keep(compute.place(Tensors.zeros(compute.type(), batch, config.keyValueHeads(), room, config.headSize()))));
      }
    }
  }

  /** Tokens that all layers have seen. */
  public long length() {
    return length;
  }

  /** Forgets all tokens after the first {@code length}. */
  public void truncate(long length) {
    this.length = Math.min(this.length, length);
  }

  void put(int layer, Tensor k, Tensor v) {
    if (length + k.size(2) > room) {
      throw new IllegalStateException("The cache has room for " + room + " tokens, not for " + (length + k.size(2)));
    }
    keys.get(layer).narrow(2, length, k.size(2)).copy_(k);
    values.get(layer).narrow(2, length, k.size(2)).copy_(v);
  }

  /** All keys, those of {@code fresh} tokens just put included. */
  Tensor keys(int layer, long fresh) {
    return keys.get(layer).narrow(2, 0, length + fresh);
  }

  Tensor values(int layer, long fresh) {
    return values.get(layer).narrow(2, 0, length + fresh);
  }

  void advance(long tokens) {
    length += tokens;
  }

  @Override
  public void close() {
    keys.forEach(Tensor::close);
    values.forEach(Tensor::close);
  }
}
