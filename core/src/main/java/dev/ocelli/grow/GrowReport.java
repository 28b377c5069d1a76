package dev.ocelli.grow;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was added to a data folder.
 *
 * @param judge "matching" or "similarity": what scored
 * @param threshold the lowest score that is kept
 * @param realPairs how many pairs of people's captions the threshold was taken from; 0 where it was given
 * @param heldOut photos without captions that were left alone because they are held out, or look like one that is
 * @param unreadable photos that could not be read
 * @param paraphrases null where none were asked for, as {@code questions}
 */
public record GrowReport(
    String judge, double threshold, int realPairs, int heldOut, int unreadable, Share captions, Share paraphrases, Share questions) {
  /**
   * What became of all that was written of one kind.
   *
   * @param changed the part that differs from what it was made of at all; for captions and questions 1
   * @param thrown reason → how many
   */
  public record Share(int written, int kept, double changed, Map<String, Integer> thrown) {
    static Share of(List<Grown> all) {
      Map<String, Integer> thrown = new TreeMap<>();
      int kept = 0;
      for (Grown one : all) {
        if (one.kept()) {
          kept++;
        } else {
          thrown.merge(one.thrown(), 1, Integer::sum);
        }
      }
      int same = thrown.getOrDefault("unchanged", 0) + thrown.getOrDefault("empty", 0);
      return new Share(all.size(), kept, all.isEmpty() ? 0 : 1 - (double) same / all.size(), thrown);
    }
  }
}
