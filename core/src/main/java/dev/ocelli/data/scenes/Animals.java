package dev.ocelli.data.scenes;

import static dev.ocelli.data.scenes.Outlines.arc;
import static dev.ocelli.data.scenes.Outlines.band;
import static dev.ocelli.data.scenes.Outlines.blob;
import static dev.ocelli.data.scenes.Outlines.curve;
import static dev.ocelli.data.scenes.Outlines.line;
import static dev.ocelli.data.scenes.Outlines.oval;
import static dev.ocelli.data.scenes.Outlines.poly;
import static dev.ocelli.data.scenes.Outlines.round;
import static dev.ocelli.data.scenes.Outlines.union;

/** Animals, looking to the right where they are seen from the side. */
final class Animals {
  private Animals() {}

  static void cat(Pen pen) {
    pen.body(band(8, curve(70, 88, 90, 84, 93, 66, 85, 52)));
    pen.body(blob(50, 42, 66, 55, 73, 78, 70, 94, 50, 97, 30, 94, 27, 78, 34, 55));
    pen.body(union(oval(50, 32, 25, 20), poly(27, 26, 27, 2, 46, 15), poly(73, 26, 73, 2, 54, 15)));
    pen.shade(poly(31, 20, 31, 9, 40, 16));
    pen.shade(poly(69, 20, 69, 9, 60, 16));
    pen.eye(40, 30, 5);
    pen.eye(60, 30, 5);
    pen.ink(poly(46, 38, 54, 38, 50, 43));
    pen.ink(1.6, line(28, 37, 8, 33));
    pen.ink(1.6, line(28, 41, 8, 43));
    pen.ink(1.6, line(72, 37, 92, 33));
    pen.ink(1.6, line(72, 41, 92, 43));
    pen.ink(2, line(43, 76, 43, 95));
    pen.ink(2, line(57, 76, 57, 95));
  }

  static void dog(Pen pen) {
    pen.body(band(7, curve(16, 50, 6, 40, 5, 24)));
    pen.shade(round(26, 60, 11, 33, 4));
    pen.shade(round(60, 60, 11, 33, 4));
    pen.body(
        union(
            blob(12, 46, 26, 42, 50, 44, 66, 36, 78, 44, 76, 62, 66, 70, 44, 66, 26, 70, 13, 64),
            round(14, 58, 12, 37, 5),
            round(66, 58, 12, 37, 5),
            oval(73, 26, 15, 16),
            round(70, 24, 28, 16, 7)));
    pen.shade(blob(62, 12, 68, 16, 70, 34, 64, 46, 56, 40, 56, 22));
    pen.ink(oval(95, 27, 4.5, 4));
    pen.eye(79, 20, 4);
    pen.ink(1.8, line(84, 36, 96, 36));
    pen.ink(4, line(66, 46, 81, 43));
  }

  static void fish(Pen pen) {
    pen.shade(blob(40, 32, 52, 12, 70, 14, 68, 32));
    pen.body(union(blob(20, 50, 42, 30, 68, 28, 96, 50, 68, 72, 42, 70), poly(26, 50, 2, 24, 8, 50, 2, 76)));
    pen.shade(blob(46, 50, 60, 48, 60, 58, 48, 62));
    pen.ink(2, curve(72, 36, 67, 50, 72, 64));
    pen.eye(81, 44, 5);
    pen.ink(2, curve(92, 56, 86, 57, 83, 55));
  }

  static void rabbit(Pen pen) {
    pen.body(oval(78, 84, 10, 10));
    pen.body(union(oval(50, 80, 28, 19), oval(34, 93, 14, 6), oval(66, 93, 14, 6)));
    pen.body(union(oval(38, 21, 9, 22), oval(62, 21, 9, 22), oval(50, 50, 23, 19)));
    pen.tint(oval(38, 20, 4, 15));
    pen.tint(oval(62, 20, 4, 15));
    pen.eye(41, 46, 4.5);
    pen.eye(59, 46, 4.5);
    pen.ink(oval(50, 54, 3.5, 2.6));
    pen.ink(1.8, curve(50, 56, 47, 61, 43, 60));
    pen.ink(1.8, curve(50, 56, 53, 61, 57, 60));
    pen.glass(round(47, 61, 6, 7, 1));
  }

  static void turtle(Pen pen) {
    pen.tint(blob(72, 56, 82, 42, 94, 42, 98, 54, 92, 64, 76, 68));
    pen.tint(poly(14, 68, 2, 78, 18, 74));
    pen.tint(round(20, 66, 15, 22, 6));
    pen.tint(round(60, 66, 15, 22, 6));
    pen.body(arc(47, 72, 38, 46, 0, 180, true));
    pen.shade(round(6, 67, 82, 9, 4));
    pen.ink(2, line(30, 67, 36, 48, 58, 48, 64, 67));
    pen.ink(2, line(36, 48, 28, 35));
    pen.ink(2, line(58, 48, 66, 35));
    pen.ink(oval(90, 51, 2.8, 3.2));
  }

