package dev.ocelli.data.scenes;

import java.util.Locale;

/** A ninth of the picture. */
public enum Place {
  TOP_LEFT("at the top left"),
  TOP("at the top"),
  TOP_RIGHT("at the top right"),
  LEFT("on the left"),
  MIDDLE("in the middle"),
  RIGHT("on the right"),
  BOTTOM_LEFT("at the bottom left"),
  BOTTOM("at the bottom"),
  BOTTOM_RIGHT("at the bottom right");

  private final String phrase;

  Place(String phrase) {
    this.phrase = phrase;
  }

  /** As answers say it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** As captions say it. */
  String phrase() {
    return phrase;
  }

  /** 0 left, 1 in the middle, 2 right. */
  int column() {
    return ordinal() % 3;
  }

  /** 0 at the top, 1 in the middle, 2 at the bottom. */
  int row() {
    return ordinal() / 3;
  }

  /** Where anyone would say that a box is in a square picture, or null where it lies between two places. */
  static Place of(Box box, int side) {
    int column = third(box.centreX() / side);
    int row = third(box.centreY() / side);
    return column < 0 || row < 0 ? null : values()[3 * row + column];
  }

  private static int third(double at) {
    return at < 0.32 ? 0 : at > 0.68 ? 2 : at > 0.42 && at < 0.58 ? 1 : -1;
  }
}
