package dev.ocelli.search;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How far quick searches agree with exact ones.
 *
 * @param photos in the index
 * @param vectors that texts are compared with
 * @param graph whether quick searches go by a graph; if not they are exact, and nothing was tried
 * @param queries how many searches were tried
 * @param best how many photos each asked for
 * @param recall share of the photos of exact searches that quick ones found too
 * @param quickMedian milliseconds of a quick search
 * @param exactMedian milliseconds of an exact search
 */
public record IndexCheck(
    int photos, long vectors, boolean graph, int queries, int best, double recall, double quickMedian, double exactMedian) {

  /** @param texts as searches take them */
  public static IndexCheck of(PhotoSearch search, List<float[]> texts, int best) {
    int photos = search.photos();
    long vectors = (long) photos * search.identity().vectors();
    if (!search.hasGraph() || texts.isEmpty()) {
      return new IndexCheck(photos, vectors, search.hasGraph(), 0, best, 1, 0, 0);
    }
    double[] quick = new double[texts.size()];
    double[] exact = new double[texts.size()];
    long found = 0;
    long wanted = 0;
    for (int i = 0; i < quick.length; i++) {
      float[] text = texts.get(i);
      long start = System.nanoTime();
      List<SearchHit> some = search.text(text, best, PhotoSearch.Way.QUICK);
      long between = System.nanoTime();
      List<SearchHit> right = search.text(text, best, PhotoSearch.Way.EXACT);
      quick[i] = (between - start) / 1e6;
      exact[i] = (System.nanoTime() - between) / 1e6;
      Set<Object> got = new HashSet<>(some.stream().map(SearchHit::photo).toList());
      wanted += right.size();
      found += right.stream().filter(hit -> got.contains(hit.photo())).count();
    }
    return new IndexCheck(photos, vectors, true, quick.length, best, (double) found / wanted, median(quick), median(exact));
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
