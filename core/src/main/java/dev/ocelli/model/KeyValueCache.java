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

  /** Where rows differ in length: how each row's next token is placed. Null where all are alike. */
  private final Uneven uneven;

  private long length;

  /**
   * @param positions of each row's next token
   * @param slots the same as an index into the cache, {@code [rows, keyValueHeads, 1, headSize]}
   * @param mask true where a row has tokens, the next one included, {@code [rows, 1, 1, tokens]}
   */
  record Uneven(long[] positions, Tensor slots, Tensor mask) {}

  /**
   * @param room how many tokens at most
   */
  public KeyValueCache(LanguageModel.Config config, Compute compute, long batch, long room) {
    if (room > config.positions()) {
      throw UserError.of("%d tokens are asked for, but the language model has %d positions. Ask for fewer.", room, config.positions());
    }
    this.room = room;
    uneven = null;
    for (int i = 0; i < config.layers(); i++) {
      for (List<Tensor> list : List.of(keys, values)) {
        list.add(
            Scope.keep(compute.place(Tensors.zeros(compute.type(), batch, config.keyValueHeads(), room, config.headSize()))));
      }
    }
  }

  /** A window on memory that somebody else owns and frees. */
  KeyValueCache(List<Tensor> keys, List<Tensor> values, Uneven uneven) {
    this.keys.addAll(keys);
    this.values.addAll(values);
    this.uneven = uneven;
    room = keys.get(0).size(2);
  }

  /** Null where all rows have {@link #length()} tokens. */
  Uneven uneven() {
    return uneven;
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
    if (uneven != null) {
      keys.get(layer).scatter_(2, uneven.slots, k);
      values.get(layer).scatter_(2, uneven.slots, v);
      return;
    }
    if (length + k.size(2) > room) {
      throw new IllegalStateException("The cache has room for " + room + " tokens, not for " + (length + k.size(2)));
    }
    keys.get(layer).narrow(2, length, k.size(2)).copy_(k);
    values.get(layer).narrow(2, length, k.size(2)).copy_(v);
  }

  /** All keys, those of {@code fresh} tokens just put included. */
  Tensor keys(int layer, long fresh) {
    return keys.get(layer).narrow(2, 0, seen(fresh));
  }

  Tensor values(int layer, long fresh) {
    return values.get(layer).narrow(2, 0, seen(fresh));
  }

  private long seen(long fresh) {
    return uneven == null ? length + fresh : uneven.mask.size(3);
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
