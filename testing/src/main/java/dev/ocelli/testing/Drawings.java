package dev.ocelli.testing;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;

/** A data folder of coloured shapes with captions. */
public final class Drawings {
  private static final List<Color> COLOURS = List.of(Color.RED, Color.GREEN, Color.BLUE, Color.YELLOW);
  private static final List<String> NAMES = List.of("red", "green", "blue", "yellow");
  private static final List<String> SHAPES = List.of("circle", "square", "triangle");

  private Drawings() {}

  /** Up to 24 pictures, each another, with two captions each. */
  public static Path write(Path folder, int pictures) {
    StringBuilder csv = new StringBuilder("image,caption\n");
    try {
      Files.createDirectories(folder.resolve("images"));
      for (int i = 0; i < pictures; i++) {
        String name = String.format("drawing-%02d.png", i);
        ImageIO.write(draw(i), "png", folder.resolve("images").resolve(name).toFile());
        String colour = NAMES.get(i % 4);
        String shape = SHAPES.get(i / 4 % 3);
        csv.append(name).append(",A ").append(colour).append(' ').append(shape).append(".\n");
        csv.append(name).append(",\"The ").append(shape).append(" is ").append(colour).append(".\"\n");
      }
      Files.writeString(folder.resolve("captions.csv"), csv);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return folder;
  }

  private static BufferedImage draw(int i) {
    BufferedImage image = new BufferedImage(96, 96, BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = image.createGraphics();
    pen.setColor(Color.WHITE);
    pen.fillRect(0, 0, 96, 96);
    pen.setColor(COLOURS.get(i % 4));
    int at = 10 + 12 * (i / 12);
    switch (i / 4 % 3) {
      case 0 -> pen.fillOval(at, at, 60, 60);
      case 1 -> pen.fillRect(at, at, 60, 60);
      default -> pen.fillPolygon(new int[] {at, at + 60, at + 30}, new int[] {at + 60, at + 60, at}, 3);
    }
    pen.dispose();
    return image;
  }
}
