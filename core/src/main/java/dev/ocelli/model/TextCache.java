package dev.ocelli.model;

import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Keys and values of one text for {@link TokenStep}, in Java's arrays: {@code [tokens, keyValueHeads * headSize]} a layer. Prompts are read
 * by libtorch, which leaves theirs in tensors; {@link #take} fetches them from there, and {@link #give} brings back what was added since.
 */
final class TextCache {
  private final LanguageModel.Config config;
  private final int width;
  final float[][] keys;
  final float[][] values;
  private int length;

  /** Tokens that the tensors have too. */
  private int shared;

  TextCache(LanguageModel.Config config) {
    this.config = config;
    width = config.keyValueHeads() * config.headSize();
    keys = new float[config.layers()][0];
    values = new float[config.layers()][0];
  }

  int length() {
    return length;
  }

  /** Where a token's keys and values begin. */
  int at(int token) {
    return token * width;
  }

  /** Makes room for one token more, whose keys and values the caller writes. */
  void append() {
    reserve(length + 1);
    length++;
  }

  /** Forgets all tokens after the first {@code tokens}. */
  void truncate(long tokens) {
    length = (int) Math.min(length, tokens);
    shared = Math.min(shared, length);
  }

  private void reserve(int tokens) {
    if (tokens * width > keys[0].length) {
      int more = Math.max(tokens + 32, tokens * 3 / 2) * width;
      for (int layer = 0; layer < keys.length; layer++) {
        keys[layer] = Arrays.copyOf(keys[layer], more);
        values[layer] = Arrays.copyOf(values[layer], more);
      }
    }
  }

  /** Has the first {@code tokens} tokens, and none after them: those missing come from row {@code row} of the tensors. */
  void take(List<Tensor> allKeys, List<Tensor> allValues, int row, int tokens) {
    int from = Math.min(length, tokens);
    reserve(tokens);
    if (from < tokens) {
      for (int layer = 0; layer < keys.length; layer++) {
        fetch(allKeys.get(layer), row, from, tokens, keys[layer]);
        fetch(allValues.get(layer), row, from, tokens, values[layer]);
      }
    }
    shared = from < tokens ? tokens : Math.min(shared, tokens);
    length = tokens;
  }

  private void fetch(Tensor tensor, int row, int from, int to, float[] target) {
    Scope.run(
        () -> {
          float[] fresh = Tensors.floats(tensor.select(0, row).narrow(1, from, to - from).transpose(0, 1));
          System.arraycopy(fresh, 0, target, at(from), fresh.length);
        });
  }

  /** Writes tokens that only this has into row {@code row} of the tensors. */
  void give(List<Tensor> allKeys, List<Tensor> allValues, int row) {
    if (shared < length) {
      for (int layer = 0; layer < keys.length; layer++) {
        write(keys[layer], allKeys.get(layer), row);
        write(values[layer], allValues.get(layer), row);
      }
      shared = length;
    }
  }

  private void write(float[] source, Tensor tensor, int row) {
    Scope.run(
        () -> {
          int fresh = length - shared;
          Tensor rows =
              Tensors.of(Arrays.copyOfRange(source, at(shared), at(length)), fresh, config.keyValueHeads(), config.headSize());
          tensor.select(0, row).narrow(1, shared, fresh).copy_(rows.transpose(0, 1));
        });
  }
}
