package dev.ocelli.model;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A batch of conversations as one matrix of tokens, {@code prefix + batch * own} rows: first the tokens that all begin with, once, then what
 * each has of its own, padded on the right to the longest.
 *
 * @param prefix how many tokens all have in common, before the picture; 0 where none are to be shared
 * @param own further tokens of each conversation
 * @param ids of all tokens; anything where a picture or padding stands
 * @param slots rows of the pictures' embeddings, picture by picture
 * @param asking rows after which an answer's token is to come
 * @param labels these tokens
 * @param branches null where each token sees all before it
 */
record Sequences(int prefix, int batch, int own, long[] ids, long[] slots, long[] asking, long[] labels, Branches branches) {
  /**
   * Answers in one place: each sees what is before them all and itself.
   *
   * @param positions where each of the {@code batch * own} tokens stands, as if its branch were the only one
   * @param numbers of the branch that it belongs to
   */
  record Branches(long[] positions, int[] numbers) {
    /** What stands before the answers, and all where there is one answer: every branch sees it. */
    static final int TRUNK = 0;

    private static Branches none(int prefix, int batch, int own) {
      return new Branches(IntStream.range(0, batch * own).mapToLong(i -> prefix + i % own).toArray(), new int[batch * own]);
    }

    private void put(int number, int at, int length, int position) {
      for (int i = 0; i < length; i++) {
        positions[at + i] = position + i;
        numbers[at + i] = number;
      }
    }
  }

  /**
   * @param vectors embeddings a picture takes
   * @param share whether the common beginning stands only once
   */
  static Sequences of(List<Vlm.Example> examples, int vectors, boolean share) {
    int prefix = share ? commonBeginning(examples) : 0;
    int batch = examples.size();
    // The last token of an answer that nothing follows is predicted but never read.
    int own = examples.stream().mapToInt(e -> e.tokens(vectors) - 1 - e.others().size()).max().orElseThrow() - prefix;
    int scored = examples.stream().mapToInt(Vlm.Example::answered).sum();
    long[] ids = new long[prefix + batch * own];
    long[] slots = new long[batch * vectors];
    long[] asking = new long[scored];
    long[] labels = new long[scored];
    Branches branches = examples.stream().allMatch(e -> e.others().isEmpty()) ? null : Branches.none(prefix, batch, own);
    copy(examples.get(0).before(), 0, prefix, ids, 0);
    int at = 0;
    for (int row = 0; row < batch; row++) {
      Vlm.Example e = examples.get(row);
      int next = prefix + row * own;
      next = copy(e.before(), prefix, e.before().length, ids, next);
      for (int q = 0; q < vectors; q++) {
        slots[row * vectors + q] = next++;
      }
      next = copy(e.after(), 0, e.after().length, ids, next);
      int fork = next;
      List<int[]> answers = e.answers();
      for (int a = 0; a < answers.size(); a++) {
        int[] answer = answers.get(a);
        int read = answer.length - (e.more().isEmpty() ? 1 : 0);
        at = ask(answer, fork - 1, next, asking, labels, at);
        if (answers.size() > 1) {
          branches.put(a + 1, next - prefix, read, fork - row * own);
        }
        next = copy(answer, 0, read, ids, next);
      }
      for (int t = 0; t < e.more().size(); t++) {
        Vlm.Turn turn = e.more().get(t);
        next = copy(turn.words(), 0, turn.words().length, ids, next);
        at = ask(turn.answer(), next - 1, next, asking, labels, at);
        next = copy(turn.answer(), 0, turn.answer().length - (t == e.more().size() - 1 ? 1 : 0), ids, next);
      }
    }
    return new Sequences(prefix, batch, own, ids, slots, asking, labels, branches);
  }

  /** The first token of an answer is asked for by the row {@code behind}, each further one by the one before it, in rows from {@code next}. */
  private static int ask(int[] answer, long behind, long next, long[] asking, long[] labels, int at) {
    for (int i = 0; i < answer.length; i++) {
      asking[at + i] = i == 0 ? behind : next + i - 1;
      labels[at + i] = answer[i];
    }
    return at + answer.length;
  }

  private static int commonBeginning(List<Vlm.Example> examples) {
    int[] first = examples.get(0).before();
    int common = first.length;
    for (Vlm.Example e : examples) {
      int mismatch = java.util.Arrays.mismatch(first, e.before());
      common = mismatch < 0 ? common : Math.min(common, mismatch);
    }
    return common;
  }

  /** Copies {@code from[start..end)} to {@code to} at {@code at} and returns where it ends there. */
  private static int copy(int[] from, int start, int end, long[] to, int at) {
    for (int i = start; i < end; i++) {
      to[at + i - start] = from[i];
    }
    return at + Math.max(0, end - start);
  }
}
