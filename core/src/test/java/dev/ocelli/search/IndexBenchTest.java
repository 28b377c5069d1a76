package dev.ocelli.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The figures of docs/search.md: 100,000 vectors of 256 numbers, once as 3,125 photos of 32 and once as 100,000 photos of one, flat and with
 * a graph. The vectors are made up: random, but in clusters. Prints a line each; times are not tested.
 */
@Tag("long")
class IndexBenchTest {
  private static final int VECTORS = 100_000;
  private static final int SIZE = 256;
  private static final int TEXTS = 500;
  private static final int BEST = 10;

  @TempDir Path folder;

  @Test
  void aHundredThousandVectors() throws IOException {
    for (int each : new int[] {32, 1}) {
      RandomPhotos photos = new RandomPhotos(each, SIZE, 400);
      List<float[]> texts = IntStream.range(0, TEXTS).mapToObj(photos::text).toList();
      List<Set<Path>> wanted = null;
      for (boolean graph : new boolean[] {false, true}) {
        Path at = folder.resolve(each + (graph ? "-graph" : "-flat"));
        double seconds = build(at, photos, graph);
        try (PhotoSearch search = PhotoSearch.open(at)) {
          assertThat(search.hasGraph()).isEqualTo(graph);
          double[] times = new double[TEXTS];
          long found = 0;
          wanted = wanted != null ? wanted : texts.stream().map(t -> files(search.text(t, BEST, PhotoSearch.Way.EXACT))).toList();
          texts.forEach(t -> search.text(t, BEST, PhotoSearch.Way.QUICK)); // once for the compiler and the disk
          for (int t = 0; t < TEXTS; t++) {
            long start = System.nanoTime();
            List<SearchHit> hits = search.text(texts.get(t), BEST, PhotoSearch.Way.QUICK);
            times[t] = (System.nanoTime() - start) / 1e6;
            Set<Path> right = wanted.get(t);
            found += hits.stream().filter(hit -> right.contains(hit.photo())).count();
          }
          Arrays.sort(times);
          double recall = found / (double) (TEXTS * BEST);
          System.out.printf(
              Locale.ROOT, "%6d photos of %2d vectors, %s: built in %.1f s, %d MB; a search %.2f ms (median), %.2f ms (99th percentile), recall %.4f%n",
              search.photos(), each, graph ? "graph" : "flat ", seconds, megabytes(at), times[TEXTS / 2], times[TEXTS * 99 / 100], recall);
          assertThat(recall).isBetween(graph ? 0.95 : 1, 1.0);
        }
      }
    }
  }

  private static double build(Path at, RandomPhotos photos, boolean graph) {
    double seconds = 0;
    try (PhotoIndex index = PhotoIndex.open(at, photos.identity())) {
      index.buildGraph(graph);
      for (int i = 0; i < VECTORS / photos.vectors(); i++) {
        PhotoVectors vectors = photos.of(i);
        long start = System.nanoTime();
        index.put(photos.photo(i), vectors);
        if (i % 512 == 511) {
          index.commit();
        }
        seconds += (System.nanoTime() - start) / 1e9;
      }
      long start = System.nanoTime();
      index.settle();
      index.commit();
      seconds += (System.nanoTime() - start) / 1e9;
    }
    return seconds;
  }

  private static Set<Path> files(List<SearchHit> hits) {
    return new HashSet<>(hits.stream().map(SearchHit::photo).toList());
  }

  private static long megabytes(Path at) throws IOException {
    try (var files = Files.walk(at)) {
      return files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum() / 1_000_000;
    }
  }
}
