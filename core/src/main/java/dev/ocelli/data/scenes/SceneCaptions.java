package dev.ocelli.data.scenes;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What people might write below a scene. Every caption names all groups with colour, object and count and, where there are two objects,
 * how they lie; some say more. None says what the picture doesn't show.
 */
public final class SceneCaptions {
  /** Captions a scene, as in the usual data sets. */
  public static final int COUNT = 5;

  private SceneCaptions() {}

  /** Captions that all differ. */
  public static List<String> of(Scene scene) {
    Set<String> captions = new LinkedHashSet<>();
    Dice dice = new Dice(scene.seed(), "captions", scene.index());
    while (captions.size() < COUNT) {
      captions.add(Wording.sentence(framed(dice, scene), '.'));
    }
    return List.copyOf(captions);
  }

  private static String framed(Dice dice, Scene scene) {
    String what = what(dice, scene) + (dice.chance(0.25) ? " against " + scene.backdrop().phrase() : "");
    return switch (dice.below(6)) {
      case 0, 1 -> what;
      case 2 -> (what.startsWith("a ") || what.startsWith("an ") ? "there is " : "there are ") + what;
      case 3 -> dice.pick("a picture of ", "a drawing of ") + what;
      case 4 -> dice.pick("the picture shows ", "this shows ") + what;
      default -> dice.pick("you can see ", "here we see ") + what;
    };
  }

  private static String what(Dice dice, Scene scene) {
    return switch (scene.layout()) {
      case SINGLE -> single(dice, scene);
      case PAIR -> pair(dice, scene);
      case COUNT, COUNTS, SEVERAL -> {
        List<String> parts = new ArrayList<>();
        for (Group group : dice.shuffled(scene.groups())) {
          parts.add(Wording.phrase(group, false, dice.chance(0.6)));
        }
        yield Wording.list(parts);
      }
    };
  }

  private static String single(Dice dice, Scene scene) {
    Group group = scene.groups().get(0);
    String phrase = Wording.phrase(group, dice.chance(0.6), dice.chance(0.7));
    return dice.chance(0.5) ? phrase + " " + scene.place(group).phrase() : phrase;
  }

  private static String pair(Dice dice, Scene scene) {
    Scene.Relation relation = dice.pick(scene.relations());
    String subject = Wording.phrase(scene.groups().get(relation.subject()), dice.chance(0.5), dice.chance(0.5));
    String reference = Wording.phrase(scene.groups().get(relation.reference()), dice.chance(0.5), dice.chance(0.5));
    return dice.chance(0.3)
        ? reference + " with " + subject + " " + relation.direction().aside()
        : subject + " " + relation.direction().phrase() + " " + reference;
  }
}
