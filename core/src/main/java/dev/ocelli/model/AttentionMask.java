package dev.ocelli.model;

import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Who sees whom in the self-attention that the Q-Former's queries and text share: what makes its three objectives different (BLIP-2, section
 * 3.1 and figure 2). Here with two queries and three tokens; a row sees the columns that are marked, and {@code docs/objectives.md} has
 * larger pictures. Queries that are kept apart see only themselves in place of each other, under each of the masks.
 *
 * <pre>
 *            UNIMODAL       BIDIRECTIONAL   MULTIMODAL_CAUSAL
 *            q q t t t      q q t t t       q q t t t
 *   query    ■ ■ · · ·      ■ ■ ■ ■ ■       ■ ■ · · ·
 *   query    ■ ■ · · ·      ■ ■ ■ ■ ■       ■ ■ · · ·
 *   token    · · ■ ■ ■      ■ ■ ■ ■ ■       ■ ■ ■ · ·
 *   token    · · ■ ■ ■      ■ ■ ■ ■ ■       ■ ■ ■ ■ ·
 *   token    · · ■ ■ ■      ■ ■ ■ ■ ■       ■ ■ ■ ■ ■
 * </pre>
 */
public enum AttentionMask {
  /** Contrast (ITC): image and text don't see each other, so that each can be computed, and kept, without the other. */
  UNIMODAL,
  /** Matching (ITM): everyone sees everyone. */
  BIDIRECTIONAL,
  /** Generation (ITG): queries don't see the text; a token sees the queries, itself and the tokens before it. */
  MULTIMODAL_CAUSAL;

  /**
   * Whether one position sees another. Positions count from 0, queries first.
   *
   * @param queries how many of the positions are queries
   * @param apart whether a query sees no other query
   */
  public boolean sees(int position, int other, int queries, boolean apart) {
    boolean query = position < queries;
    boolean otherQuery = other < queries;
    if (apart && query && otherQuery) {
      return position == other;
    }
    return switch (this) {
      case UNIMODAL -> query == otherQuery;
      case BIDIRECTIONAL -> true;
      case MULTIMODAL_CAUSAL -> otherQuery || !query && other <= position;
    };
  }

  /** The whole mask, true where a row sees a column: {@code [queries + tokens, queries + tokens]}. */
  public Tensor tensor(int queries, int tokens, boolean apart) {
    int all = queries + tokens;
    float[] cells = new float[all * all];
    for (int row = 0; row < all; row++) {
      for (int column = 0; column < all; column++) {
        cells[row * all + column] = sees(row, column, queries, apart) ? 1 : 0;
      }
    }
    return Tensors.of(cells, all, all).to(ScalarType.Bool);
  }
}
