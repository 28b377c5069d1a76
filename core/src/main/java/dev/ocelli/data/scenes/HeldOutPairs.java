package dev.ocelli.data.scenes;

import dev.ocelli.data.Draws;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What never comes together outside {@link Scene.Split#UNSEEN}, in pictures or words: with each kind of object one colour, and with every
 * second kind one direction. Each colour is left out with four or five kinds, so that training shows every colour, object and direction
 * many times, only not together.
 */
public final class HeldOutPairs {
  private final Map<ObjectKind, Colour> colours = new EnumMap<>(ObjectKind.class);
  private final Map<ObjectKind, Direction> directions = new EnumMap<>(ObjectKind.class);

  public HeldOutPairs(long seed) {
    ObjectKind[] kinds = ObjectKind.values();
    int[] order = Draws.permutation(seed, "held-out colours", 0, kinds.length);
    int[] others = Draws.permutation(seed, "held-out directions", 0, kinds.length);
    for (int i = 0; i < kinds.length; i++) {
      colours.put(kinds[order[i]], Colour.values()[i % Colour.values().length]);
      if (i % 2 == 0) {
        directions.put(kinds[others[i]], Direction.values()[i / 2 % Direction.values().length]);
      }
    }
  }

  /** Whether objects of this kind have this colour in unseen scenes only. */
  public boolean has(ObjectKind kind, Colour colour) {
    return colours.get(kind) == colour;
  }

  /** Whether objects of this kind lie in this direction from another in unseen scenes only. */
  public boolean has(ObjectKind kind, Direction direction) {
    return directions.get(kind) == direction;
  }

  /** Whether one may say "the first lies in this direction from the second" without a held-out pair: it says two things. */
  boolean allows(ObjectKind first, Direction direction, ObjectKind second) {
    return !has(first, direction) && !has(second, direction.opposite());
  }

  boolean has(Group group) {
    return has(group.kind(), group.colour());
  }

  boolean has(List<Group> groups, Scene.Relation relation) {
    return !allows(groups.get(relation.subject()).kind(), relation.direction(), groups.get(relation.reference()).kind());
  }

  /** The pairs that a scene shows clearly, in words: "red dog", "dog left". */
  public List<String> in(Scene scene) {
    List<String> pairs = new ArrayList<>();
    for (Group group : scene.groups()) {
      if (has(group)) {
        pairs.add(group.colour().word() + " " + group.kind().word());
      }
    }
    for (Scene.Relation relation : scene.relations()) {
      ObjectKind subject = scene.groups().get(relation.subject()).kind();
      if (has(subject, relation.direction())) {
        pairs.add(subject.word() + " " + relation.direction().word());
      }
    }
    return pairs.stream().distinct().toList();
  }

  /** Whether anything there, however aslant, could be taken for a held-out pair. */
  boolean mayBeIn(List<Group> groups) {
    for (Group a : groups) {
      if (has(a)) {
        return true;
      }
      for (Group b : groups) {
        if (a != b && a.items().stream().anyMatch(i -> b.items().stream().anyMatch(j -> mayLie(a.kind(), i.box(), j.box())))) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean mayLie(ObjectKind kind, Box box, Box from) {
    return Direction.possible(box, from).stream().anyMatch(direction -> has(kind, direction));
  }
}
