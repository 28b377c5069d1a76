package dev.ocelli.data.scenes;

import java.awt.Color;
import java.util.Locale;

/** The colour of an object, with the shades its parts are drawn in. */
public enum Colour {
  RED(214, 38, 40),
  ORANGE(245, 130, 24),
  YELLOW(250, 215, 40),
  GREEN(46, 150, 56),
  BLUE(36, 92, 210),
  PURPLE(128, 50, 170),
  PINK(248, 140, 188),
  BROWN(125, 76, 38),
  BLACK(28, 28, 32),
  WHITE(246, 246, 246),
  GREY(132, 136, 142);

  private static final int DARK = 60;
  private static final int LIGHT = 170;

  private final Color body;

  Colour(int red, int green, int blue) {
    this.body = new Color(red, green, blue);
  }

  /** As captions say it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  Color body() {
    return body;
  }

  /** Parts that lie in the shadow: darker, but lighter where the body is black. */
  Color shade() {
    return isDark() ? mixed(body, Color.WHITE, 0.25) : mixed(body, Color.BLACK, 0.25);
  }

  /** Parts that catch the light. */
  Color tint() {
    return isDark() ? mixed(body, Color.WHITE, 0.4) : mixed(body, Color.WHITE, 0.55);
  }

  /** Stripes, spots and squares on the body. */
  Color figure() {
    // White, grey and black stay apart on the average too.
    return switch (this) {
      case WHITE -> mixed(body, Color.BLACK, 0.2);
      case GREY -> mixed(body, Color.BLACK, 0.45);
      case BLACK -> mixed(body, Color.WHITE, 0.35);
      default -> luminance(body) > LIGHT ? mixed(body, Color.BLACK, 0.35) : mixed(body, Color.WHITE, 0.62);
    };
  }

  /** The line around the body. */
  Color edge() {
    return isDark() ? mixed(body, Color.WHITE, 0.4) : mixed(body, Color.BLACK, 0.5);
  }

  /** Eyes, wheels and lines on the body. */
  Color ink() {
    return isDark() ? new Color(222, 222, 226) : new Color(34, 34, 38);
  }

  /** How far two colours lie apart for the eye, roughly, from 0 to about 765 (the weights of Riemersma's "redmean"). */
  static double distance(Color a, Color b) {
    double mean = (a.getRed() + b.getRed()) / 2.0;
    double red = a.getRed() - b.getRed();
    double green = a.getGreen() - b.getGreen();
    double blue = a.getBlue() - b.getBlue();
    return Math.sqrt((2 + mean / 256) * red * red + 4 * green * green + (2 + (255 - mean) / 256) * blue * blue);
  }

  static Color mixed(Color from, Color to, double share) {
    return new Color(
        (int) Math.round(from.getRed() + share * (to.getRed() - from.getRed())),
        (int) Math.round(from.getGreen() + share * (to.getGreen() - from.getGreen())),
        (int) Math.round(from.getBlue() + share * (to.getBlue() - from.getBlue())));
  }

  private boolean isDark() {
    return luminance(body) < DARK;
  }

  private static double luminance(Color c) {
    return 0.299 * c.getRed() + 0.587 * c.getGreen() + 0.114 * c.getBlue();
  }
}
