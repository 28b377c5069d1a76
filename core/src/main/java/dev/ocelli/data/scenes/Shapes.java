package dev.ocelli.data.scenes;

import static dev.ocelli.data.scenes.Outlines.blob;
import static dev.ocelli.data.scenes.Outlines.minus;
import static dev.ocelli.data.scenes.Outlines.oval;
import static dev.ocelli.data.scenes.Outlines.poly;
import static dev.ocelli.data.scenes.Outlines.rect;

import java.awt.geom.Path2D;

/** Geometric shapes. */
final class Shapes {
  private Shapes() {}

  static void circle(Pen pen) {
    pen.body(oval(50, 50, 48, 48));
  }

  static void square(Pen pen) {
    pen.body(rect(4, 4, 92, 92));
  }

  static void triangle(Pen pen) {
    pen.body(poly(50, 6, 98, 92, 2, 92));
  }

  static void star(Pen pen) {
    double[] points = new double[20];
    for (int i = 0; i < 10; i++) {
      double radius = i % 2 == 0 ? 50 : 20;
      points[2 * i] = 50 + radius * Math.sin(Math.PI * i / 5);
      points[2 * i + 1] = 52 - radius * Math.cos(Math.PI * i / 5);
    }
    pen.body(poly(points));
  }

  static void heart(Pen pen) {
    Path2D path = new Path2D.Double();
    path.moveTo(50, 94);
    path.curveTo(30, 74, 2, 58, 2, 32);
    path.curveTo(2, 4, 40, -2, 50, 24);
    path.curveTo(60, -2, 98, 4, 98, 32);
    path.curveTo(98, 58, 70, 74, 50, 94);
    path.closePath();
    pen.body(path);
  }

  static void diamond(Pen pen) {
    pen.body(poly(50, 0, 86, 50, 50, 100, 14, 50));
  }

  static void cross(Pen pen) {
    pen.body(poly(34, 2, 66, 2, 66, 34, 98, 34, 98, 66, 66, 66, 66, 98, 34, 98, 34, 66, 2, 66, 2, 34, 34, 34));
  }

  static void ring(Pen pen) {
    pen.body(minus(oval(50, 50, 48, 48), oval(50, 50, 25, 25)));
  }

  static void crescent(Pen pen) {
    pen.body(minus(oval(50, 50, 48, 48), blob(70, 8, 104, 30, 104, 70, 70, 92, 44, 72, 44, 28)));
  }
}
