package dev.ocelli.train;

import dev.ocelli.UserError;
import dev.ocelli.data.Captions;
import dev.ocelli.data.Dialogue;
import dev.ocelli.data.Draws;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Questions;
import dev.ocelli.model.PhotoViews;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * In which order stage 2 sees its captions and questions: a function of the seed and the lesson's number alone. Each pass is a shuffle of its
 * own; what doesn't fill a step is left out of that pass. The first passes may have captions alone, the later ones only a share of them.
 *
 * <p>Questions of one photo come several in a conversation, where the picture stands once: that is many times cheaper than one by one. Which
 * come together, and in which order, is drawn anew in each pass.
 */
final class Lessons {
  /**
   * What is to be said about a photo: one or several captions, or the answers of a conversation.
   *
   * @param view of the photo, 0 for the photo as it is
   * @param captions none of which sees another; empty for questions
   * @param turns empty for captions
   */
  record Lesson(int photo, int view, List<String> captions, List<Dialogue.Turn> turns) {}

  /**
   * @param caption the first one, or {@link #DRAWN}; {@link #NONE} for questions
   * @param chunk which conversation of the pass
   */
  private record Item(int photo, int caption, int chunk) {}

  private static final int DRAWN = -1;
  private static final int NONE = -2;

  private final long seed;
  private final List<Photo> photos;
  private final PhotoViews views;
  private final Questions questions;
  private final Recipe.Stage2 settings;
  private final List<Item> items = new ArrayList<>();

  /** Of these those that have captions. */
  private final List<Item> captions;

  /** How many passes have captions alone. */
  private final int first;

  /** How many of them stand beside questions in a pass that has both. */
  private final int beside;

  private final int perStep;
  private long drawnPass = -1;
  private List<Item> drawn;
  private int[] order;

  /**
   * @param views one of them, or the photo as it is, is drawn for each lesson
   * @param perStep lessons a step; fewer where there are fewer
   */
  Lessons(long seed, List<Photo> photos, PhotoViews views, Questions questions, Recipe.Stage2 settings, int perStep) {
    this.seed = seed;
    this.photos = photos;
    this.views = views;
    this.questions = questions;
    this.settings = settings;
    for (int p = 0; p < photos.size(); p++) {
      int said = photos.get(p).captions().size();
      switch (settings.captions()) {
        case "one" -> items.add(new Item(p, DRAWN, 0));
        case "all" -> {
          for (int c = 0; c < said; c += settings.captionsAtOnce()) {
            items.add(new Item(p, c, 0));
          }
        }
        default -> { }
      }
      int asked = Math.min(settings.questions(), questions.of(photos.get(p)).size());
      for (int chunk = 0; chunk * settings.turns() < asked; chunk++) {
        items.add(new Item(p, NONE, chunk));
      }
    }
    captions = items.stream().filter(item -> item.caption != NONE).toList();
    boolean both = !captions.isEmpty() && captions.size() < items.size();
    first = both ? settings.captionsFirst() : 0;
    beside = both ? (int) Math.round(settings.captionsShare() * captions.size()) : captions.size();
    this.perStep = Math.min(perStep, first > 0 ? Math.min(captions.size(), perPass()) : perPass());
  }

  /** Refuses to begin where there is nothing to learn. */
  void check() {
    if (items.isEmpty()) {
      throw new UserError(
          "Stage 2 has nothing to learn: stage2.captions is none, and there are no questions about the training photos (or stage2.questions is 0).");
    }
  }

  int perStep() {
    return perStep;
  }

  /** Steps of so many passes. */
  long steps(long passes) {
    long early = Math.min(passes, first);
    return early * (captions.size() / perStep) + (passes - early) * (perPass() / perStep);
  }

  /** Lessons of a pass that doesn't have captions alone. */
  private int perPass() {
    return items.size() - captions.size() + beside;
  }

  /** Lesson {@code row} of a step. */
  synchronized Lesson lesson(long step, int row) {
    long early = steps(first);
    long pass = step < early ? step / (captions.size() / perStep) : first + (step - early) / (perPass() / perStep);
    if (pass != drawnPass) {
      drawn = pass < first ? captions : mixture(pass);
      order = Draws.permutation(seed, "stage 2 order", pass, drawn.size());
      drawnPass = pass;
    }
    int number = order[(int) ((step - steps(pass)) * perStep + row)];
    Item item = drawn.get(number);
    if (item.caption == NONE) {
      List<Dialogue.Turn> turns = turns(item, pass);
      boolean sides = turns.stream().anyMatch(t -> Captions.saysSide(t.question()) || Captions.saysSide(t.answer()));
      return new Lesson(item.photo, view(pass, number, sides), List.of(), turns);
    }
    List<String> together = captions(item, pass);
    return new Lesson(item.photo, view(pass, number, together.stream().anyMatch(Captions::saysSide)), together, List.of());
  }

  /** As many as are said at once: those behind the drawn one, from the first again behind the last; or where all are said in turn, the next. */
  private List<String> captions(Item item, long pass) {
    List<String> said = photos.get(item.photo).captions();
    if (item.caption >= 0) {
      return said.subList(item.caption, Math.min(said.size(), item.caption + settings.captionsAtOnce()));
    }
    int from = Draws.below(seed, "stage 2 caption", pass, item.photo, said.size());
    int count = Math.min(said.size(), settings.captionsAtOnce());
    return IntStream.range(from, from + count).mapToObj(i -> said.get(i % said.size())).toList();
  }

  /** All questions, and as many of the captions as stand beside them. */
  private List<Item> mixture(long pass) {
    if (beside == captions.size()) {
      return items;
    }
    Set<Item> some = new HashSet<>();
    int[] mixed = Draws.permutation(seed, "stage 2 captions beside questions", pass, captions.size());
    for (int i = 0; i < beside; i++) {
      some.add(captions.get(mixed[i]));
    }
    return items.stream().filter(item -> item.caption == NONE || some.contains(item)).toList();
  }

  private int view(long pass, int number, boolean sides) {
    return views.draw(seed, "stage 2 view", pass, number, sides);
  }

  private List<Dialogue.Turn> turns(Item item, long pass) {
    List<Dialogue> all = questions.of(photos.get(item.photo));
    int[] drawn = Draws.permutation(seed, "stage 2 questions of photo " + item.photo, pass, all.size());
    int asked = Math.min(settings.questions(), all.size());
    List<Dialogue.Turn> turns = new ArrayList<>();
    for (int i = item.chunk * settings.turns(); i < Math.min(asked, (item.chunk + 1) * settings.turns()); i++) {
      turns.addAll(all.get(drawn[i]).turns());
    }
    return turns;
  }
}
