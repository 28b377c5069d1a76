package dev.ocelli.search;

import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** The best few documents so far. At a tie the one that was indexed earlier stands first. */
final class Top {
  /**
   * @param document its number in the whole index
   * @param query which of its vectors gave the score
   */
  record Entry(int document, float score, int query) {}

  private static final Comparator<Entry> WORST_FIRST =
      Comparator.comparingDouble((Entry e) -> e.score).thenComparing(Comparator.comparingInt((Entry e) -> e.document).reversed());

  private final int best;
  private final PriorityQueue<Entry> queue = new PriorityQueue<>(WORST_FIRST);

  /** @param best how many are kept */
  Top(int best) {
    this.best = best;
  }

  int best() {
    return best;
  }

  void offer(int document, float score, int query) {
    if (queue.size() == best && score < queue.peek().score) {
      return;
    }
    queue.add(new Entry(document, score, query));
    if (queue.size() > best) {
      queue.remove();
    }
  }

  List<Entry> bestFirst() {
    return queue.stream().sorted(WORST_FIRST.reversed()).toList();
  }
}
