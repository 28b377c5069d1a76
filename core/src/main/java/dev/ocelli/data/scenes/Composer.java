package dev.ocelli.data.scenes;

import java.util.ArrayList;
import java.util.List;

/** Draws what is in a scene. Draws that don't suit the scene's split, or don't fit into the picture, are drawn again. */
public final class Composer {
  /** Left free at the edges: encoders that crop the middle of a picture leave it whole. */
  private static final int MARGIN = 16;
  private static final int FREE = Scene.SIDE - 2 * MARGIN;
  private static final int GAP = 6;
  private static final int ATTEMPTS = 100_000;
  private static final int TRIES_TO_PLACE = 60;

  private final long seed;
  private final HeldOutPairs heldOut;

  public Composer(long seed) {
    this.seed = seed;
    this.heldOut = new HeldOutPairs(seed);
  }

  public HeldOutPairs heldOut() {
    return heldOut;
  }

  /**
   * The scene of an index, the same for all time. Every second unseen scene shows a held-out colour, the others two objects with a
   * held-out direction, which captions mention.
   */
  public Scene compose(int index) {
    Scene.Split split = Scene.Split.of(index);
    boolean byDirection = split == Scene.Split.UNSEEN && index / 10 % 2 == 1;
    // Drawn once: scenes of many objects are refused more often, and would become rare.
    Scene.Layout layout =
        byDirection ? Scene.Layout.PAIR : Scene.Layout.values()[new Dice(seed, "layout", index).weighted(5, 4, 6, 3, 3)];
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Dice dice = new Dice(seed, "scene " + attempt, index);
      List<Group> groups = groups(dice, layout);
      if (groups != null && suits(split, byDirection, groups)) {
        Backdrop backdrop = Backdrop.draw(dice, groups);
        if (backdrop != null) {
          return new Scene(seed, index, split, layout, groups, backdrop, Damage.draw(dice));
        }
      }
    }
    throw new IllegalStateException("No scene " + index + " in " + ATTEMPTS + " draws");
  }

  private boolean suits(Scene.Split split, boolean byDirection, List<Group> groups) {
    if (split != Scene.Split.UNSEEN) {
      return !heldOut.mayBeIn(groups);
    }
    return byDirection
        ? Scene.relations(groups).stream().anyMatch(relation -> heldOut.has(groups, relation))
        : groups.stream().anyMatch(heldOut::has);
  }

  private List<Group> groups(Dice dice, Scene.Layout layout) {
    List<ObjectKind> kinds = dice.shuffled(List.of(ObjectKind.values()));
    return switch (layout) {
      case SINGLE -> single(dice, kinds.get(0));
      case COUNT -> scattered(dice, kinds, dice.from(1, 5), 0);
      case PAIR -> pair(dice, kinds);
      case SEVERAL -> several(dice, kinds.subList(0, dice.from(3, 4)));
      case COUNTS -> {
        int first = dice.from(1, 4);
        int second = dice.from(1, 4);
        yield first == second ? null : scattered(dice, kinds, first, second);
      }
    };
  }

  private static List<Group> single(Dice dice, ObjectKind kind) {
    Size size = dice.pick(Size.values());
    int[] sides = sides(dice, kind, size);
    Place place = size == Size.LARGE ? Place.MIDDLE : dice.pick(Place.values());
    Box box = inPlace(dice, place, sides);
    return List.of(group(dice, kind, size, box));
  }

  private static List<Group> several(Dice dice, List<ObjectKind> kinds) {
    List<Place> places = dice.shuffled(List.of(Place.values()));
    List<Group> groups = new ArrayList<>();
    for (int i = 0; i < kinds.size(); i++) {
      int[] sides = sides(dice, kinds.get(i), Size.SMALL);
      groups.add(group(dice, kinds.get(i), Size.SMALL, inPlace(dice, places.get(i), sides)));
    }
    return groups;
  }

  /** Two side by side or one above the other, a little out of line. */
  private static List<Group> pair(Dice dice, List<ObjectKind> kinds) {
    Direction direction = dice.pick(Direction.values());
    boolean across = direction == Direction.LEFT || direction == Direction.RIGHT;
    int[][] sides = new int[2][];
    Size[] sizes = new Size[2];
    for (int i = 0; i < 2; i++) {
      sizes[i] = dice.pick(Size.values());
      sides[i] = sides(dice, kinds.get(i), sizes[i]);
    }
    boolean firstIsNear = direction == Direction.LEFT || direction == Direction.ABOVE;
    int near = firstIsNear ? 0 : 1;
    int along = across ? 0 : 1;
    int spare = FREE - sides[0][along] - sides[1][along] - GAP;
    if (spare < 0) {
      return null;
    }
    int start = dice.from(0, spare);
    int gap = GAP + dice.from(0, spare - start);
    int[][] at = new int[2][2];
    at[near][along] = MARGIN + start;
    at[1 - near][along] = MARGIN + start + sides[near][along] + gap;
    for (int i = 0; i < 2; i++) {
      at[i][1 - along] = MARGIN + dice.from(0, FREE - sides[i][1 - along]);
    }
    List<Group> groups = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      groups.add(group(dice, kinds.get(i), sizes[i], new Box(at[i][0], at[i][1], sides[i][0], sides[i][1])));
    }
    return Direction.clear(groups.get(0).box(), groups.get(1).box()) == direction ? groups : null;
  }

  /** Some of the first kind and, it may be, of the second, where there is room. */
  private static List<Group> scattered(Dice dice, List<ObjectKind> kinds, int first, int second) {
    List<Box> taken = new ArrayList<>();
    List<Group> groups = new ArrayList<>();
    int[] counts = {first, second};
    for (int g = 0; g < 2 && counts[g] > 0; g++) {
      int[] sides = sides(dice, kinds.get(g), Size.SMALL);
      List<Group.Item> items = new ArrayList<>();
      for (int i = 0; i < counts[g]; i++) {
        Box box = placed(dice, sides, taken);
        if (box == null) {
          return null;
        }
        taken.add(box);
        items.add(new Group.Item(box, dice.chance(0.5)));
      }
      groups.add(new Group(kinds.get(g), dice.pick(Colour.values()), pattern(dice), Size.SMALL, items));
    }
    return groups;
  }

  private static Box placed(Dice dice, int[] sides, List<Box> taken) {
    for (int i = 0; i < TRIES_TO_PLACE; i++) {
      Box box =
          new Box(MARGIN + dice.from(0, FREE - sides[0]), MARGIN + dice.from(0, FREE - sides[1]), sides[0], sides[1]);
      if (taken.stream().noneMatch(other -> box.touches(other, GAP))) {
        return box;
      }
    }
    return null;
  }

  private static Box inPlace(Dice dice, Place place, int[] sides) {
    int x = MARGIN + place.column() * (FREE - sides[0]) / 2 + inward(dice, place.column());
    int y = MARGIN + place.row() * (FREE - sides[1]) / 2 + inward(dice, place.row());
    return new Box(x, y, sides[0], sides[1]);
  }

  /** A little to and fro, but never out of the picture's free part. */
  private static int inward(Dice dice, int third) {
    return third == 0 ? dice.from(0, 9) : third == 2 ? -dice.from(0, 9) : dice.from(-8, 8);
  }

  private static Group group(Dice dice, ObjectKind kind, Size size, Box box) {
    return new Group(kind, dice.pick(Colour.values()), pattern(dice), size, List.of(new Group.Item(box, dice.chance(0.5))));
  }

  private static Pattern pattern(Dice dice) {
    return Pattern.values()[dice.weighted(6, 1.4, 1.4, 1.2)];
  }

  /** Width and height: the longer one is the size, the other follows from the drawing. */
  private static int[] sides(Dice dice, ObjectKind kind, Size size) {
    double longer = dice.between(size.least(), size.most());
    double width = kind.extent().getWidth();
    double height = kind.extent().getHeight();
    double scale = longer / Math.max(width, height);
    return new int[] {(int) Math.round(width * scale), (int) Math.round(height * scale)};
  }
}
