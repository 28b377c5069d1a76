package dev.ocelli.data.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.Progress;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.CaptionStyle;
import dev.ocelli.data.SplitSettings;
import dev.ocelli.data.check.DataReport.Verdict;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DataCheckTest {
  @TempDir Path dir;

  private final StringBuilder rows = new StringBuilder("image,caption,split\n");

  private void photo(String name, int seed, int side, String caption, String split) throws IOException {
    Random random = new Random(seed);
    BufferedImage image = new BufferedImage(240, 180, BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = image.createGraphics();
    for (int i = 0; i < 40; i++) {
      Color colour = new Color(random.nextInt(1 << 24));
      pen.setPaint(new GradientPaint(random.nextInt(240), random.nextInt(180), colour, random.nextInt(240), 0, colour.darker()));
      pen.fillOval(random.nextInt(240) - 30, random.nextInt(180) - 30, 20 + random.nextInt(90), 20 + random.nextInt(90));
    }
    pen.dispose();
    BufferedImage sized = new BufferedImage(side, side * 3 / 4, BufferedImage.TYPE_INT_RGB);
    sized.createGraphics().drawImage(image.getScaledInstance(side, side * 3 / 4, java.awt.Image.SCALE_AREA_AVERAGING), 0, 0, null);
    ImageIO.write(sized, name.substring(name.lastIndexOf('.') + 1), dir.resolve(name).toFile());
    row(name, caption, split);
  }

  private void row(String name, String caption, String split) {
    rows.append(name).append(',').append(caption).append(',').append(split).append('\n');
  }

  private DataReport check() throws IOException {
    Files.writeString(dir.resolve("captions.csv"), rows);
    return DataCheck.of(CaptionFolder.read(dir, new SplitSettings(0.1, 0.1, 1)), new CaptionStyle(true, true), 1, 2, Progress.NONE);
  }

  @Test
  void nothingToFind() throws IOException {
    for (int i = 0; i < 100; i++) {
      photo("p" + i + ".png", i, 80 + i % 3, "number " + i + " is here", i < 90 ? "train" : "test");
    }
    row("p0.png", "zero", "train");
    DataReport report = check();
    assertThat(report.findings()).isEmpty();
    assertThat(report.verdict()).isEqualTo(Verdict.FINE);
    assertThat(report.pictures().formats()).containsEntry("png", 100);
    assertThat(report.pictures().width()).isEqualTo(new DataReport.Range(80, 81, 82));
    assertThat(report.pictures().parts()).containsEntry("test", 10);
    assertThat(report.captions().count()).isEqualTo(101);
    assertThat(report.captions().words()).isEqualTo(new DataReport.Range(1, 4, 4));
    assertThat(report.captions().perPhoto()).isEqualTo(new DataReport.Range(1, 1, 2));
    assertThat(report.captions().differentWords()).isEqualTo(104);
  }

  @Test
  void whatTrainingRefusesIsToBeMended() throws IOException {
    photo("p0.png", 0, 80, "a dog", "train");
    photo("p1.png", 1, 80, ".", "train");
    assertThat(check().findings()).anyMatch(f -> f.verdict() == Verdict.MEND && f.text().contains("1 captions have no words") && f.text().contains("row 3: p1.png"));
  }

  @Test
  void copiesBrokenAndMissing() throws IOException {
    for (int i = 0; i < 8; i++) {
      photo("p" + i + ".png", i, 160, i < 6 ? "always the same" : "another " + i, i < 6 ? "train" : "test");
    }
    Files.copy(dir.resolve("p0.png"), dir.resolve("same.png"));
    row("same.png", "x", "test");
    photo("small.jpg", 1, 90, "y", "test");
    photo("alike.jpg", 2, 120, "z", "train");
    Files.writeString(dir.resolve("broken.jpg"), "no picture");
    row("broken.jpg", "w", "train");
    row("gone.jpg", "v", "train");
    DataReport report = check();
    assertThat(report.verdict()).isEqualTo(Verdict.MEND);
    assertThat(report.pictures().broken()).extracting(DataReport.Bad::image).containsExactly("broken.jpg");
    assertThat(report.pictures().missing()).extracting(DataReport.Bad::image).containsExactly("gone.jpg");
    DataReport.Duplicates copies = report.duplicates();
    assertThat(copies.exact()).isEqualTo(1);
    assertThat(copies.exactCrossing()).isEqualTo(1);
    assertThat(copies.near()).isEqualTo(2);
    assertThat(copies.nearCrossing()).isEqualTo(1);
    assertThat(copies.groups()).extracting(DataReport.Group::images)
        .containsExactly(
            java.util.List.of("p0.png", "same.png"), java.util.List.of("p1.png", "small.jpg"), java.util.List.of("alike.jpg", "p2.png"));
    assertThat(report.captions().repeated()).containsEntry("always the same", 6);
    assertThat(report.findings()).extracting(DataReport.Finding::text)
        .anyMatch(text -> text.startsWith("1 photos are missing and 1 can't be read"))
        .anyMatch(text -> text.contains("equal photos lie in training and held-out"))
        .anyMatch(text -> text.contains("look alike lie in training and held-out"))
        .anyMatch(text -> text.contains("6 photos share the caption"));
  }
}
