package dev.ocelli.server;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.interactions.Actions;

/**
 * Makes the pictures of the playground in docs, by hand: arguments are the address of a running server, a picture, the word to point at, and
 * a folder for playground-WIDTH-SCHEME.jpg.
 */
final class PlaygroundPictures {
  private PlaygroundPictures() {}

  public static void main(String[] arguments) throws Exception {
    Path temp = Files.createTempDirectory("playground");
    try (Browser browser = new Browser(temp)) {
      for (String scheme : new String[] {"light", "dark"}) {
        for (int[] size : new int[][] {{1280, 1060}, {390, 1180}}) {
          browser.look(size[0], size[1], scheme);
          browser.driver.get(arguments[0]);
          browser.until("ready", () -> browser.find("#state").getText().startsWith("Ready"));
          save(browser, Path.of(arguments[3], "empty-" + size[0] + "-" + scheme + ".jpg"));
          browser.find("#file").sendKeys(Path.of(arguments[1]).toAbsolutePath().toString());
          var others = browser.all("#other option");
          others.get(others.size() - 1).click();
          browser.find("#go").click();
          browser.until(
              "answered", () -> browser.find("#go").getText().equals("Ask") && browser.all(".facts button").size() == 2);
          var words = browser.all("button.word");
          var word = words.stream().filter(w -> w.getText().equals(arguments[2])).findFirst().orElse(words.get(0));
          word.click();
          new Actions(browser.driver).moveToElement(browser.find("h1")).perform();
          browser.run("window.scrollTo(0, 0);");
          save(browser, Path.of(arguments[3], "playground-" + size[0] + "-" + scheme + ".jpg"));
          System.out.println(browser.driver.findElement(By.cssSelector("#answers")).getText());
        }
      }
    }
  }

  private static void save(Browser browser, Path file) throws Exception {
    BufferedImage shot = ImageIO.read(new ByteArrayInputStream(browser.driver.getScreenshotAs(OutputType.BYTES)));
    BufferedImage opaque = new BufferedImage(shot.getWidth(), shot.getHeight(), BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = opaque.createGraphics();
    pen.drawImage(shot, 0, 0, null);
    pen.dispose();
    ImageIO.write(opaque, "jpg", file.toFile());
  }
}
