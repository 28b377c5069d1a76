package dev.ocelli.data.scenes;

import dev.ocelli.data.scenes.Question.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Questions about a scene, at most one of each kind (and two of yes or no). Yes and no come equally often, and so do the answers of the
 * other kinds as far as scenes do, so that the words alone help little. Questions about unseen scenes are about their held-out pairs;
 * those about other scenes never name such a pair, not even to deny it.
 */
public final class SceneQuestions {
  private static final List<Pattern> PATTERNED = List.of(Pattern.STRIPED, Pattern.SPOTTED, Pattern.CHECKED);

  private final HeldOutPairs heldOut;

  public SceneQuestions(HeldOutPairs heldOut) {
    this.heldOut = heldOut;
  }

  public List<Question> of(Scene scene) {
    Dice dice = new Dice(scene.seed(), "questions", scene.index());
    boolean unseen = scene.split() == Scene.Split.UNSEEN;
    List<Group> groups = scene.groups().stream().filter(group -> !unseen || heldOut.has(group)).toList();
    List<Scene.Relation> relations =
        scene.relations().stream().filter(relation -> !unseen || heldOut.has(scene.groups(), relation)).toList();
    List<Question> questions = new ArrayList<>();
    if (!groups.isEmpty()) {
      Group group = dice.pick(groups);
      questions.add(existence(dice, scene, group));
      if (scene.layout() == Scene.Layout.COUNT || scene.layout() == Scene.Layout.COUNTS) {
        questions.add(count(dice, group));
      }
      questions.add(colour(dice, group));
      // A large object has room in the middle only.
      if (scene.layout() != Scene.Layout.PAIR && scene.place(group) != null && group.size() != Size.LARGE) {
        questions.add(position(dice, scene, group));
      }
      questions.add(isIt(dice, group));
      if (scene.layout() == Scene.Layout.SINGLE) {
        questions.add(whatIsIt(dice, group));
      }
      if (scene.groups().size() == 2) {
        comparison(dice, scene, questions);
      }
    }
    if (!relations.isEmpty()) {
      Scene.Relation relation = dice.pick(relations);
      // Of some pairs only the truth may be said: no fair question.
      if (unseen || mayBeDenied(scene, relation)) {
        questions.add(isItThere(dice, scene, relation));
      }
      List<Scene.Relation> single = relations.stream().filter(r -> isAloneThere(scene, r)).toList();
      if (!single.isEmpty()) {
        questions.add(whatIsThere(dice, scene, dice.pick(single)));
      }
    }
    return questions;
  }

  /** Every second one is about an object that isn't there, or not in that colour. */
  private Question existence(Dice dice, Scene scene, Group group) {
    boolean yes = dice.chance(0.5);
    boolean coloured = dice.chance(0.5);
    ObjectKind kind = yes || coloured && dice.chance(0.5) ? group.kind() : absent(dice, scene);
    Colour colour = yes ? group.colour() : otherColour(dice, kind, kind == group.kind() ? group.colour() : null);
    String thing = Wording.withArticle(coloured ? colour.word() + " " + kind.word() : kind.word());
    return new Question(
        switch (dice.below(3)) {
          case 0 -> "Is there " + thing + " in the picture?";
          case 1 -> "Does the picture show " + thing + "?";
          default -> "Can you see " + thing + "?";
        },
        yes ? "yes" : "no",
        Kind.EXISTENCE);
  }

  private static Question count(Dice dice, Group group) {
    String things = group.kind().plural();
    return new Question(
        dice.pick("How many " + things + " are there?", "How many " + things + " does the picture show?", "Count the " + things + "."),
        Wording.number(group.count()),
        Kind.COUNT);
  }

  private static Question colour(Dice dice, Group group) {
    String noun = Wording.noun(group);
    String are = are(group);
    String does = group.count() == 1 ? "does" : "do";
    return new Question(
        dice.pick("What colour " + are + " the " + noun + "?", "Which colour " + does + " the " + noun + " have?"),
        group.colour().word(),
        Kind.COLOUR);
  }

  private static Question position(Dice dice, Scene scene, Group group) {
    String noun = group.kind().word();
    return new Question(
        dice.pick("Where is the " + noun + "?", "In which part of the picture is the " + noun + "?"),
        scene.place(group).word(),
        Kind.POSITION);
  }

