package dev.ocelli.train;

import dev.ocelli.data.Photo;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Captions that several photos have in the same words, as alt texts of shops often are. */
final class SharedCaptions {
  private static final int[] NOBODY = {};

  private final Map<String, int[]> photos;

  private SharedCaptions(Map<String, int[]> photos) {
    this.photos = photos;
  }

  /** @param text a caption as it is trained on */
  static SharedCaptions of(List<Photo> photos, UnaryOperator<String> text) {
    // Millions of captions are compared by their hashes first, so that only candidates are kept as words.
    int[] hashes = photos.stream().flatMap(p -> p.captions().stream()).mapToInt(c -> text.apply(c).hashCode()).sorted().toArray();
    int[] twice = IntStream.range(1, hashes.length).filter(i -> hashes[i] == hashes[i - 1]).map(i -> hashes[i]).toArray();
    Map<String, IntStream.Builder> candidates = new HashMap<>();
    for (int i = 0; i < photos.size() && twice.length > 0; i++) {
      int photo = i;
      photos.get(i).captions().stream()
          .map(text)
          .distinct()
          .filter(words -> Arrays.binarySearch(twice, words.hashCode()) >= 0)
          .forEach(words -> candidates.computeIfAbsent(words, w -> IntStream.builder()).add(photo));
    }
    Map<String, int[]> found = new HashMap<>();
    candidates.forEach((words, numbers) -> found.put(words, numbers.build().toArray()));
    found.values().removeIf(numbers -> numbers.length == 1);
    return new SharedCaptions(found);
  }

  /** The photos that have a caption in common, by their numbers and in their order; none where one alone has it. */
  int[] photos(String caption) {
    return photos.getOrDefault(caption, NOBODY);
  }
}
