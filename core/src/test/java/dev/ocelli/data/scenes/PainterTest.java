package dev.ocelli.data.scenes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.image.ImageReader;
import dev.ocelli.image.RgbImage;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PainterTest {
  private static final Color BEHIND = new Color(205, 222, 238);
  private static final Damage NONE = new Damage(0, 0, 92);

  private static Scene scene(Group group, Backdrop.Kind kind, Damage damage) {
    Backdrop backdrop = new Backdrop(kind, BEHIND, new Color(240, 240, 234), 30, 25);
    return new Scene(7, 0, Scene.Split.TRAIN, Scene.Layout.SINGLE, List.of(group), backdrop, damage);
  }

  private static Group one(ObjectKind kind, Colour colour, Pattern pattern, boolean mirrored) {
    double width = kind.extent().getWidth();
    double height = kind.extent().getHeight();
    double scale = 160 / Math.max(width, height);
    Box box = new Box(31, 37, (int) Math.round(width * scale), (int) Math.round(height * scale));
    return new Group(kind, colour, pattern, Size.LARGE, List.of(new Group.Item(box, mirrored)));
  }

  /** Left, top, right and bottom of all pixels that differ from the plain background. */
  private static int[] drawn(BufferedImage image) {
    int[] edges = {Scene.SIDE, Scene.SIDE, 0, 0};
    for (int y = 0; y < Scene.SIDE; y++) {
      for (int x = 0; x < Scene.SIDE; x++) {
        if (Colour.distance(new Color(image.getRGB(x, y)), BEHIND) > 12) {
          edges = new int[] {Math.min(edges[0], x), Math.min(edges[1], y), Math.max(edges[2], x + 1), Math.max(edges[3], y + 1)};
        }
      }
    }
    return edges;
  }

  @ParameterizedTest
  @EnumSource
  void boxesFitToThePixel(ObjectKind kind) {
    for (boolean mirrored : new boolean[] {false, true}) {
      Group group = one(kind, Colour.RED, Pattern.PLAIN, mirrored);
      int[] edges = drawn(Painter.paint(scene(group, Backdrop.Kind.PLAIN, NONE)));
      Box box = group.box();
      int[] wanted = {box.x(), box.y(), box.right(), box.bottom()};
      for (int i = 0; i < 4; i++) {
        assertThat(edges[i]).as(kind + " side " + i).isBetween(wanted[i] - 1, wanted[i] + 1);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theColourNamedIsTheOneThatPrevails(Colour colour) {
    for (ObjectKind kind : ObjectKind.values()) {
      BufferedImage image = Painter.paint(scene(one(kind, colour, Pattern.PLAIN, false), Backdrop.Kind.PLAIN, NONE));
      int[] nearest = new int[Colour.values().length];
      for (int pixel : image.getRGB(0, 0, Scene.SIDE, Scene.SIDE, null, 0, Scene.SIDE)) {
        for (Colour other : Colour.values()) {
          nearest[other.ordinal()] += Colour.distance(new Color(pixel), other.body()) < 12 ? 1 : 0;
        }
      }
      int most = IntStream.range(0, nearest.length).reduce(0, (a, b) -> nearest[a] >= nearest[b] ? a : b);
      assertThat(Colour.values()[most]).as(kind.word()).isEqualTo(colour);
    }
  }

  @ParameterizedTest
  @EnumSource
  void patternsShow(Pattern pattern) {
    BufferedImage plain = Painter.paint(scene(one(ObjectKind.SQUARE, Colour.BLUE, Pattern.PLAIN, false), Backdrop.Kind.PLAIN, NONE));
    BufferedImage image = Painter.paint(scene(one(ObjectKind.SQUARE, Colour.BLUE, pattern, false), Backdrop.Kind.PLAIN, NONE));
    assertThat(share(plain, image, 30)).isBetween(pattern == Pattern.PLAIN ? 0 : 0.04, pattern == Pattern.PLAIN ? 0 : 0.25);
  }

  @ParameterizedTest
  @EnumSource
  void backgroundsDiffer(Backdrop.Kind kind) {
    Group group = one(ObjectKind.KEY, Colour.BLUE, Pattern.PLAIN, false);
    BufferedImage plain = Painter.paint(scene(group, Backdrop.Kind.PLAIN, NONE));
    double changed = share(plain, Painter.paint(scene(group, kind, NONE)), 3);
    assertThat(changed).isBetween(kind == Backdrop.Kind.PLAIN ? 0 : 0.05, kind == Backdrop.Kind.PLAIN ? 0 : 0.97);
  }

  private static double share(BufferedImage a, BufferedImage b, double distance) {
    int n = 0;
    for (int y = 0; y < Scene.SIDE; y++) {
      for (int x = 0; x < Scene.SIDE; x++) {
        n += Colour.distance(new Color(a.getRGB(x, y)), new Color(b.getRGB(x, y))) > distance ? 1 : 0;
      }
    }
    return n / (double) (Scene.SIDE * Scene.SIDE);
  }

  @Test
  void damageDoesWhatItSays() {
    Group group = one(ObjectKind.STAR, Colour.BLACK, Pattern.PLAIN, false);
    RgbImage clean = read(scene(group, Backdrop.Kind.PLAIN, NONE));
    // A corner, far from the object: mean and deviation are those of the noise.
    RgbImage noisy = read(scene(group, Backdrop.Kind.PLAIN, new Damage(0, 9, 92)));
    double[] corner = moments(noisy, 0, 30);
    assertThat(corner[0]).isBetween(BEHIND.getGreen() - 1.5, BEHIND.getGreen() + 1.5);
    assertThat(corner[1]).isBetween(8.0, 10.0);
    assertThat(moments(clean, 0, 30)[1]).isLessThan(0.5);
    // Blur widens the step from black to light, and changes nothing else on the whole.
    RgbImage blurred = read(scene(group, Backdrop.Kind.PLAIN, new Damage(1.6, 0, 92)));
    assertThat(steepest(blurred)).isLessThan(steepest(clean) * 55 / 100);
    assertThat(moments(blurred, 0, 256)[0]).isBetween(moments(clean, 0, 256)[0] - 0.5, moments(clean, 0, 256)[0] + 0.5);
    assertThat(Painter.jpeg(scene(group, Backdrop.Kind.WAVY, new Damage(0, 0, 18))).length)
        .isLessThan(Painter.jpeg(scene(group, Backdrop.Kind.WAVY, NONE)).length / 2);
  }

  private static RgbImage read(Scene scene) {
    return ImageReader.read(Painter.jpeg(scene), "a scene");
  }

  private static int green(RgbImage image, int x, int y) {
    return image.rgb()[3 * (y * image.width() + x) + 1] & 255;
  }

  /** Mean and standard deviation of green in a square at the top left. */
  private static double[] moments(RgbImage image, int from, int to) {
    double sum = 0;
    double squares = 0;
    for (int y = from; y < to; y++) {
      for (int x = from; x < to; x++) {
        sum += green(image, x, y);
        squares += green(image, x, y) * green(image, x, y);
      }
    }
    double n = (to - from) * (to - from);
    return new double[] {sum / n, Math.sqrt(squares / n - sum / n * (sum / n))};
  }

  private static int steepest(RgbImage image) {
    int most = 0;
    for (int x = 1; x < Scene.SIDE; x++) {
      most = Math.max(most, Math.abs(green(image, x, 120) - green(image, x - 1, 120)));
    }
    return most;
  }

  @Test
  void theSameSceneGivesTheSameBytes() {
    Composer composer = new Composer(3);
    for (int i = 0; i < 30; i++) {
      assertThat(Painter.jpeg(composer.compose(i))).isEqualTo(Painter.jpeg(new Composer(3).compose(i)));
    }
  }
}
