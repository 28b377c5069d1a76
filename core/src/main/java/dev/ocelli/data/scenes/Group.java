package dev.ocelli.data.scenes;

import java.util.List;

/** One object, or several of one kind that look alike. */
public record Group(ObjectKind kind, Colour colour, Pattern pattern, Size size, List<Item> items) {
  /**
   * One object.
   *
   * @param mirrored whether it looks to the left
   */
  public record Item(Box box, boolean mirrored) {}

  public Group {
    items = List.copyOf(items);
  }

  public int count() {
    return items.size();
  }

  /** Of the only object. */
  Box box() {
    return items.get(0).box();
  }
}
