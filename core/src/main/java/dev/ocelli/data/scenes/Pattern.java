package dev.ocelli.data.scenes;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.Locale;

/** What is drawn on an object's body. */
public enum Pattern {
  PLAIN,
  STRIPED,
  SPOTTED,
  CHECKED;

  private static final int PERIOD = 16;

  /** As captions say it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** A body's colour from far off. */
  Color mean(Colour colour) {
    return this == PLAIN ? colour.body() : Colour.mixed(colour.body(), colour.figure(), 0.4);
  }

  /** Draws over an area in the pen's units; the pen has a colour and clips to the body. */
  void draw(Graphics2D pen, Rectangle2D area) {
    // From one lattice for all parts of an object.
    int left = PERIOD * (int) Math.floor(area.getMinX() / PERIOD);
    int top = PERIOD * (int) Math.floor(area.getMinY() / PERIOD);
    for (int y = top; y < area.getMaxY(); y += PERIOD) {
      switch (this) {
        case PLAIN -> {}
        case STRIPED -> pen.fill(Outlines.rect(area.getMinX(), y, area.getWidth(), PERIOD * 0.45));
        case SPOTTED -> row(pen, area, left, y);
        case CHECKED -> {
          for (int x = left; x < area.getMaxX(); x += PERIOD) {
            pen.fill(Outlines.rect(x, y, PERIOD / 2.0, PERIOD / 2.0));
            pen.fill(Outlines.rect(x + PERIOD / 2.0, y + PERIOD / 2.0, PERIOD / 2.0, PERIOD / 2.0));
          }
        }
      }
    }
  }

  /** Spots stand between those of the rows above and below. */
  private static void row(Graphics2D pen, Rectangle2D area, int left, int y) {
    double shift = Math.floorMod(y / PERIOD, 2) * PERIOD / 2.0;
    for (double x = left - shift; x < area.getMaxX(); x += PERIOD) {
      pen.fill(Outlines.oval(x + PERIOD / 2.0, y + PERIOD / 2.0, PERIOD * 0.27, PERIOD * 0.27));
    }
  }
}
