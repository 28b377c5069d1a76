package dev.ocelli.data.scenes;

import dev.ocelli.data.Draws;
import dev.ocelli.image.JpegWriter;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.Arrays;

/** Draws scenes. The same scene gives the same bytes with the same version of Java. Threads may share nothing here, and needn't. */
public final class Painter {
  private static final int SIDE = Scene.SIDE;

  private Painter() {}

  /** The scene as a JPEG file, with its damage. */
  public static byte[] jpeg(Scene scene) {
    BufferedImage image = paint(scene);
    blur(image, scene.damage().blur());
    addNoise(image, scene);
    return JpegWriter.write(image, scene.damage().jpegQuality());
  }

  /** The scene without damage. */
  static BufferedImage paint(Scene scene) {
    BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
    image.setRGB(0, 0, SIDE, SIDE, backdrop(scene), 0, SIDE);
    Graphics2D canvas = image.createGraphics();
    canvas.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    canvas.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    for (Group group : scene.groups()) {
      for (Group.Item item : group.items()) {
        draw((Graphics2D) canvas.create(), group, item);
      }
    }
    canvas.dispose();
    return image;
  }

  private static void draw(Graphics2D canvas, Group group, Group.Item item) {
    Rectangle2D extent = group.kind().extent();
    Box box = item.box();
    canvas.translate(item.mirrored() ? box.right() : box.x(), box.y());
    canvas.scale((item.mirrored() ? -1 : 1) * box.width() / extent.getWidth(), box.height() / extent.getHeight());
    canvas.translate(-extent.getX(), -extent.getY());
    group.kind().draw(new Pen(canvas, group.colour(), group.pattern()));
    canvas.dispose();
  }

  /** How far each pixel is from the first to the second colour. */
  private static int[] backdrop(Scene scene) {
    Backdrop backdrop = scene.backdrop();
    double cos = Math.cos(Math.toRadians(backdrop.turn()));
    double sin = Math.sin(Math.toRadians(backdrop.turn()));
    int[] rgb = new int[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        double along = (x - SIDE / 2) * cos + (y - SIDE / 2) * sin;
        double across = (y - SIDE / 2) * cos - (x - SIDE / 2) * sin;
        double share =
            switch (backdrop.kind()) {
              case PLAIN -> 0;
              case GRADED -> along / (SIDE * 1.42) + 0.5;
              case CLOUDY -> clouds(scene, x, y);
              case TILED -> nearLine(x, backdrop.scale()) || nearLine(y, backdrop.scale()) ? 1 : 0;
              case SPECKLED -> Draws.uniform(scene.seed(), "speckles", scene.index(), (y / 2) * SIDE + x / 2) < 0.12 ? 1 : 0;
              case WAVY -> wave(along, across, backdrop.scale());
            };
        rgb[y * SIDE + x] = between(backdrop.from(), backdrop.to(), Math.max(0, Math.min(1, share)));
      }
    }
    return rgb;
  }

  private static double wave(double along, double across, double scale) {
    return 0.5 + 0.5 * Math.sin(2 * Math.PI / scale * (along + scale / 3 * Math.sin(across / scale)));
  }

  private static boolean nearLine(int at, double scale) {
    return at % scale < 2;
  }

  private static int between(Color from, Color to, double share) {
    return Colour.mixed(from, to, share).getRGB();
  }

  /** Smoothed values of a lattice, in three octaves. */
  private static double clouds(Scene scene, int x, int y) {
    double sum = 0;
    double weight = 0.5;
    double cell = 2 * scene.backdrop().scale();
    for (int octave = 0; octave < 3; octave++) {
      double left = Math.floor(x / cell);
      double top = Math.floor(y / cell);
      double u = smooth(x / cell - left);
      double v = smooth(y / cell - top);
      double above = lattice(scene, octave, left, top) * (1 - u) + lattice(scene, octave, left + 1, top) * u;
      double below = lattice(scene, octave, left, top + 1) * (1 - u) + lattice(scene, octave, left + 1, top + 1) * u;
      sum += weight * (above * (1 - v) + below * v);
      weight /= 2;
      cell /= 2;
    }
    return (sum - 0.2) * 1.8;
  }

  private static double lattice(Scene scene, int octave, double x, double y) {
    return Draws.uniform(scene.seed(), "clouds", scene.index(), (octave << 20) + ((int) y << 10) + (int) x);
  }

  private static double smooth(double t) {
    return t * t * (3 - 2 * t);
  }

  private static void addNoise(BufferedImage image, Scene scene) {
    double deviation = scene.damage().noise();
    if (deviation == 0) {
      return;
    }
    int[] rgb = image.getRGB(0, 0, SIDE, SIDE, null, 0, SIDE);
    for (int i = 0; i < rgb.length; i++) {
      int change = (int) Math.round(deviation * Draws.gaussian(scene.seed(), "noise", scene.index(), i));
      rgb[i] = clip((rgb[i] >> 16 & 255) + change) << 16 | clip((rgb[i] >> 8 & 255) + change) << 8 | clip((rgb[i] & 255) + change);
    }
    image.setRGB(0, 0, SIDE, SIDE, rgb, 0, SIDE);
  }

  private static void blur(BufferedImage image, double deviation) {
    if (deviation == 0) {
      return;
    }
    int reach = (int) Math.ceil(3 * deviation);
    double[] weights = new double[2 * reach + 1];
    for (int i = -reach; i <= reach; i++) {
      weights[i + reach] = Math.exp(-i * i / (2 * deviation * deviation));
    }
    double sum = Arrays.stream(weights).sum();
    int[] rgb = image.getRGB(0, 0, SIDE, SIDE, null, 0, SIDE);
    // Turned twice, rows and columns are smoothed by the same code.
    image.setRGB(0, 0, SIDE, SIDE, smoothed(smoothed(rgb, weights, sum), weights, sum), 0, SIDE);
  }

  /** Smooths along the rows and exchanges rows and columns; the last pixel goes on beyond the edge. */
  private static int[] smoothed(int[] rgb, double[] weights, double sum) {
    int reach = weights.length / 2;
    int[] turned = new int[rgb.length];
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        double red = 0;
        double green = 0;
        double blue = 0;
        for (int i = -reach; i <= reach; i++) {
          int pixel = rgb[y * SIDE + Math.max(0, Math.min(SIDE - 1, x + i))];
          double weight = weights[i + reach] / sum;
          red += weight * (pixel >> 16 & 255);
          green += weight * (pixel >> 8 & 255);
          blue += weight * (pixel & 255);
        }
        turned[x * SIDE + y] = clip((int) Math.round(red)) << 16 | clip((int) Math.round(green)) << 8 | clip((int) Math.round(blue));
      }
    }
    return turned;
  }

  private static int clip(int value) {
    return Math.max(0, Math.min(255, value));
  }
}
