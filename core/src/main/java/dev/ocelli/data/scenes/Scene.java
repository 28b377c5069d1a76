package dev.ocelli.data.scenes;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * All that is in one picture, which is a square of {@link #SIDE} by {@link #SIDE} pixels.
 *
 * @param index from 0
 * @param groups no two of one kind of object
 */
public record Scene(long seed, int index, Split split, Layout layout, List<Group> groups, Backdrop backdrop, Damage damage) {
  /** Width and height of a picture, in pixels. */
  public static final int SIDE = 256;

  /** What a scene is for. Its index alone says so: more scenes leave the ones before as they are. */
  public enum Split {
    /** To learn from: 8 of 10. */
    TRAIN,
    /** New scenes of the same kind. */
    TEST,
    /** Scenes with a colour and an object, or an object and a direction, that never come together in the others. */
    UNSEEN;

    static Split of(int index) {
      return index % 10 < 8 ? TRAIN : index % 10 == 8 ? TEST : UNSEEN;
    }

    /** In the files. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** How a scene is composed. */
  public enum Layout {
    /** One object. */
    SINGLE,
    /** One to five that look alike. */
    COUNT,
    /** Two objects, the first of which lies in a clear direction from the second. */
    PAIR,
    /** Three or four objects here and there. */
    SEVERAL,
    /** Two groups of different counts. */
    COUNTS;

    /** In the files. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Two groups of one object each, by their places in the list: the subject is in the direction from the reference. */
  public record Relation(int subject, Direction direction, int reference) {}

  public Scene {
    groups = List.copyOf(groups);
  }

  /** The picture's name. */
  public String image() {
    return image(index);
  }

  static String image(int index) {
    return String.format(Locale.ROOT, "scene-%06d.jpg", index);
  }

  /** What is clearly to which side of what, each pair both ways. */
  public List<Relation> relations() {
    return relations(groups);
  }

  static List<Relation> relations(List<Group> groups) {
    List<Relation> relations = new ArrayList<>();
    for (int a = 0; a < groups.size(); a++) {
      for (int b = 0; b < groups.size(); b++) {
        if (a != b && groups.get(a).count() == 1 && groups.get(b).count() == 1) {
          Direction direction = Direction.clear(groups.get(a).box(), groups.get(b).box());
          if (direction != null) {
            relations.add(new Relation(a, direction, b));
          }
        }
      }
    }
    return relations;
  }

  /** Where the only object of a group is, or null where it lies between two places or there are several. */
  public Place place(Group group) {
    return group.count() == 1 ? Place.of(group.box(), SIDE) : null;
  }
}