  /** Is it of this colour, or of this pattern? Plain ones are too many to ask for patterns fairly. */
  private Question isIt(Dice dice, Group group) {
    boolean yes = dice.chance(0.5);
    String what;
    if (group.pattern() == Pattern.PLAIN || dice.chance(0.4)) {
      what = yes ? group.colour().word() : otherColour(dice, group.kind(), group.colour()).word();
    } else {
      Pattern other = dice.pick(PATTERNED.stream().filter(pattern -> pattern != group.pattern()).toList());
      what = (yes ? group.pattern() : other).word();
    }
    return new Question(
        Wording.sentence(are(group), ' ') + "the " + Wording.noun(group) + " " + what + "?", yes ? "yes" : "no", Kind.YES_NO);
  }

  /** Of counts, or of sizes that differ by a class. */
  private static void comparison(Dice dice, Scene scene, List<Question> questions) {
    List<Group> order = dice.shuffled(scene.groups());
    Group a = order.get(0);
    Group b = order.get(1);
    boolean which = dice.chance(0.5);
    if (scene.layout() == Scene.Layout.COUNTS) {
      Group more = a.count() > b.count() ? a : b;
      String first = a.kind().plural();
      String second = b.kind().plural();
      questions.add(
          which
              ? new Question("Are there more " + first + " or more " + second + "?", more.kind().plural(), Kind.COMPARISON)
              : new Question("Are there more " + first + " than " + second + "?", more == a ? "yes" : "no", Kind.COMPARISON));
    } else if (a.size() != b.size()) {
      Group larger = a.size().compareTo(b.size()) > 0 ? a : b;
      String first = a.kind().word();
      String second = b.kind().word();
      questions.add(
          which
              ? new Question("Which is larger, the " + first + " or the " + second + "?", larger.kind().word(), Kind.COMPARISON)
              : new Question("Is the " + first + " larger than the " + second + "?", larger == a ? "yes" : "no", Kind.COMPARISON));
    }
  }

  private boolean mayBeDenied(Scene scene, Scene.Relation relation) {
    return !heldOut.has(scene.groups(), new Scene.Relation(relation.subject(), relation.direction().opposite(), relation.reference()));
  }

  /** Whether nothing else could be meant by what is in this direction from the reference. */
  private static boolean isAloneThere(Scene scene, Scene.Relation relation) {
    Group subject = scene.groups().get(relation.subject());
    Group reference = scene.groups().get(relation.reference());
    return scene.groups().stream()
        .filter(group -> group != subject && group != reference)
        .noneMatch(group -> Direction.possible(group.box(), reference.box()).contains(relation.direction()));
  }

  /** Is this to the left of that? Where it isn't, it is on the other side. */
  private static Question isItThere(Dice dice, Scene scene, Scene.Relation relation) {
    boolean yes = dice.chance(0.5);
    Direction direction = yes ? relation.direction() : relation.direction().opposite();
    String subject = scene.groups().get(relation.subject()).kind().word();
    String reference = scene.groups().get(relation.reference()).kind().word();
    return new Question("Is the " + subject + " " + direction.phrase() + " the " + reference + "?", yes ? "yes" : "no", Kind.YES_NO);
  }

  private static Question whatIsIt(Dice dice, Group group) {
    return new Question(
        dice.pick("What is in the picture?", "What does the picture show?", "What is this?"), group.kind().word(), Kind.OBJECT);
  }

  private static Question whatIsThere(Dice dice, Scene scene, Scene.Relation relation) {
    String reference = scene.groups().get(relation.reference()).kind().word();
    String where = relation.direction().phrase() + " the " + reference;
    return new Question(
        dice.pick("What is " + where + "?", "Which object is " + where + "?"),
        scene.groups().get(relation.subject()).kind().word(),
        Kind.OBJECT);
  }

  private static String are(Group group) {
    return group.count() == 1 ? "is" : "are";
  }

  private static ObjectKind absent(Dice dice, Scene scene) {
    ObjectKind kind = dice.pick(ObjectKind.values());
    while (contains(scene, kind)) {
      kind = dice.pick(ObjectKind.values());
    }
    return kind;
  }

  private static boolean contains(Scene scene, ObjectKind kind) {
    return scene.groups().stream().anyMatch(group -> group.kind() == kind);
  }

  /** A colour that the object hasn't, and may be named with. */
  private Colour otherColour(Dice dice, ObjectKind kind, Colour not) {
    Colour colour = dice.pick(Colour.values());
    while (colour == not || heldOut.has(kind, colour)) {
      colour = dice.pick(Colour.values());
    }
    return colour;
  }
}
