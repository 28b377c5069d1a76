package dev.ocelli.model;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/** Keys and values of the tokens so far, {@code [batch, keyValueHeads, room, headSize]} a layer, allocated once. */
public final class KeyValueCache implements AutoCloseable {
  private final LanguageModel.Config config;
  private final List<Tensor> keys = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private final long room;

  /** Where rows differ in length: the place of each row's next token. Null where all are alike. */
  private final long[] positions;

  /** Makes {@link #uneven} when it is first asked for. */
  private final Supplier<Uneven> placing;

  private Uneven uneven;

  /** The rows for {@link TokenStep}, once it has asked for them. */
  private final List<TextCache> texts;

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
    config.checkRoom(room);
    this.config = config;
    this.room = room;
    positions = null;
    placing = null;
    texts = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      for (List<Tensor> list : List.of(keys, values)) {
        list.add(
            Scope.keep(compute.place(Tensors.zeros(compute.type(), batch, config.keyValueHeads(), room, config.headSize()))));
      }
    }
  }

  /** A window on memory that somebody else owns and frees, for a pass over whole prompts. */
  KeyValueCache(LanguageModel.Config config, List<Tensor> keys, List<Tensor> values) {
    this(config, keys, values, null, null, new ArrayList<>());
  }

  /**
   * The same for one more token of every text.
   *
   * @param keys with these texts in their first rows
   * @param positions of each text's next token
   * @param placing says how libtorch writes there
   * @param texts one a row, the owner's
   */
  KeyValueCache(
      LanguageModel.Config config, List<Tensor> keys, List<Tensor> values, long[] positions, Supplier<Uneven> placing, List<TextCache> texts) {
    this.config = config;
    this.keys.addAll(keys);
    this.values.addAll(values);
    this.positions = positions;
    this.placing = placing;
    this.texts = texts;
    room = keys.get(0).size(2);
  }

  int rows() {
    return positions == null ? Math.toIntExact(keys.get(0).size(0)) : positions.length;
  }

  /** Of all rows together. */
  long tokens() {
    return positions == null ? rows() * length : Arrays.stream(positions).sum();
  }

  /** Null where all rows have {@link #length()} tokens. */
  Uneven uneven() {
    if (uneven == null && placing != null) {
      uneven = placing.get();
    }
    return uneven;
  }

  /** Keys and values of each row up to where its next token comes, outside libtorch. */
  List<TextCache> texts() {
    int rows = rows();
    while (texts.size() < rows) {
      texts.add(new TextCache(config));
    }
    for (int row = 0; row < rows; row++) {
      texts.get(row).take(keys, values, row, Math.toIntExact(positions == null ? length : positions[row]));
      if (texts.get(row).length() + 1 > room) {
        throw full(1);
      }
    }
    return texts;
  }

  /** Brings into the tensors what {@link TokenStep} has added. */
  void settle() {
    for (int row = 0; row < texts.size(); row++) {
      texts.get(row).give(keys, values, row);
    }
  }

  /** Begins every row with the one row of another cache; this one must be empty. */
  void begin(KeyValueCache other) {
    if (length > 0 || positions != null) {
      throw new IllegalStateException("Only an empty cache can begin with another's tokens");
    }
    Scope.run(
        () -> {
          for (int layer = 0; layer < keys.size(); layer++) {
            keys.get(layer).narrow(2, 0, other.length).copy_(other.keys.get(layer).narrow(2, 0, other.length));
            values.get(layer).narrow(2, 0, other.length).copy_(other.values.get(layer).narrow(2, 0, other.length));
          }
        });
    length = other.length;
  }

  private IllegalStateException full(long more) {
    return new IllegalStateException("The cache has room for " + room + " tokens, not for " + (length + more));
  }

  /** Tokens that all layers have seen. */
  public long length() {
    return length;
  }

  /** Forgets all tokens after the first {@code length}. */
  public void truncate(long length) {
    this.length = Math.min(this.length, length);
    texts.forEach(text -> text.truncate(length));
  }

  void put(int layer, Tensor k, Tensor v) {
    if (uneven != null) {
      rows(keys, layer).scatter_(2, uneven.slots, k);
      rows(values, layer).scatter_(2, uneven.slots, v);
      return;
    }
    if (length + k.size(2) > room) {
      throw full(k.size(2));
    }
    keys.get(layer).narrow(2, length, k.size(2)).copy_(k);
    values.get(layer).narrow(2, length, k.size(2)).copy_(v);
  }

  /** All keys, those of {@code fresh} tokens just put included. */
  Tensor keys(int layer, long fresh) {
    return rows(keys, layer).narrow(2, 0, seen(fresh));
  }

  Tensor values(int layer, long fresh) {
    return rows(values, layer).narrow(2, 0, seen(fresh));
  }

  private Tensor rows(List<Tensor> tensors, int layer) {
    Tensor all = tensors.get(layer);
    return positions == null ? all : all.narrow(0, 0, positions.length);
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
