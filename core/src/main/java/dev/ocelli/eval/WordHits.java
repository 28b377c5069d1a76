package dev.ocelli.eval;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.data.Photo;
import dev.ocelli.data.scenes.Box;
import dev.ocelli.data.scenes.NamedObjects.Named;
import dev.ocelli.data.scenes.Scene;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.nn.Scope;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.text.Tokenizer;
import dev.ocelli.text.Words;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Do word maps show what the words name? The pointing game (Zhang et al. 2018, "Top-down neural attention by excitation backprop", section
 * 4.3): on scenes with two kinds of things, the map of each noun of the scene's first caption hits where its highest point lies in a box of
 * what the noun names. Intervals are by the bootstrap over pictures.
 *
 * @param normalise what a caption goes through before
 */
public record WordHits(
    WordMaps maps, Preprocessing preprocessing, ChatPrompt.Ids prompt, Tokenizer tokenizer, UnaryOperator<String> normalise, Progress progress) {
  private static final int RESAMPLES = 1000;

  /** Means over the words of one picture. */
  private record Picture(double hits, double averageHits, double leans, int words) {}

  /** Whether a photo can be scored: two kinds of things are in it. */
  public static boolean fits(Photo photo, Map<String, List<Named>> objects) {
    return objects.getOrDefault(photo.image(), List.of()).size() == 2;
  }

  /**
   * @param photos that fit
   * @param objects of each picture
   */
  public WordScores score(PhotoFeatures photos, Map<String, List<Named>> objects) {
    List<Picture> scored = new ArrayList<>();
    ByteBuffer buffer = photos.buffer(1);
    try (Progress.Task task = progress.start("words", photos.photos().size(), "photos")) {
      for (int i = 0; i < photos.photos().size(); i++) {
        Photo photo = photos.photos().get(i);
        buffer.clear();
        photos.read(i, buffer);
        Picture picture = picture(photos, buffer, photo.captions().get(0), objects.get(photo.image()));
        if (picture.words > 0) {
          scored.add(picture);
        }
        task.advance(1);
      }
    }
    if (scored.isEmpty()) {
      throw new UserError("No photo has a caption that names two kinds of things with boxes. Measure on scenes: ocelli data scenes --out DIR");
    }
    double[] hits = scored.stream().mapToDouble(p -> 100 * p.hits).toArray();
    double[] average = scored.stream().mapToDouble(p -> 100 * p.averageHits).toArray();
    double[] more = scored.stream().mapToDouble(p -> 100 * (p.hits - p.averageHits)).toArray();
    double[] leans = scored.stream().mapToDouble(p -> 100 * p.leans).toArray();
    return new WordScores(
        mean(hits), interval(hits), mean(average), interval(average), mean(more), interval(more), mean(leans), interval(leans),
        scored.stream().mapToInt(Picture::words).sum(), scored.size());
  }

  private Picture picture(PhotoFeatures photos, ByteBuffer buffer, String caption, List<Named> named) {
    int[] answer = tokenizer.encodeLiteral(normalise.apply(caption));
    List<Words.Word> words = Words.of(tokenizer, answer).words();
    WordMaps.Maps[] found = new WordMaps.Maps[1];
    Scope.run(() -> found[0] = maps.of(photos.tensor(buffer, maps.vlm().compute()), prompt.before(), prompt.after(), answer));
    double hits = 0;
    double averageHits = 0;
    double leans = 0;
    int count = 0;
    for (int n = 0; n < 2; n++) {
      Named one = named.get(n);
      Named other = named.get(1 - n);
      for (Words.Word word : words) {
        if (word.text().equalsIgnoreCase(one.noun())) {
          float[] map = found[0].mean(word.firstToken(), word.endToken());
          hits += hit(map, one.boxes()) ? 1 : 0;
          averageHits += hit(found[0].average(), one.boxes()) ? 1 : 0;
          leans += share(map, one.boxes(), other.boxes()) > share(found[0].average(), one.boxes(), other.boxes()) ? 1 : 0;
          count++;
          break;
        }
      }
    }
    return new Picture(hits / Math.max(1, count), averageHits / Math.max(1, count), leans / Math.max(1, count), count);
  }

  boolean hit(float[] map, List<Box> boxes) {
    int best = 0;
    for (int i = 1; i < map.length; i++) {
      best = map[i] > map[best] ? i : best;
    }
    return within(best, boxes);
  }

  /** Of what lies on either, the part that lies on the first. */
  double share(float[] map, List<Box> boxes, List<Box> others) {
    double here = 0;
    double there = 0;
    for (int i = 0; i < map.length; i++) {
      here += within(i, boxes) ? map[i] : 0;
      there += within(i, others) ? map[i] : 0;
    }
    return here + there == 0 ? 0.5 : here / (here + there);
  }

  /** Whether the middle of a patch lies in one of the boxes, which are in the scene's own pixels. */
  private boolean within(int patch, List<Box> boxes) {
    Preprocessing.Window window = preprocessing.window(Scene.SIDE, Scene.SIDE);
    double side = maps.grid().side();
    double x = window.x() + window.width() * (patch % maps.grid().columns() + 0.5) * side / preprocessing.width();
    double y = window.y() + window.height() * (patch / maps.grid().columns() + 0.5) * side / preprocessing.height();
    return boxes.stream().anyMatch(box -> box.holds(x, y));
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static Bootstrap.Interval interval(double[] values) {
    return Bootstrap.mean(values, RESAMPLES, 1);
  }
}
