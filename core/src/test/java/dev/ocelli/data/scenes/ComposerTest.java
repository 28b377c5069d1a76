package dev.ocelli.data.scenes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.Sha256;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ComposerTest {
  private static final int SCENES = 4000;
  private static final Composer COMPOSER = new Composer(7);
  private static final List<Scene> ALL = IntStream.range(0, SCENES).mapToObj(COMPOSER::compose).toList();
  private static final List<Scene> SEEN = ALL.stream().filter(scene -> scene.split() != Scene.Split.UNSEEN).toList();
  private static final List<Scene> UNSEEN = ALL.stream().filter(scene -> scene.split() == Scene.Split.UNSEEN).toList();

  @Test
  void scenesStayTheSameAcrossReleases() {
    SceneTables tables = new SceneTables(new SceneFolder.Settings(50, 7, true));
    SceneQuestions questions = new SceneQuestions(COMPOSER.heldOut());
    String text =
        ALL.subList(0, 50).stream()
            .map(scene -> tables.json(scene) + SceneCaptions.of(scene) + questions.of(scene))
            .collect(Collectors.joining("\n"));
    // Where this changes on purpose, SceneFolder.GENERATOR is raised.
    assertThat(Sha256.of(text)).isEqualTo("71597691c524178adcdc90c5be7a79f2c0908999051f9e1f218391acd87d9fce");
  }

  @Test
  void everySceneOfTenHasItsSplit() {
    assertThat(ALL.subList(0, 10)).extracting(Scene::split).containsOnlyOnce(Scene.Split.TEST, Scene.Split.UNSEEN);
    assertThat(SEEN).hasSize(SCENES / 10 * 9);
  }

  @Test
  void anotherSeedIsAnotherWorld() {
    Composer other = new Composer(8);
    long same = IntStream.range(0, 200).filter(i -> other.compose(i).groups().equals(ALL.get(i).groups())).count();
    assertThat(same).isZero();
    assertThat(heldOutColours(other.heldOut())).isNotEqualTo(heldOutColours(COMPOSER.heldOut()));
  }

  private static Map<ObjectKind, Colour> heldOutColours(HeldOutPairs pairs) {
    Map<ObjectKind, Colour> colours = new EnumMap<>(ObjectKind.class);
    for (ObjectKind kind : ObjectKind.values()) {
      for (Colour colour : Colour.values()) {
        if (pairs.has(kind, colour)) {
          assertThat(colours.put(kind, colour)).as("one colour is held out with each kind").isNull();
        }
      }
    }
    return colours;
  }

  /** From the boxes alone, by a stricter eye than the composer's: 30 degrees off the axis still counts. */
  private static boolean liesTo(Box a, Direction direction, Box b) {
    double dx = a.x() + a.width() / 2.0 - b.x() - b.width() / 2.0;
    double dy = a.y() + a.height() / 2.0 - b.y() - b.height() / 2.0;
    double along =
        switch (direction) {
          case LEFT -> -dx;
          case RIGHT -> dx;
          case ABOVE -> -dy;
          case BELOW -> dy;
        };
    double across = direction == Direction.LEFT || direction == Direction.RIGHT ? dy : dx;
    return along > 0 && Math.abs(across) <= along * Math.tan(Math.toRadians(60));
  }

  @Test
  void heldOutPairsNeverComeTogetherOutsideUnseen() {
    HeldOutPairs heldOut = COMPOSER.heldOut();
    Map<ObjectKind, Colour> colours = heldOutColours(heldOut);
    assertThat(colours).hasSize(ObjectKind.values().length);
    for (Scene scene : SEEN) {
      for (Group a : scene.groups()) {
        assertThat(a.colour()).as(scene.image()).isNotEqualTo(colours.get(a.kind()));
        for (Group b : scene.groups()) {
          for (Direction direction : Direction.values()) {
            if (a != b && heldOut.has(a.kind(), direction)) {
              for (Group.Item i : a.items()) {
                assertThat(b.items()).as(scene.image()).noneMatch(j -> liesTo(i.box(), direction, j.box()));
              }
            }
          }
        }
      }
      assertThat(heldOut.in(scene)).isEmpty();
    }
  }

  @Test
  void nothingWrittenNamesHeldOutPairsOutsideUnseen() {
    Map<ObjectKind, Colour> colours = heldOutColours(COMPOSER.heldOut());
    SceneQuestions questions = new SceneQuestions(COMPOSER.heldOut());
    for (Scene scene : SEEN) {
      String words = SceneCaptions.of(scene) + " " + questions.of(scene).stream().map(q -> q.question() + " " + q.answer()).toList();
      for (ObjectKind kind : ObjectKind.values()) {
        String colour = colours.get(kind).word();
        assertThat(words).doesNotContainPattern("\\b" + colour + " (" + kind.word() + "|" + kind.plural() + ")\\b");
        assertThat(words).doesNotContainPattern("(Is|Are) the (" + kind.word() + "|" + kind.plural() + ") " + colour + "\\b");
        for (Direction direction : Direction.values()) {
          if (COMPOSER.heldOut().has(kind, direction)) {
            assertThat(words).doesNotContainPattern("\\b" + kind.word() + " " + direction.phrase() + " (an? |the )");
            assertThat(words).doesNotContainPattern("with an? [a-z ]*\\b" + kind.word() + " " + direction.aside() + "\\b");
            assertThat(words).doesNotContainPattern(direction.opposite().phrase() + " (the|an?) ([a-z]+ )*" + kind.word() + "\\b");
          }
        }
      }
    }
  }

  @Test
  void everyPartOfAHeldOutPairIsLearntApart() {
    Map<ObjectKind, Set<Colour>> coloursOf = new EnumMap<>(ObjectKind.class);
    Map<ObjectKind, Set<Direction>> directionsOf = new EnumMap<>(ObjectKind.class);
    for (Scene scene : SEEN) {
      scene.groups().forEach(group -> coloursOf.computeIfAbsent(group.kind(), k -> new HashSet<>()).add(group.colour()));
      scene.relations()
          .forEach(r -> directionsOf.computeIfAbsent(scene.groups().get(r.subject()).kind(), k -> new HashSet<>()).add(r.direction()));
    }
    for (ObjectKind kind : ObjectKind.values()) {
      assertThat(coloursOf.get(kind)).as(kind.word()).hasSize(Colour.values().length - 1);
      int heldOut = (int) java.util.Arrays.stream(Direction.values()).filter(d -> COMPOSER.heldOut().has(kind, d)).count();
      assertThat(directionsOf.get(kind)).as(kind.word()).hasSize(Direction.values().length - heldOut);
    }
  }

  @Test
  void everyUnseenSceneShowsAHeldOutPair() {
    for (Scene scene : UNSEEN) {
      assertThat(COMPOSER.heldOut().in(scene)).as(scene.image()).isNotEmpty();
    }
    long byDirection = UNSEEN.stream().filter(s -> s.groups().stream().noneMatch(COMPOSER.heldOut()::has)).count();
    assertThat(byDirection).isBetween(UNSEEN.size() / 4L, UNSEEN.size() / 2L);
  }

  @Test
  void objectsLieApartInTheMiddleOfThePicture() {
    for (Scene scene : ALL) {
      List<Box> boxes = scene.groups().stream().flatMap(group -> group.items().stream()).map(Group.Item::box).toList();
      for (Box box : boxes) {
        assertThat(box.x()).isGreaterThanOrEqualTo(16);
        assertThat(box.y()).isGreaterThanOrEqualTo(16);
        assertThat(box.x() + box.width()).isLessThanOrEqualTo(240);
        assertThat(box.y() + box.height()).isLessThanOrEqualTo(240);
        boxes.forEach(
            other ->
                assertThat(
                        other == box || other.x() >= box.x() + box.width() || box.x() >= other.x() + other.width()
                            || other.y() >= box.y() + box.height() || box.y() >= other.y() + other.height())
                    .as(scene.image())
                    .isTrue());
      }
      assertThat(scene.groups()).extracting(Group::kind).doesNotHaveDuplicates();
    }
  }

  @Test
  void everythingIsDrawnAboutEquallyOften() {
    List<Group> groups = SEEN.stream().flatMap(s -> s.groups().stream()).toList();
    assertThat(share(groups, Group::colour)).hasSize(11).allSatisfy((c, p) -> assertThat(p).isBetween(0.075, 0.11));
    assertThat(share(groups, Group::kind)).hasSize(49).allSatisfy((k, p) -> assertThat(p).isBetween(0.01, 0.035));
    assertThat(share(SEEN, Scene::layout)).hasSize(5).allSatisfy((l, p) -> assertThat(p).isBetween(0.1, 0.33));
    assertThat(share(ALL, scene -> scene.backdrop().kind())).hasSize(6).allSatisfy((k, p) -> assertThat(p).isGreaterThan(0.08));
    assertThat(share(ALL, scene -> scene.damage().blur() > 0)).allSatisfy((k, p) -> assertThat(p).isGreaterThan(0.3));
    assertThat(share(ALL, scene -> scene.damage().noise() > 0)).allSatisfy((k, p) -> assertThat(p).isGreaterThan(0.3));
    assertThat(share(ALL, scene -> scene.damage().jpegQuality() < 92)).allSatisfy((k, p) -> assertThat(p).isGreaterThan(0.3));
  }

  private static <T, K> Map<K, Double> share(List<T> of, Function<T, K> by) {
    return of.stream().collect(Collectors.groupingBy(by, Collectors.collectingAndThen(Collectors.counting(), n -> (double) n / of.size())));
  }

  @Test
  void backgroundsLetObjectsStandOut() {
    for (Scene scene : ALL) {
      for (Group group : scene.groups()) {
        var mean = group.pattern().mean(group.colour());
        assertThat(Colour.distance(mean, scene.backdrop().from())).as(scene.image()).isGreaterThan(100);
        assertThat(Colour.distance(mean, scene.backdrop().to())).as(scene.image()).isGreaterThan(100);
      }
    }
  }
}
