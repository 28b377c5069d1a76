package dev.ocelli.model;

import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Keys and values of one text for {@link TokenStep}, in Java's arrays, a layer's in one: values {@code [tokens, keyValueHeads * headSize]},
 * keys {@code [tokens / 32, keyValueHeads * headSize, 32]}, so that a query meets 32 tokens at once and nothing is summed across a register.
 * Prompts are read by libtorch, which leaves theirs in tensors; {@link #take} fetches them from there, and {@link #give} brings back what
 * was added since.
 */
final class TextCache {
  /** Tokens whose keys lie side by side. */
  static final int TOGETHER = 32;

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

  /** Where a token's values begin. */
  int at(int token) {
    return token * width;
  }

  /** Where a number of a token's keys lies, the next number's {@link #TOGETHER} behind. */
  int keyAt(int token, int number) {
    return (token / TOGETHER * width + number) * TOGETHER + token % TOGETHER;
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
      int more = Math.max(tokens + 32, tokens * 3 / 2) / TOGETHER * TOGETHER * width;
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
        float[] fresh = fetch(allKeys.get(layer), row, from, tokens);
        for (int number = 0; number < width; number++) {
          for (int token = from; token < tokens; token++) {
            keys[layer][keyAt(token, number)] = fresh[(token - from) * width + number];
          }
        }
        fresh = fetch(allValues.get(layer), row, from, tokens);
        System.arraycopy(fresh, 0, values[layer], at(from), fresh.length);
      }
    }
    shared = from < tokens ? tokens : Math.min(shared, tokens);
    length = tokens;
  }

  private static float[] fetch(Tensor tensor, int row, int from, int to) {
    float[][] fresh = new float[1][];
    Scope.run(() -> fresh[0] = Tensors.floats(tensor.select(0, row).narrow(1, from, to - from).transpose(0, 1)));
    return fresh[0];
  }

  /** Writes tokens that only this has into row {@code row} of the tensors. */
  void give(List<Tensor> allKeys, List<Tensor> allValues, int row) {
    if (shared < length) {
      for (int layer = 0; layer < keys.length; layer++) {
        float[] fresh = new float[(length - shared) * width];
        for (int i = 0; i < fresh.length; i++) {
          fresh[i] = keys[layer][keyAt(shared + i / width, i % width)];
        }
        write(fresh, allKeys.get(layer), row);
        write(Arrays.copyOfRange(values[layer], at(shared), at(length)), allValues.get(layer), row);
      }
      shared = length;
    }
  }

  private void write(float[] values, Tensor tensor, int row) {
    Scope.run(
        () -> {
          int fresh = length - shared;
          Tensor rows = Tensors.of(values, fresh, config.keyValueHeads(), config.headSize());
          tensor.select(0, row).narrow(1, shared, fresh).copy_(rows.transpose(0, 1));
        });
  }
}
