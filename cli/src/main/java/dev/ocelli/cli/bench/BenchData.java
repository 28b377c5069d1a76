package dev.ocelli.cli.bench;

import dev.ocelli.AtomicFile;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;

/**
 * Pictures whose captions have all the same number of tokens, so that both sides of a comparison compute equally much.
 *
 * <p>"dog" is one token of BERT's and of SmolLM2's vocabulary.
 */
final class BenchData {
  /** Photos to train on: a multiple of every batch that is measured. */
  static final int PHOTOS = 160;

  /** A last look at held-out photos needs two. */
  private static final int HELD_OUT = 2;

  private BenchData() {}

  /**
   * Writes the pictures and their captions. The same pictures come out each time, so that their features are computed once.
   *
   * @param words of each caption
   */
  static Path write(Path folder, int words) throws IOException {
    return write(folder, words, PHOTOS);
  }

  /** @param photos to train on */
  static Path write(Path folder, int words, int photos) throws IOException {
    StringBuilder csv = new StringBuilder("image,caption,split\n");
    for (int i = 0; i < photos + HELD_OUT; i++) {
      String name = draw(folder.resolve("images"), i, 224, 224);
      csv.append(name).append(",dog").append(" dog".repeat(words - 1)).append(i < photos ? ",train\n" : ",test\n");
    }
    AtomicFile.write(folder.resolve("captions.csv"), csv.toString());
    return folder;
  }

  /** A folder of exactly so many photos without captions, of the size that photos of Flickr8k have. */
  static Path photos(Path folder, int photos) throws IOException {
    for (int i = 0; i < photos; i++) {
      draw(folder, i, 500, 375);
    }
    return folder;
  }

  /** @return its name */
  private static String draw(Path folder, int seed, int width, int height) throws IOException {
    String name = String.format("picture-%03d.jpg", seed);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(picture(seed, width, height), "jpg", bytes);
    AtomicFile.writeUnforced(folder.resolve(name), bytes.toByteArray());
    return name;
  }

  private static BufferedImage picture(int seed, int width, int height) {
    Random random = new Random(seed);
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = image.createGraphics();
    for (int i = 0; i < 60; i++) {
      pen.setColor(new Color(random.nextInt(1 << 24)));
      pen.fillOval(random.nextInt(width) - 30, random.nextInt(height) - 30, random.nextInt(90), random.nextInt(90));
    }
    pen.dispose();
    return image;
  }
}
