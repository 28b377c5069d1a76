package dev.ocelli.data.scenes;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.geom.Area;
import java.awt.geom.Rectangle2D;

/**
 * Draws the parts of one object in its colour and pattern. Objects are drawn in a square of 100 x 100 units, y downwards. Without a
 * canvas it only measures.
 */
final class Pen {
  private static final double EDGE = 2.2;
  private static final Color GLASS = new Color(214, 232, 244);
  private static final Color WIRE = new Color(52, 52, 56);

  private final Graphics2D canvas;
  private final Colour colour;
  private final Pattern pattern;
  private Rectangle2D extent;

  /**
   * @param canvas in the object's units, or null to measure only
   */
  Pen(Graphics2D canvas, Colour colour, Pattern pattern) {
    this.canvas = canvas;
    this.colour = colour;
    this.pattern = pattern;
  }

  /** The smallest upright rectangle around all that was drawn, in the object's units. */
  Rectangle2D extent() {
    return extent;
  }

  /** A part of the body: in the object's colour and pattern, with an edge. */
  void body(Shape part) {
    part(part, colour.body(), true);
  }

  /** A darker part, without pattern. */
  void shade(Shape part) {
    part(part, colour.shade(), false);
  }

  /** A lighter part, without pattern. */
  void tint(Shape part) {
    part(part, colour.tint(), false);
  }

  /** A window or the white of an eye. */
  void glass(Shape part) {
    part(part, GLASS, false);
  }

  /** A black part on the body, white on a black one. */
  void ink(Shape part) {
    fill(part, colour.ink());
  }

  /** A black line on the body, white on a black one. */
  void ink(double width, Shape line) {
    line(line, width, colour.ink());
  }

  /** A black line on a part that is light whatever the object's colour. */
  void black(double width, Shape line) {
    line(line, width, Color.BLACK);
  }

  /** A dark line beside the body: a stem, a string. */
  void wire(double width, Shape line) {
    line(line, width, WIRE);
  }

  /** A wheel: dark with a lighter hub. */
  void wheel(double x, double y, double radius) {
    fill(Outlines.oval(x, y, radius, radius), WIRE);
    fill(Outlines.oval(x, y, radius * 0.45, radius * 0.45), colour.tint());
  }

  /** An eye with its white. */
  void eye(double x, double y, double radius) {
    fill(Outlines.oval(x, y, radius, radius), Color.WHITE);
    line(Outlines.oval(x, y, radius, radius), EDGE / 2, Color.BLACK);
    fill(Outlines.oval(x, y, radius * 0.55, radius * 0.55), Color.BLACK);
  }

  private void part(Shape part, Color paint, boolean patterned) {
    fill(part, paint);
    if (canvas != null && patterned && pattern != Pattern.PLAIN) {
      Shape clip = canvas.getClip();
      canvas.clip(part);
      canvas.setColor(colour.figure());
      pattern.draw(canvas, part.getBounds2D());
      canvas.setClip(clip);
    }
    line(part, EDGE, colour.edge());
  }

  private void fill(Shape part, Color paint) {
    if (canvas == null) {
      // A curve's own bounds may hold its control points too, by the version of Java.
      Rectangle2D bounds = new Area(part).getBounds2D();
      extent = extent == null ? bounds : extent.createUnion(bounds);
    } else {
      canvas.setColor(paint);
      canvas.fill(part);
    }
  }

  private void line(Shape line, double width, Color paint) {
    if (canvas == null) {
      fill(Outlines.band(width, line), paint);
    } else {
      canvas.setColor(paint);
      canvas.setStroke(new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
      canvas.draw(line);
    }
  }
}