  static void butterfly(Pen pen) {
    pen.body(blob(48, 46, 34, 14, 10, 8, 3, 28, 14, 48, 40, 54));
    pen.body(blob(52, 46, 66, 14, 90, 8, 97, 28, 86, 48, 60, 54));
    pen.body(blob(46, 54, 20, 54, 10, 72, 24, 90, 40, 80));
    pen.body(blob(54, 54, 80, 54, 90, 72, 76, 90, 60, 80));
    pen.tint(oval(22, 29, 8, 9));
    pen.tint(oval(78, 29, 8, 9));
    pen.tint(oval(27, 71, 6, 7));
    pen.tint(oval(73, 71, 6, 7));
    pen.ink(oval(50, 54, 4.5, 28));
    pen.ink(oval(50, 26, 5.5, 5.5));
    pen.wire(1.8, curve(48, 24, 42, 10, 34, 4));
    pen.wire(1.8, curve(52, 24, 58, 10, 66, 4));
  }

  static void snail(Pen pen) {
    pen.tint(blob(3, 88, 30, 80, 66, 80, 74, 70, 76, 48, 86, 42, 95, 50, 94, 72, 86, 88, 60, 92, 20, 92));
    pen.tint(band(3, line(82, 46, 78, 26)));
    pen.tint(band(3, line(90, 46, 96, 27)));
    pen.wire(8, line(78, 24, 78, 24.1));
    pen.wire(8, line(96, 25, 96, 25.1));
    pen.body(oval(41, 52, 34, 34));
    pen.ink(3, curve(64, 74, 70, 50, 56, 29, 34, 28, 20, 46, 27, 67, 45, 70, 55, 56, 48, 43, 36, 46, 38, 56));
  }

  static void elephant(Pen pen) {
    pen.wire(2.5, curve(10, 44, 3, 56, 5, 68));
    pen.shade(round(28, 60, 13, 32, 4));
    pen.shade(round(52, 60, 13, 32, 4));
    pen.body(
        union(
            blob(8, 42, 24, 26, 52, 26, 66, 40, 66, 66, 46, 72, 22, 72, 9, 64),
            round(12, 58, 15, 37, 4),
            round(50, 58, 15, 37, 4),
            oval(72, 36, 18, 19),
            band(10, curve(82, 40, 88, 58, 86, 76, 94, 84))));
    pen.tint(blob(52, 20, 66, 20, 70, 38, 62, 56, 50, 54, 44, 36));
    pen.glass(poly(76, 52, 80, 49, 92, 62));
    pen.eye(79, 30, 4);
  }

  static void duck(Pen pen) {
    pen.shade(blob(84, 20, 99, 22, 99, 28, 84, 31));
    pen.body(
        blob(4, 44, 18, 54, 40, 52, 56, 48, 58, 36, 52, 24, 58, 10, 72, 5, 86, 12, 88, 26, 82, 38, 86, 56, 82, 76, 62, 88, 36, 88, 14, 78));
    pen.shade(blob(26, 60, 46, 56, 64, 62, 54, 76, 34, 74));
    pen.eye(76, 19, 4.5);
  }

  static void owl(Pen pen) {
    pen.wire(4, line(40, 92, 40, 98));
    pen.wire(4, line(60, 92, 60, 98));
    pen.body(
        union(
            blob(50, 14, 76, 22, 82, 56, 70, 88, 50, 95, 30, 88, 18, 56, 24, 22),
            poly(20, 34, 20, 2, 44, 16),
            poly(80, 34, 80, 2, 56, 16)));
    pen.tint(blob(50, 56, 66, 64, 64, 84, 50, 91, 36, 84, 34, 64));
    pen.shade(blob(18, 46, 28, 56, 29, 82, 18, 74));
    pen.shade(blob(82, 46, 72, 56, 71, 82, 82, 74));
    pen.eye(36, 36, 13);
    pen.eye(64, 36, 13);
    pen.ink(poly(44, 46, 56, 46, 50, 60));
  }

  static void whale(Pen pen) {
    pen.wire(2.6, curve(66, 30, 64, 18, 54, 12));
    pen.wire(2.6, curve(66, 30, 68, 18, 78, 12));
    pen.body(
        union(
            blob(16, 60, 34, 52, 52, 36, 74, 32, 94, 44, 97, 66, 84, 84, 56, 88, 30, 82),
            blob(22, 66, 10, 54, 2, 34, 14, 38, 20, 46, 28, 34, 38, 34, 34, 50, 30, 60)));
    pen.tint(blob(96, 70, 84, 84, 60, 88, 52, 80, 74, 78));
    pen.shade(blob(50, 70, 62, 70, 58, 84, 46, 92));
    pen.eye(82, 58, 4.5);
  }
}
