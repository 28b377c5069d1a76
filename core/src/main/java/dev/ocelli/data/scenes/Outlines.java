package dev.ocelli.data.scenes;

import java.awt.BasicStroke;
import java.awt.Shape;
import java.awt.geom.Arc2D;
import java.awt.geom.Area;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;

/** The outlines that pictograms are made of, in any unit, y downwards. */
final class Outlines {
  private Outlines() {}

  static Shape oval(double centreX, double centreY, double radiusX, double radiusY) {
    return new Ellipse2D.Double(centreX - radiusX, centreY - radiusY, 2 * radiusX, 2 * radiusY);
  }

  static Shape rect(double x, double y, double width, double height) {
    return new Rectangle2D.Double(x, y, width, height);
  }

  /** A rectangle with corners of the given radius. */
  static Shape round(double x, double y, double width, double height, double radius) {
    return new RoundRectangle2D.Double(x, y, width, height, 2 * radius, 2 * radius);
  }

  /** A closed polygon through x, y, x, y, … */
  static Shape poly(double... points) {
    Path2D path = new Path2D.Double();
    path.moveTo(points[0], points[1]);
    for (int i = 2; i < points.length; i += 2) {
      path.lineTo(points[i], points[i + 1]);
    }
    path.closePath();
    return path;
  }

  /** An open line through x, y, x, y, … */
  static Shape line(double... points) {
    Path2D path = new Path2D.Double();
    path.moveTo(points[0], points[1]);
    for (int i = 2; i < points.length; i += 2) {
      path.lineTo(points[i], points[i + 1]);
    }
    return path;
  }

  /** A smooth closed curve through x, y, x, y, … (Catmull and Rom's spline). */
  static Shape blob(double... points) {
    return spline(points, true);
  }

  /** A smooth open curve through x, y, x, y, … */
  static Shape curve(double... points) {
    return spline(points, false);
  }

  /** Part of an ellipse, from an angle over an extent in degrees, anticlockwise from three o'clock; its ends joined where closed. */
  static Shape arc(double centreX, double centreY, double radiusX, double radiusY, double from, double extent, boolean closed) {
    return new Arc2D.Double(
        centreX - radiusX, centreY - radiusY, 2 * radiusX, 2 * radiusY, from, extent, closed ? Arc2D.CHORD : Arc2D.OPEN);
  }

  /** The band that a brush of a width leaves along a line. */
  static Shape band(double width, Shape line) {
    // The stroke's own outline overlaps itself at bends; an area's doesn't.
    return new Area(new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND).createStrokedShape(line));
  }

  /** The first without the second. */
  static Shape minus(Shape whole, Shape hole) {
    Area area = new Area(whole);
    area.subtract(new Area(hole));
    return area;
  }

  static Shape union(Shape... parts) {
    Area area = new Area();
    for (Shape part : parts) {
      area.add(new Area(part));
    }
    return area;
  }

  private static Shape spline(double[] points, boolean closed) {
    int n = points.length / 2;
    Path2D path = new Path2D.Double();
    path.moveTo(points[0], points[1]);
    for (int i = 0; i < (closed ? n : n - 1); i++) {
      int before = closed ? (i + n - 1) % n : Math.max(0, i - 1);
      int next = (i + 1) % n;
      int after = closed ? (i + 2) % n : Math.min(n - 1, i + 2);
      path.curveTo(
          points[2 * i] + (points[2 * next] - points[2 * before]) / 6,
          points[2 * i + 1] + (points[2 * next + 1] - points[2 * before + 1]) / 6,
          points[2 * next] - (points[2 * after] - points[2 * i]) / 6,
          points[2 * next + 1] - (points[2 * after + 1] - points[2 * i + 1]) / 6,
          points[2 * next],
          points[2 * next + 1]);
    }
    if (closed) {
      path.closePath();
    }
    return path;
  }
}
