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

/** Things of the household. */
final class Household {
  private Household() {}

  static void chair(Pen pen) {
    pen.shade(rect(38, 58, 6, 30));
    pen.shade(rect(78, 58, 6, 30));
    pen.body(union(round(16, 2, 10, 96, 3), rect(22, 10, 22, 8), rect(22, 26, 22, 8), round(38, 2, 8, 50, 3)));
    pen.body(union(poly(16, 58, 38, 46, 92, 46, 78, 60, 16, 60), rect(16, 58, 62, 8)));
    pen.body(round(70, 60, 9, 38, 3));
  }

  static void table(Pen pen) {
    pen.shade(rect(22, 44, 7, 36));
    pen.shade(rect(71, 44, 7, 36));
    pen.body(rect(8, 46, 9, 46));
    pen.body(rect(83, 46, 9, 46));
    pen.body(poly(16, 26, 84, 26, 99, 44, 1, 44));
    pen.body(rect(1, 44, 98, 8));
  }

  static void lamp(Pen pen) {
    pen.wire(4, line(50, 44, 50, 90));
    pen.body(poly(32, 4, 68, 4, 88, 50, 12, 50));
    pen.shade(round(28, 88, 44, 9, 4));
    pen.wire(1.8, line(74, 51, 74, 64));
    pen.wire(6, line(74, 66, 74, 66.1));
  }

  static void cup(Pen pen) {
    pen.body(band(8, arc(72, 56, 20, 17, -95, 190, false)));
    pen.body(blob(8, 34, 14, 70, 24, 88, 42, 92, 60, 88, 70, 70, 76, 34, 60, 30, 24, 30));
    pen.shade(oval(42, 34, 34, 8));
    pen.wire(2.5, curve(30, 20, 26, 14, 32, 8, 28, 2));
    pen.wire(2.5, curve(44, 20, 40, 14, 46, 8, 42, 2));
    pen.wire(2.5, curve(58, 20, 54, 14, 60, 8, 56, 2));
  }

  static void clock(Pen pen) {
    pen.wire(6, line(26, 88, 18, 97));
    pen.wire(6, line(74, 88, 82, 97));
    pen.shade(arc(22, 22, 17, 17, 45, 180, true));
    pen.shade(arc(78, 22, 17, 17, -45, 180, true));
    pen.body(oval(50, 54, 42, 42));
    pen.glass(oval(50, 54, 31, 31));
    for (int i = 0; i < 12; i++) {
      double x = Math.sin(Math.PI * i / 6);
      double y = -Math.cos(Math.PI * i / 6);
      pen.black(2.4, line(50 + 25 * x, 54 + 25 * y, 50 + 28 * x, 54 + 28 * y));
    }
    pen.black(3.6, line(50, 34, 50, 54, 64, 62));
  }

  static void key(Pen pen) {
    pen.body(minus(union(oval(24, 50, 22, 22), rect(40, 44, 57, 12), rect(76, 54, 8, 18), rect(89, 54, 8, 15)), oval(20, 50, 9, 9)));
  }

  static void umbrella(Pen pen) {
    pen.wire(4, curve(50, 50, 50, 70, 50, 88, 58, 96, 67, 88));
    pen.wire(4, line(50, 10, 50, 3));
    pen.body(
        minus(
            arc(50, 54, 48, 46, 0, 180, true),
            union(oval(18, 55, 16, 7), oval(50, 55, 16, 7), oval(82, 55, 16, 7))));
    pen.ink(1.8, curve(50, 9, 38, 26, 34, 52));
    pen.ink(1.8, curve(50, 9, 62, 26, 66, 52));
  }

  static void bed(Pen pen) {
    pen.shade(round(2, 22, 10, 66, 3));
    pen.shade(round(89, 42, 9, 46, 3));
    pen.glass(round(13, 40, 24, 16, 6));
    pen.body(union(round(11, 54, 79, 22, 3), blob(34, 58, 44, 44, 70, 44, 90, 48, 90, 62)));
    pen.ink(2, line(36, 56, 36, 75));
  }

  static void teapot(Pen pen) {
    pen.body(band(8, arc(18, 56, 15, 17, 80, 200, false)));
    pen.body(poly(72, 60, 88, 34, 99, 34, 94, 44, 82, 80));
    pen.body(oval(48, 60, 33, 29));
    pen.shade(arc(48, 40, 20, 14, 0, 180, true));
    pen.shade(oval(48, 23, 6, 5));
    pen.shade(round(32, 86, 32, 6, 2));
  }

  static void bottle(Pen pen) {
    pen.body(blob(43, 22, 43, 32, 33, 44, 31, 60, 31, 88, 36, 97, 64, 97, 69, 88, 69, 60, 67, 44, 57, 32, 57, 22, 57, 12, 43, 12));
    pen.shade(round(41, 3, 18, 11, 3));
    pen.glass(rect(33, 58, 34, 24));
    pen.black(2, line(39, 66, 61, 66));
    pen.black(2, line(39, 73, 55, 73));
  }

  static void book(Pen pen) {
    pen.body(poly(2, 24, 50, 32, 98, 24, 98, 86, 50, 94, 2, 86));
    pen.glass(blob(8, 18, 30, 14, 50, 26, 50, 50, 50, 86, 30, 76, 8, 80, 8, 50));
    pen.glass(blob(92, 18, 70, 14, 50, 26, 50, 50, 50, 86, 70, 76, 92, 80, 92, 50));
    for (int i = 0; i < 4; i++) {
      pen.black(1.6, line(16, 30 + 11 * i, 42, 35 + 11 * i));
      pen.black(1.6, line(84, 30 + 11 * i, 58, 35 + 11 * i));
    }
  }

  static void ladder(Pen pen) {
    for (int i = 0; i < 5; i++) {
      pen.body(rect(30, 14 + 17 * i, 40, 7));
    }
    pen.body(rect(24, 1, 9, 98));
    pen.body(rect(67, 1, 9, 98));
  }
}
