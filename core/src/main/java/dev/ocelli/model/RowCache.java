package dev.ocelli.model;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Keys and values of several texts that come and go, each of its own length: {@code [rows, keyValueHeads, room, headSize]} a layer. Texts
 * in use are the first rows; one that leaves has its place taken by the last. Memory grows as texts need it and is given back by
 * {@link #clear}.
 */
public final class RowCache implements AutoCloseable {
  private static final long ROOM_STEP = 128;

  private final LanguageModel.Config config;
  private final Compute compute;
  private List<Tensor> keys = List.of();
  private List<Tensor> values = List.of();
  private int capacity;
  private long room;
  private final List<TextCache> texts = new ArrayList<>();
  private long[] lengths = {};
  private int rows;

  public RowCache(LanguageModel.Config config, Compute compute) {
    this.config = config;
    this.compute = compute;
  }

  /** How many texts there are. */
  public int rows() {
    return rows;
  }

  /** Tokens of one text. */
  public long length(int row) {
    return lengths[row];
  }

  /**
   * Adds texts by their prompts, padded on the right; the cache returned takes the model's one pass over them.
   *
   * @param lengths of each prompt, in tokens
   * @param needed the most tokens that any of them will come to
   */
  public KeyValueCache add(long[] lengths, long needed) {
    config.checkRoom(needed);
    reserve(rows + lengths.length, needed);
    int first = rows;
    System.arraycopy(lengths, 0, this.lengths, first, lengths.length);
    rows += lengths.length;
    for (int i = 0; i < lengths.length; i++) {
      texts.add(new TextCache(config));
    }
    return new KeyValueCache(
        config, each(keys, t -> t.narrow(0, first, lengths.length)), each(values, t -> t.narrow(0, first, lengths.length)));
  }

  /** The cache for one more token of every text. */
  public KeyValueCache next() {
    long[] positions = Arrays.copyOf(lengths, rows);
    for (int row = 0; row < rows; row++) {
      lengths[row]++;
    }
    return new KeyValueCache(config, keys, values, positions, () -> placing(positions), texts);
  }

  private KeyValueCache.Uneven placing(long[] positions) {
    long longest = Arrays.stream(positions).max().orElseThrow() + 1;
    Tensor at = compute.place(Tensors.of(positions, positions.length, 1, 1, 1));
    Tensor mask = compute.place(torch.arange(new org.bytedeco.pytorch.Scalar(longest))).to(ScalarType.Long).le(at);
    Tensor slots = at.expand(-1, config.keyValueHeads(), -1, config.headSize()).contiguous();
    return new KeyValueCache.Uneven(positions, slots, mask);
  }

  /** Takes a text out; the last one moves to its row. */
  public void remove(int row) {
    int last = --rows;
    TextCache moving = texts.remove(last);
    if (row != last) {
      texts.set(row, moving);
      long length = lengths[last];
      Scope.run(
          () -> {
            for (List<Tensor> list : List.of(keys, values)) {
              for (Tensor t : list) {
                t.select(0, row).narrow(1, 0, length).copy_(t.select(0, last).narrow(1, 0, length));
              }
            }
          });
      lengths[row] = length;
    }
  }

  /** Forgets all texts and frees their memory. */
  public void clear() {
    close();
    texts.clear();
    keys = List.of();
    values = List.of();
    capacity = 0;
    room = 0;
    rows = 0;
  }

  /** Bytes of native memory held. */
  public long bytes() {
    return 2L * config.layers() * capacity * config.keyValueHeads() * room * config.headSize() * (compute.type() == ScalarType.Float ? 4 : 2);
  }

  private void reserve(int wantedRows, long wantedRoom) {
    if (wantedRows <= capacity && wantedRoom <= room) {
      return;
    }
    int moreRows = wantedRows <= capacity ? capacity : Math.max(wantedRows, 2 * capacity);
    long rounded = (wantedRoom + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
    long moreRoom = Math.max(room, Math.min(rounded, config.positions()));
    keys = moved(keys, moreRows, moreRoom);
    values = moved(values, moreRows, moreRoom);
    capacity = moreRows;
    room = moreRoom;
    lengths = Arrays.copyOf(lengths, moreRows);
  }

  /** One layer after the other, so that the old and the new are never both whole in memory. */
  private List<Tensor> moved(List<Tensor> old, int moreRows, long moreRoom) {
    List<Tensor> moved = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      Tensor fresh =
          Scope.keep(
              Scope.of(
                  () -> compute.place(Tensors.zeros(compute.type(), moreRows, config.keyValueHeads(), moreRoom, config.headSize()))));
      if (!old.isEmpty()) {
        Tensor before = old.get(i);
        Scope.run(() -> fresh.narrow(0, 0, capacity).narrow(2, 0, room).copy_(before));
        before.close();
      }
      moved.add(fresh);
    }
    return moved;
  }

  private static List<Tensor> each(List<Tensor> tensors, UnaryOperator<Tensor> window) {
    return tensors.stream().map(window).toList();
  }

  @Override
  public void close() {
    keys.forEach(Tensor::close);
    values.forEach(Tensor::close);
  }
}
