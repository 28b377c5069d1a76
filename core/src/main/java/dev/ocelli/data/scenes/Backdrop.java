package dev.ocelli.data.scenes;

import java.awt.Color;
import java.util.List;
import java.util.Locale;

/**
 * What objects stand before.
 *
 * @param from its colour
 * @param to the other end of a graded one, the figure of a textured one
 * @param turn in degrees, of gradient and texture
 * @param scale of the texture, in pixels
 */
public record Backdrop(Kind kind, Color from, Color to, double turn, double scale) {
  /** How it is filled. */
  public enum Kind {
    PLAIN,
    GRADED,
    CLOUDY,
    TILED,
    SPECKLED,
    WAVY;

    /** As captions say it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** How far objects stand out at least, by {@link Colour#distance}. */
  private static final double CONTRAST = 130;

  private static final List<Color> TONES =
      List.of(
          new Color(240, 240, 234), new Color(205, 222, 238), new Color(220, 236, 208), new Color(246, 226, 204),
          new Color(242, 214, 226), new Color(214, 206, 234), new Color(252, 246, 210), new Color(186, 192, 198),
          new Color(164, 190, 168), new Color(146, 170, 200), new Color(196, 168, 146), new Color(176, 150, 176),
          new Color(92, 106, 128), new Color(82, 104, 90), new Color(112, 90, 102), new Color(96, 92, 84));

  private static final int TRIES = 200;

  /** One that every group stands out from, or null where there seems to be none. */
  static Backdrop draw(Dice dice, List<Group> groups) {
    for (int i = 0; i < TRIES; i++) {
      Backdrop backdrop = draw(dice);
      if (groups.stream().allMatch(backdrop::contrasts)) {
        return backdrop;
      }
    }
    return null;
  }

  private static Backdrop draw(Dice dice) {
    Kind kind = Kind.values()[dice.weighted(3, 3, 1.2, 1.2, 1.2, 1.2)];
    Color from = dice.pick(TONES);
    Color to = kind == Kind.GRADED ? dice.pick(TONES) : Colour.mixed(from, dice.pick(Color.BLACK, Color.WHITE), 0.16);
    return new Backdrop(kind, from, to, dice.between(0, 360), dice.between(18, 40));
  }

  private boolean contrasts(Group group) {
    // A gradient from light to dark passes through grey.
    for (double share : new double[] {0, 0.5, 1}) {
      if (Colour.distance(group.pattern().mean(group.colour()), Colour.mixed(from, to, share)) < CONTRAST) {
        return false;
      }
    }
    return true;
  }

  /** As in "a tiled background". */
  String phrase() {
    return "a " + kind.word() + " background";
  }
}
