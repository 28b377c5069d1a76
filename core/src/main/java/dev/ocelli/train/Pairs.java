package dev.ocelli.train;

import dev.ocelli.data.CaptionStyle;
import dev.ocelli.data.Captions;
import dev.ocelli.data.Draws;
import dev.ocelli.data.Photo;
import dev.ocelli.model.PhotoViews;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * In which order a stage sees its pairs of photo and caption: a function of the seed and the pair's number alone. Each pass is a shuffle of
 * its own; what doesn't fill a step is left out of that pass.
 */
final class Pairs {
  /**
   * @param photo index into the photos
   * @param view of the photo; 0 for the photo as it is
   * @param more captions of the photo, those that follow in its list; after its last one comes its first
   */
  record Pair(int photo, int view, String caption, List<String> more) {}

  private record Item(int photo, int caption) {}

  private final long seed;
  private final String stage;
  private final List<Photo> photos;
  private final PhotoViews views;
  private final CaptionStyle style;
  private final List<Item> items = new ArrayList<>();
  private final int perStep;
  private final int more;
  private long shuffledPass = -1;
  private int[] order;

  /**
   * @param views one of them, or the photo as it is, is drawn for each pair
   * @param all each caption once a pass, instead of one drawn caption a photo
   * @param perStep pairs a step; fewer where there are fewer
   * @param more captions beside each pair's own
   */
  Pairs(long seed, String stage, List<Photo> photos, PhotoViews views, Recipe.Data data, boolean all, int perStep, int more) {
    this.seed = seed;
    this.stage = stage;
    this.photos = photos;
    this.views = views;
    this.style = data.style();
    for (int p = 0; p < photos.size(); p++) {
      for (int c = 0; c < (all ? photos.get(p).captions().size() : 1); c++) {
        items.add(new Item(p, all ? c : -1));
      }
    }
    this.perStep = Math.min(perStep, items.size());
    this.more = more;
  }

  int perStep() {
    return perStep;
  }

  long stepsPerPass() {
    return items.size() / perStep;
  }

  /** Pair {@code row} of a step. */
  synchronized Pair pair(long step, int row) {
    long pass = step / stepsPerPass();
    if (pass != shuffledPass) {
      order = Draws.permutation(seed, stage + " order", pass, items.size());
      shuffledPass = pass;
    }
    int number = order[(int) (step % stepsPerPass() * perStep + row)];
    Item item = items.get(number);
    List<String> captions = photos.get(item.photo).captions();
    int caption = item.caption >= 0 ? item.caption : Draws.below(seed, stage + " caption", pass, item.photo, captions.size());
    List<String> texts = IntStream.rangeClosed(0, more).mapToObj(i -> captions.get((caption + i) % captions.size())).toList();
    int view = views.draw(seed, stage + " view", pass, number, texts.stream().anyMatch(Captions::saysSide));
    List<String> normalised = texts.stream().map(this::text).toList();
    return new Pair(item.photo, view, normalised.get(0), normalised.subList(1, more + 1));
  }

  /** A caption as it is trained on. */
  String text(String caption) {
    return style.apply(caption);
  }
}
