package dev.ocelli.data.scenes;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** Where one object is, seen from another. */
public enum Direction {
  LEFT("to the left of", "on the left"),
  RIGHT("to the right of", "on the right"),
  ABOVE("above", "above it"),
  BELOW("below", "below it");

  private final String phrase;
  private final String aside;

  Direction(String phrase, String aside) {
    this.phrase = phrase;
    this.aside = aside;
  }

  /** In the files that describe scenes. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** As in "a cat to the left of a dog". */
  String phrase() {
    return phrase;
  }

  /** As in "a dog with a cat on the left". */
  String aside() {
    return aside;
  }

  Direction opposite() {
    return switch (this) {
      case LEFT -> RIGHT;
      case RIGHT -> LEFT;
      case ABOVE -> BELOW;
      case BELOW -> ABOVE;
    };
  }

  /** The one direction in which anyone would say that {@code a} is from {@code b}, or null where two may be meant. */
  static Direction clear(Box a, Box b) {
    double dx = a.centreX() - b.centreX();
    double dy = a.centreY() - b.centreY();
    boolean apartX = a.right() <= b.x() || b.right() <= a.x();
    boolean apartY = a.bottom() <= b.y() || b.bottom() <= a.y();
    if (apartX && Math.abs(dx) >= 2 * Math.abs(dy)) {
      return dx < 0 ? LEFT : RIGHT;
    }
    if (apartY && Math.abs(dy) >= 2 * Math.abs(dx)) {
      return dy < 0 ? ABOVE : BELOW;
    }
    return null;
  }

  /** Every direction in which somebody might say that {@code a} is from {@code b}: two where it lies aslant. */
  static Set<Direction> possible(Box a, Box b) {
    double dx = a.centreX() - b.centreX();
    double dy = a.centreY() - b.centreY();
    Set<Direction> directions = EnumSet.noneOf(Direction.class);
    if (Math.abs(dx) >= Math.abs(dy) / 2) {
      directions.add(dx < 0 ? LEFT : RIGHT);
    }
    if (Math.abs(dy) >= Math.abs(dx) / 2) {
      directions.add(dy < 0 ? ABOVE : BELOW);
    }
    return directions;
  }
}
