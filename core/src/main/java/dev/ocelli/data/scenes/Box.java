package dev.ocelli.data.scenes;

/** An upright rectangle in pixels from the picture's top left, around all that is drawn of one object. */
public record Box(int x, int y, int width, int height) {
  double centreX() {
    return x + width / 2.0;
  }

  double centreY() {
    return y + height / 2.0;
  }

  /** Whether a point, in pixels from the top left, lies within. */
  public boolean holds(double px, double py) {
    return px >= x && px < right() && py >= y && py < bottom();
  }

  int right() {
    return x + width;
  }

  int bottom() {
    return y + height;
  }

  /** Whether the two come nearer than a gap. */
  boolean touches(Box other, int gap) {
    return x < other.right() + gap && other.x < right() + gap && y < other.bottom() + gap && other.y < bottom() + gap;
  }
}
