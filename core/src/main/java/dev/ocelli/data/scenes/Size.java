package dev.ocelli.data.scenes;

import java.util.Locale;

/** How long an object's longer side is, in pixels of a picture of {@link Scene#SIDE} by as many. */
public enum Size {
  SMALL(44, 60),
  MEDIUM(74, 96),
  LARGE(116, 164);

  private final int least;
  private final int most;

  Size(int least, int most) {
    this.least = least;
    this.most = most;
  }

  /** As captions say it; nobody mentions the middle one. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  int least() {
    return least;
  }

  int most() {
    return most;
  }
}
