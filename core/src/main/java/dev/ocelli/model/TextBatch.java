package dev.ocelli.model;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Texts as ids, padded on the right to the longest.
 *
 * @param ids {@code [texts * tokens]}, 0 where padded
 * @param lengths of each text, in tokens
 */
public record TextBatch(long[] ids, int[] lengths, int tokens) {
  /** With the tokenizer's special tokens, cut to {@code maxTokens}. */
  public static TextBatch of(Tokenizer tokenizer, List<String> texts, int maxTokens) {
    List<int[]> rows = new ArrayList<>(texts.size());
    for (String text : texts) {
      rows.add(tokenizer.encode(text, maxTokens, true));
    }
    return of(rows);
  }

  static TextBatch of(List<int[]> rows) {
    int tokens = rows.stream().mapToInt(r -> r.length).max().orElse(0);
    long[] ids = new long[rows.size() * tokens];
    int[] lengths = new int[rows.size()];
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = rows.get(i).length;
      for (int j = 0; j < lengths[i]; j++) {
        ids[i * tokens + j] = rows.get(i)[j];
      }
    }
    return new TextBatch(ids, lengths, tokens);
  }

  /** {@code [texts, tokens]}. */
  public Tensor ids(Compute compute) {
    return compute.place(Tensors.of(ids, lengths.length, tokens));
  }

  /** True where a token is none of the padding, {@code [texts, tokens]}. */
  public Tensor real(Compute compute) {
    float[] real = new float[ids.length];
    for (int i = 0; i < lengths.length; i++) {
      java.util.Arrays.fill(real, i * tokens, i * tokens + lengths[i], 1);
    }
    return compute.place(Tensors.of(real, lengths.length, tokens).to(ScalarType.Bool));
  }
}
