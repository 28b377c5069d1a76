package dev.ocelli.data.scenes;

import static dev.ocelli.data.scenes.Outlines.arc;
import static dev.ocelli.data.scenes.Outlines.blob;
import static dev.ocelli.data.scenes.Outlines.curve;
import static dev.ocelli.data.scenes.Outlines.line;
import static dev.ocelli.data.scenes.Outlines.oval;
import static dev.ocelli.data.scenes.Outlines.poly;

/** Fruit. */
final class Fruit {
  private static final double[][] SEEDS = {
    {30, 44}, {50, 46}, {70, 44}, {40, 60}, {60, 60}, {32, 72}, {50, 76}, {68, 72}, {22, 56}, {78, 56}
  };

  private Fruit() {}

  static void apple(Pen pen) {
    pen.body(blob(50, 29, 66, 20, 86, 28, 91, 52, 80, 82, 62, 96, 50, 92, 38, 96, 20, 82, 9, 52, 14, 28, 34, 20));
    pen.wire(4, curve(50, 32, 49, 18, 54, 6));
    pen.shade(blob(54, 20, 62, 7, 82, 4, 76, 18));
    pen.tint(blob(22, 44, 28, 34, 34, 36, 28, 50));
  }

  static void banana(Pen pen) {
    pen.body(blob(15, 14, 19, 8, 26, 12, 28, 30, 40, 52, 62, 66, 88, 66, 97, 70, 96, 76, 80, 88, 56, 91, 32, 80, 17, 56, 13, 32));
    pen.ink(2, curve(23, 22, 27, 50, 46, 72, 74, 79, 90, 74));
    pen.ink(poly(13, 16, 16, 5, 25, 6, 26, 15));
    pen.ink(oval(96, 72, 4, 4.5));
  }

  static void pear(Pen pen) {
    pen.body(blob(50, 16, 61, 21, 65, 38, 77, 54, 82, 74, 71, 93, 50, 97, 29, 93, 18, 74, 23, 54, 35, 38, 39, 21));
    pen.wire(4, curve(50, 18, 50, 10, 55, 2));
    pen.shade(blob(54, 13, 64, 4, 80, 6, 72, 16));
    pen.tint(blob(30, 64, 35, 56, 40, 60, 34, 76));
  }

  static void cherry(Pen pen) {
    pen.wire(3, curve(30, 62, 38, 34, 62, 8));
    pen.wire(3, curve(72, 66, 70, 34, 62, 8));
    pen.shade(blob(60, 10, 74, 2, 96, 10, 88, 24, 72, 24));
    pen.body(oval(28, 74, 23, 22));
    pen.body(oval(73, 77, 23, 21));
    pen.tint(oval(20, 67, 4, 5));
    pen.tint(oval(65, 70, 4, 5));
  }

  static void strawberry(Pen pen) {
    pen.body(blob(50, 24, 72, 18, 90, 32, 86, 56, 68, 84, 50, 98, 32, 84, 14, 56, 10, 32, 28, 18));
    for (double[] seed : SEEDS) {
      pen.ink(oval(seed[0], seed[1], 1.8, 3));
    }
    pen.shade(poly(50, 16, 62, 4, 66, 16, 88, 14, 76, 28, 64, 26, 58, 38, 50, 27, 42, 38, 36, 26, 24, 28, 12, 14, 34, 16, 38, 4));
    pen.wire(3.5, line(50, 16, 52, 4));
  }

  static void pineapple(Pen pen) {
    pen.shade(poly(50, 36, 18, 22, 36, 22, 24, 4, 43, 16, 50, 0, 57, 16, 76, 4, 64, 22, 82, 22));
    pen.body(oval(50, 65, 27, 34));
    pen.ink(1.8, line(30, 46, 66, 92));
    pen.ink(1.8, line(42, 36, 76, 78));
    pen.ink(1.8, line(24, 62, 50, 97));
    pen.ink(1.8, line(70, 46, 34, 92));
    pen.ink(1.8, line(58, 36, 24, 78));
    pen.ink(1.8, line(76, 62, 50, 97));
  }

  static void watermelon(Pen pen) {
    pen.shade(arc(50, 32, 49, 54, 180, 180, true));
    pen.glass(arc(50, 32, 43, 47, 180, 180, true));
    pen.body(arc(50, 32, 38, 41, 180, 180, true));
    for (double[] seed : new double[][] {{26, 42}, {42, 44}, {58, 44}, {74, 42}, {34, 56}, {50, 60}, {66, 56}}) {
      pen.ink(oval(seed[0], seed[1], 2, 3.4));
    }
  }
}
