package dev.ocelli.data.scenes;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Whether a caption says what a scene shows, slot by slot: each group's object, its colour, its count and, where two groups lie clearly to one
 * side of each other, how they do.
 *
 * <p>A caption is read as a row of nouns with the words before each: "three red cats and a dog" names three red cats and one dog of no
 * colour. Each group is compared with the mention of its object or, where there is none, with the one that fits it best of those that are
 * left: "a red cat" for a red dog has the colour right and the object wrong. What is named beyond the scene's groups counts as wrong
 * objects.
 */
public final class CaptionSlots {
  /** How many slots there are, and how many are right. */
  public record Slot(int right, int all) {
    Slot plus(Slot other) {
      return new Slot(right + other.right, all + other.all);
    }

    /** Null where there are none. */
    @JsonProperty("percent")
    public Double percent() {
      return all == 0 ? null : 100.0 * right / all;
    }
  }

  /** Slots of one caption, or of several together. */
  public record Slots(Slot object, Slot colour, Slot count, Slot relation) {
    static final Slots NONE = new Slots(new Slot(0, 0), new Slot(0, 0), new Slot(0, 0), new Slot(0, 0));

    Slots plus(Slots other) {
      return new Slots(
          object.plus(other.object), colour.plus(other.colour), count.plus(other.count), relation.plus(other.relation));
    }

    /** All kinds of slots together. */
    @JsonProperty("all")
    public Slot all() {
      return object.plus(colour).plus(count).plus(relation);
    }
  }

  /** A noun of the caption with the words that belong to it; colour is null and count 0 where none is said. */
  private record Mention(ObjectKind kind, Colour colour, int count, int from, int to) {}

  private static final List<String> NUMBERS = List.of("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine");
  private static final Map<String, ObjectKind> NOUNS = new HashMap<>();
  private static final Map<String, Colour> COLOURS = new HashMap<>();

  static {
    for (ObjectKind kind : ObjectKind.values()) {
      NOUNS.put(kind.word(), kind);
      NOUNS.put(kind.plural(), kind);
    }
    for (Colour colour : Colour.values()) {
      COLOURS.put(colour.word(), colour);
    }
    COLOURS.put("gray", Colour.GREY);
  }

  private CaptionSlots() {}

  /** Scores of captions, one a scene. */
  public static Slots of(List<SceneTruth> scenes, List<String> captions) {
    Slots sum = Slots.NONE;
    for (int i = 0; i < scenes.size(); i++) {
      sum = sum.plus(of(scenes.get(i), captions.get(i)));
    }
    return sum;
  }

  /** Scores of one caption. */
  public static Slots of(SceneTruth scene, String caption) {
    List<String> words = List.of(caption.toLowerCase(Locale.ROOT).replaceAll("[^a-z ]", " ").strip().split("\\s+"));
    List<Mention> mentions = mentions(words);
    Mention[] meant = align(scene.things(), mentions);
    int objects = 0;
    int colours = 0;
    int counts = 0;
    for (int i = 0; i < meant.length; i++) {
      SceneTruth.Thing thing = scene.things().get(i);
      objects += meant[i] != null && meant[i].kind == thing.kind() ? 1 : 0;
      colours += meant[i] != null && meant[i].colour == thing.colour() ? 1 : 0;
      counts += meant[i] != null && meant[i].count == thing.count() ? 1 : 0;
    }
    int groups = meant.length;
    return new Slots(
        new Slot(objects, Math.max(groups, mentions.size())), new Slot(colours, groups), new Slot(counts, groups), relation(scene, meant, words));
  }

  private static List<Mention> mentions(List<String> words) {
    List<Mention> mentions = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < words.size(); i++) {
      ObjectKind kind = NOUNS.get(words.get(i));
      if (kind != null) {
        Colour colour = null;
        int count = 0;
        for (String word : words.subList(from, i)) {
          colour = COLOURS.getOrDefault(word, colour);
          count = word.equals("a") || word.equals("an") ? 1 : NUMBERS.contains(word) ? NUMBERS.indexOf(word) : count;
        }
        mentions.add(new Mention(kind, colour, count, from, i));
        from = i + 1;
      }
    }
    return mentions;
  }

  /** Which mention each group is, null where there is none left for it. */
  private static Mention[] align(List<SceneTruth.Thing> things, List<Mention> mentions) {
    Mention[] meant = new Mention[things.size()];
    List<Mention> left = new ArrayList<>(mentions);
    // The surest first: 4 for the object outweighs colour and count together.
    for (int least = 7; least >= 0; least--) {
      for (int i = 0; i < meant.length; i++) {
        for (Mention mention : List.copyOf(left)) {
          if (meant[i] == null && fit(things.get(i), mention) == least) {
            meant[i] = mention;
            left.remove(mention);
          }
        }
      }
    }
    return meant;
  }

  private static int fit(SceneTruth.Thing thing, Mention mention) {
    return (mention.kind == thing.kind() ? 4 : 0) + (mention.colour == thing.colour() ? 2 : 0) + (mention.count == thing.count() ? 1 : 0);
  }

  /** Asked of scenes with two groups only, whose captions say it. */
  private static Slot relation(SceneTruth scene, Mention[] meant, List<String> words) {
    if (meant.length != 2 || scene.directions().isEmpty()) {
      return new Slot(0, 0);
    }
    if (meant[0] == null || meant[1] == null) {
      return new Slot(0, 1);
    }
    int first = meant[0].to < meant[1].to ? 0 : 1;
    List<String> between = words.subList(meant[first].to + 1, meant[1 - first].to);
    List<String> behind = words.subList(meant[1 - first].to + 1, words.size());
    boolean aside = between.contains("with");
    Direction said = direction(aside ? behind : between);
    // "A with B on the left" says where B is.
    SceneTruth.Pair pair = aside ? new SceneTruth.Pair(1 - first, first) : new SceneTruth.Pair(first, 1 - first);
    return new Slot(said != null && said == scene.directions().get(pair) ? 1 : 0, 1);
  }

  private static Direction direction(List<String> words) {
    for (String word : words) {
      for (Direction direction : Direction.values()) {
        if (direction.word().equals(word)) {
          return direction;
        }
      }
    }
    return null;
  }
}
