package dev.ocelli.data.scenes;

import static dev.ocelli.data.scenes.Outlines.arc;
import static dev.ocelli.data.scenes.Outlines.band;
import static dev.ocelli.data.scenes.Outlines.blob;
import static dev.ocelli.data.scenes.Outlines.curve;
import static dev.ocelli.data.scenes.Outlines.line;
import static dev.ocelli.data.scenes.Outlines.minus;
import static dev.ocelli.data.scenes.Outlines.oval;
import static dev.ocelli.data.scenes.Outlines.poly;
import static dev.ocelli.data.scenes.Outlines.rect;
import static dev.ocelli.data.scenes.Outlines.round;
import static dev.ocelli.data.scenes.Outlines.union;

/** Vehicles, driving to the right. */
final class Vehicles {
  private Vehicles() {}

  static void car(Pen pen) {
    pen.body(union(poly(18, 50, 32, 28, 66, 28, 82, 50), round(2, 48, 96, 26, 9)));
    pen.glass(poly(27, 48, 36, 33, 48, 33, 48, 48));
    pen.glass(poly(53, 48, 53, 33, 63, 33, 74, 48));
    pen.tint(oval(94, 57, 3, 4));
    pen.wheel(24, 74, 12);
    pen.wheel(76, 74, 12);
  }

  static void bus(Pen pen) {
    pen.body(round(2, 18, 96, 62, 8));
    for (int i = 0; i < 4; i++) {
      pen.glass(round(8 + 17 * i, 27, 13, 18, 2));
    }
    pen.glass(round(78, 27, 15, 44, 2));
    pen.ink(2, line(3, 56, 76, 56));
    pen.wheel(24, 81, 11);
    pen.wheel(66, 81, 11);
  }

  static void truck(Pen pen) {
    pen.body(rect(2, 18, 60, 54));
    pen.shade(poly(64, 34, 84, 34, 97, 52, 97, 74, 64, 74));
    pen.glass(poly(71, 39, 82, 39, 91, 52, 71, 52));
    pen.wire(5, line(6, 75, 94, 75));
    pen.wheel(20, 80, 11);
    pen.wheel(46, 80, 11);
    pen.wheel(81, 80, 11);
  }

  static void boat(Pen pen) {
    pen.wire(3, line(48, 6, 48, 72));
    pen.body(poly(52, 8, 92, 64, 52, 64));
    pen.tint(poly(44, 16, 44, 64, 14, 64));
    pen.body(blob(4, 72, 28, 73, 72, 73, 97, 72, 84, 92, 50, 95, 18, 92));
  }

  static void plane(Pen pen) {
    pen.shade(poly(56, 44, 40, 12, 50, 12, 74, 44));
    pen.body(
        union(
            blob(6, 46, 30, 42, 74, 40, 92, 44, 98, 51, 90, 58, 70, 60, 30, 58, 10, 54),
            poly(6, 50, 2, 22, 12, 22, 26, 46)));
    pen.shade(poly(52, 54, 70, 54, 44, 88, 32, 88));
    pen.shade(poly(8, 48, 24, 48, 12, 62, 2, 62));
    for (int i = 0; i < 5; i++) {
      pen.ink(oval(36 + 9 * i, 48.5, 2.4, 2.4));
    }
    pen.glass(poly(84, 43, 90, 44, 94, 49, 85, 49));
  }

  static void train(Pen pen) {
    pen.shade(poly(68, 26, 66, 10, 84, 10, 82, 26));
    pen.body(rect(4, 14, 34, 60));
    pen.shade(round(0, 8, 42, 8, 3));
    pen.glass(rect(11, 24, 20, 20));
    pen.body(round(38, 36, 54, 38, 8));
    pen.shade(round(66, 24, 18, 14, 3));
    pen.tint(oval(52, 36, 8, 7));
    pen.ink(2.5, line(88, 40, 88, 70));
    pen.shade(poly(88, 74, 99, 90, 82, 90));
    pen.wire(5, line(6, 76, 88, 76));
    pen.wheel(20, 80, 13);
    pen.wheel(50, 84, 9);
    pen.wheel(72, 84, 9);
  }

  static void bicycle(Pen pen) {
    for (double x : new double[] {23, 77}) {
      pen.wire(3.4, oval(x, 66, 20, 20));
      for (int i = 0; i < 4; i++) {
        double dx = 19 * Math.cos(Math.PI * i / 4);
        double dy = 19 * Math.sin(Math.PI * i / 4);
        pen.wire(0.8, line(x - dx, 66 - dy, x + dx, 66 + dy));
      }
    }
    pen.body(
        union(
            band(6, line(23, 66, 38, 36, 68, 36, 48, 66, 23, 66)),
            band(6, line(34, 28, 48, 66)),
            band(6, line(77, 66, 66, 26))));
    pen.wire(5, line(26, 26, 42, 26));
    pen.wire(4, curve(58, 20, 66, 25, 74, 20, 78, 26));
    pen.ink(oval(48, 66, 5, 5));
  }

  static void rocket(Pen pen) {
    pen.tint(blob(41, 80, 50, 99, 59, 80, 54, 78, 46, 78));
    pen.shade(poly(34, 52, 16, 80, 36, 76));
    pen.shade(poly(66, 52, 84, 80, 64, 76));
    pen.body(poly(34, 80, 30, 58, 33, 34, 40, 16, 50, 2, 60, 16, 67, 34, 70, 58, 66, 80));
    pen.shade(poly(37, 24, 41, 15, 50, 2, 59, 15, 63, 24));
    pen.glass(oval(50, 44, 10, 10));
  }

  static void balloon(Pen pen) {
    pen.wire(1.6, line(33, 66, 42, 84));
    pen.wire(1.6, line(67, 66, 58, 84));
    pen.body(blob(50, 2, 78, 12, 88, 38, 74, 62, 60, 74, 40, 74, 26, 62, 12, 38, 22, 12));
    pen.ink(1.8, curve(50, 2, 34, 22, 34, 46, 44, 73));
    pen.ink(1.8, curve(50, 2, 66, 22, 66, 46, 56, 73));
    pen.shade(round(39, 83, 22, 15, 3));
  }

  static void helicopter(Pen pen) {
    pen.wire(3, line(20, 14, 98, 14));
    pen.wire(4, line(60, 14, 60, 28));
    pen.body(union(blob(38, 44, 50, 28, 72, 26, 92, 42, 94, 58, 80, 70, 50, 70, 40, 60), poly(46, 40, 46, 56, 8, 46, 8, 40)));
    pen.body(poly(2, 26, 12, 26, 18, 46, 8, 46));
    pen.glass(minus(blob(66, 34, 78, 32, 90, 45, 90, 53, 66, 54), rect(60, 20, 6, 50)));
    pen.wire(3, line(52, 70, 48, 84));
    pen.wire(3, line(78, 70, 80, 84));
    pen.wire(4, line(36, 85, 86, 85, 94, 80));
    pen.wire(1.6, arc(7, 38, 9, 9, 0, 360, false));
  }
}
