package dev.ocelli.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ocelli.UserError;
import dev.ocelli.data.Draws;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The index against comparing everything by hand. */
class PhotoIndexTest {
  private static final RandomPhotos PHOTOS = new RandomPhotos(4, 12, 20);

  @TempDir Path folder;

  private final Map<Path, PhotoVectors> there = new HashMap<>();

  private void put(PhotoIndex index, RandomPhotos photos, int photo, int version) {
    index.put(photos.photo(photo), photos.of(photo, version));
    there.put(RandomPhotos.file(photo), photos.of(photo, version));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void exactSearchesFindTheBestThroughAddingChangingAndRemoving(int vectors) {
    RandomPhotos photos = new RandomPhotos(vectors, 12, 20);
    try (PhotoIndex index = PhotoIndex.open(folder, photos.identity())) {
      for (int i = 0; i < 90; i++) {
        put(index, photos, i, 0);
        if (i % 25 == 0) {
          index.commit();
        }
      }
      for (int i = 0; i < 90; i += 7) {
        put(index, photos, i, 1);
      }
      for (int i = 3; i < 90; i += 11) {
        index.remove(RandomPhotos.file(i));
        there.remove(RandomPhotos.file(i));
      }
      index.commit();
      assertThat(index.photos().keySet()).isEqualTo(there.keySet());
      assertThat(index.photos().get(RandomPhotos.file(21))).isEqualTo(photos.photo(21));
    }
    try (PhotoSearch search = PhotoSearch.open(folder)) {
      assertThat(search.photos()).isEqualTo(there.size());
      assertThat(search.hasGraph()).isFalse();
      for (int t = 0; t < 30; t++) {
        float[] text = photos.text(t);
        List<SearchHit> hits = search.text(text, 10, PhotoSearch.Way.QUICK);
        assertThat(hits.stream().map(SearchHit::photo)).containsExactlyElementsOf(RandomPhotos.best(there, text, 10));
        for (SearchHit hit : hits) {
          PhotoVectors own = there.get(hit.photo());
          assertThat((double) hit.similarity()).isCloseTo(RandomPhotos.score(own, text), within(1e-5));
          assertThat(hit.query()).isEqualTo(vectors == 1 ? -1 : bestQuery(own, text));
        }
        float[] whole = photos.of(1000 + t).whole();
        Map<Path, PhotoVectors> wholes = new HashMap<>();
        there.forEach((file, v) -> wholes.put(file, new PhotoVectors(new float[][] {v.whole()}, v.whole())));
        assertThat(search.like(whole, 10, PhotoSearch.Way.QUICK).stream().map(SearchHit::photo))
            .containsExactlyElementsOf(RandomPhotos.best(wholes, whole, 10));
      }
      assertThat(search.text(photos.text(0), 500, PhotoSearch.Way.QUICK)).hasSize(there.size());
    }
  }

  private static int bestQuery(PhotoVectors photo, float[] text) {
    int best = 0;
    for (int q = 1; q < photo.text().length; q++) {
      best = RandomPhotos.product(photo.text()[q], text) > RandomPhotos.product(photo.text()[best], text) ? q : best;
    }
    return best;
  }

  @Test
  void aGraphFindsNearlyAllOfTheBestAndItsSimilaritiesAreExact() {
    try (PhotoIndex index = PhotoIndex.open(folder, PHOTOS.identity())) {
      for (int i = 0; i < 300; i++) {
        put(index, PHOTOS, i, 0);
      }
      index.commit();
      index.buildGraph(true);
      for (int i = 300; i < 2000; i++) {
        put(index, PHOTOS, i, 0);
      }
      for (int i = 350; i < 2000; i += 50) {
        index.remove(RandomPhotos.file(i));
        there.remove(RandomPhotos.file(i));
      }
      index.commit();
    }
    try (PhotoSearch search = PhotoSearch.open(folder)) {
      assertThat(search.hasGraph()).isTrue();
      int found = 0;
      for (int t = 0; t < 40; t++) {
        float[] text = PHOTOS.text(t);
        List<Path> wanted = RandomPhotos.best(there, text, 10);
        assertThat(search.text(text, 10, PhotoSearch.Way.EXACT).stream().map(SearchHit::photo)).containsExactlyElementsOf(wanted);
        List<SearchHit> quick = search.text(text, 10, PhotoSearch.Way.QUICK);
        assertThat(quick).hasSize(10).doesNotHaveDuplicates();
        for (SearchHit hit : quick) {
          assertThat((double) hit.similarity()).isCloseTo(RandomPhotos.score(there.get(hit.photo()), text), within(1e-5));
          found += wanted.contains(hit.photo()) ? 1 : 0;
        }
        assertThat(search.like(PHOTOS.of(t).whole(), 1, PhotoSearch.Way.QUICK).get(0).photo()).isEqualTo(RandomPhotos.file(t));
      }
      assertThat(found).isGreaterThan(390);
      IndexCheck check = IndexCheck.of(search, List.of(PHOTOS.text(0), PHOTOS.text(1)), 10);
      assertThat(check.recall()).isBetween(0.9, 1.0);
      assertThat(check.queries()).isEqualTo(2);
      assertThat(check.vectors()).isEqualTo(4L * there.size());
    }
  }

  /** As with a querybank: what is usual of a photo beside its vector, and one for what is usual of the text. */
  @Test
  void vectorsForTextsMayBeLongerThanThoseForPhotos() {
    RandomPhotos photos = new RandomPhotos(1, 12, 60);
    IndexIdentity identity = new IndexIdentity(RandomPhotos.RUN, "model", "encoder", 1, 12, 14);
    try (PhotoIndex index = PhotoIndex.open(folder, identity)) {
      index.buildGraph(true);
      for (int i = 0; i < 2000; i++) {
        float[] whole = photos.of(i).whole();
        float[] text = Arrays.copyOf(whole, 14);
        text[12] = -(float) (0.05 + 0.3 * Draws.uniform(1, "usual", 0, i));
        text[13] = 1;
        index.put(photos.photo(i), new PhotoVectors(new float[][] {text}, whole));
        there.put(RandomPhotos.file(i), new PhotoVectors(new float[][] {text}, whole));
      }
      index.commit();
      assertThatThrownBy(() -> index.put(photos.photo(1), photos.of(1))).isInstanceOf(IllegalArgumentException.class);
    }
    try (PhotoSearch search = PhotoSearch.open(folder)) {
      int found = 0;
      for (int t = 0; t < 40; t++) {
        float[] text = Arrays.copyOf(photos.text(t), 14);
        text[12] = 1;
        text[13] = -0.2f;
        List<Path> wanted = RandomPhotos.best(there, text, 10);
        assertThat(search.text(text, 10, PhotoSearch.Way.EXACT).stream().map(SearchHit::photo)).containsExactlyElementsOf(wanted);
        for (SearchHit hit : search.text(text, 10, PhotoSearch.Way.QUICK)) {
          assertThat((double) hit.similarity()).isCloseTo(RandomPhotos.score(there.get(hit.photo()), text), within(1e-5));
          found += wanted.contains(hit.photo()) ? 1 : 0;
        }
        assertThat(search.like(photos.of(t).whole(), 1, PhotoSearch.Way.QUICK).get(0).photo()).isEqualTo(RandomPhotos.file(t));
      }
      assertThat(found).isGreaterThan(390);
      // As an index is checked where no captions are at hand.
      List<float[]> texts = search.wholes(20);
      assertThat(texts).hasSize(20).allMatch(text -> text.length == 14 && text[12] == 1 && text[13] == 0);
      assertThat(IndexCheck.of(search, texts, 10).recall()).isBetween(0.9, 1.0);
      assertThatThrownBy(() -> search.text(photos.text(0), 1, PhotoSearch.Way.EXACT)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void whatWasNotCommittedIsGoneAndWhatWasStays() {
    try (PhotoIndex index = PhotoIndex.open(folder, PHOTOS.identity())) {
      put(index, PHOTOS, 1, 0);
      index.commit();
      put(index, PHOTOS, 2, 0);
      index.remove(RandomPhotos.file(1));
    }
    try (PhotoIndex index = PhotoIndex.open(folder, PHOTOS.identity())) {
      assertThat(index.photos()).containsOnlyKeys(RandomPhotos.file(1));
      IndexedPhoto touched = new IndexedPhoto(RandomPhotos.file(1), "sha-1", 1001, 9);
      index.touch(touched);
      index.commit();
      assertThat(index.photos()).containsOnly(Map.entry(RandomPhotos.file(1), touched));
    }
  }

  @Test
  void aKilledIndexerLeavesWhatItCommitted() throws Exception {
    Process writer =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", System.getProperty("java.class.path"),
                Endless.class.getName(), folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var lines = writer.inputReader()) {
      int committed = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        committed = Integer.parseInt(line);
        if (committed >= 60) {
          writer.destroyForcibly();
          break;
        }
      }
      assertThat(committed).isGreaterThanOrEqualTo(60);
      assertThat(writer.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(writer.exitValue()).isEqualTo(137);
      try (PhotoIndex index = PhotoIndex.open(folder, PHOTOS.identity())) {
        int kept = index.photos().size();
        assertThat(kept).isGreaterThanOrEqualTo(committed);
        put(index, PHOTOS, kept, 0);
        index.commit();
        for (int i = 0; i < kept; i++) {
          there.put(RandomPhotos.file(i), PHOTOS.of(i));
        }
      }
    }
    try (PhotoSearch search = PhotoSearch.open(folder)) {
      float[] text = PHOTOS.text(5);
      assertThat(search.text(text, 20, PhotoSearch.Way.QUICK).stream().map(SearchHit::photo))
          .containsExactlyElementsOf(RandomPhotos.best(there, text, 20));
    }
  }

  /** Adds photos until it is killed, and says after each commit how many there are. */
  static final class Endless {
    private Endless() {}

    public static void main(String[] arguments) {
      try (PhotoIndex index = PhotoIndex.open(Path.of(arguments[0]), PHOTOS.identity())) {
        for (int i = 0; ; i++) {
          index.put(PHOTOS.photo(i), PHOTOS.of(i));
          if (i % 10 == 9) {
            index.commit();
            System.out.println(i + 1);
          }
        }
      }
    }
  }

  @Test
  void refusals() throws IOException {
    try (PhotoIndex index = PhotoIndex.open(folder, PHOTOS.identity())) {
      assertThatThrownBy(() -> PhotoIndex.open(folder, PHOTOS.identity())).isInstanceOf(UserError.class).hasMessageContaining("another ocelli index");
      assertThatThrownBy(() -> index.put(PHOTOS.photo(0), new RandomPhotos(3, 12, 2).of(0))).isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> new IndexIdentity(Path.of("/other"), "model", "encoder", 1, 1023, 1025)).isInstanceOf(UserError.class).hasMessageContaining("1024");
    // So it is after a full disk, too: Lucene has closed the writer by itself.
    PhotoIndex ended = PhotoIndex.open(folder, PHOTOS.identity());
    ended.close();
    assertThatThrownBy(ended::commit).isInstanceOf(UserError.class).hasMessageContaining("can't be written").hasMessageContaining("goes on from there");
    IndexIdentity other = new IndexIdentity(Path.of("/other"), "model 2", "encoder", 4, 12, 12);
    assertThatThrownBy(() -> PhotoIndex.open(folder, other)).isInstanceOf(UserError.class).hasMessageContaining("--overwrite").hasMessageContaining("/other");
    IndexIdentity moved = new IndexIdentity(Path.of("/other"), "model", "encoder", 4, 12, 12);
    PhotoIndex.open(folder, moved).close();
    Path photos = Files.createDirectories(folder.resolve("photos"));
    Files.writeString(photos.resolve("mine.txt"), "mine");
    assertThatThrownBy(() -> PhotoIndex.open(photos, PHOTOS.identity())).isInstanceOf(UserError.class).hasMessageContaining("something else");
    assertThatThrownBy(() -> PhotoSearch.open(photos)).isInstanceOf(UserError.class).hasMessageContaining("ocelli index");
    assertThat(photos.toFile().list()).containsExactly("mine.txt");
  }

  @Test
  void aBrokenIndexIsSaid() throws IOException {
    try (PhotoIndex index = PhotoIndex.open(folder, PHOTOS.identity())) {
      put(index, PHOTOS, 1, 0);
      index.commit();
    }
    try (var files = Files.list(folder.resolve("vectors"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".vec") || f.toString().endsWith(".cfs")).toList()) {
        Files.write(file, new byte[10]);
      }
    }
    assertThatThrownBy(() -> PhotoSearch.open(folder).close()).isInstanceOf(UserError.class).hasMessageContaining("--overwrite");
  }
}
