package dev.ocelli.wordpress;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.logging.Level;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;

/** Debian's Chromium without a window, in which somebody has logged in. It can reach this machine only. */
final class Chromium implements AutoCloseable {
  private final Site site;
  private final ChromeDriver driver;

  Chromium(Site site, String name) {
    this.site = site;
    ChromeOptions options = new ChromeOptions();
    options.setBinary("/usr/bin/chromium");
    options.addArguments(
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-prefers-reduced-motion", "--lang=en-US",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--user-data-dir=" + folder());
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.SEVERE);
    options.setCapability("goog:loggingPrefs", logs);
    driver =
        new ChromeDriver(
            new ChromeDriverService.Builder().usingDriverExecutable(Path.of("/usr/bin/chromedriver").toFile()).usingAnyFreePort().build(),
            options);
    driver.manage().window().setSize(new Dimension(1200, 900));
    open("/wp-login.php");
    type("#user_login", name);
    type("#user_pass", name + "-password");
    driver.findElement(By.id("loginform")).submit();
    find("#wpadminbar");
  }

  private static Path folder() {
    try {
      return Files.createTempDirectory("ocelli-chromium");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void open(String path) {
    driver.get(site.url() + path);
  }

  /** Waits for an element that can be seen. */
  WebElement find(String css) {
    return new WebDriverWait(driver, Duration.ofSeconds(60))
        .withMessage(css)
        .until(d -> d.findElements(By.cssSelector(css)).stream().filter(WebElement::isDisplayed).findFirst().orElse(null));
  }

  List<WebElement> all(String css) {
    return driver.findElements(By.cssSelector(css));
  }

  void click(String css) {
    WebElement element = find(css);
    run("arguments[0].scrollIntoView({block: 'center'});", element);
    element.click();
  }

  void type(String css, String text) {
    WebElement element = find(css);
    element.clear();
    element.sendKeys(text);
  }

  /** Waits until an element says something. */
  void says(String css, String text) {
    new WebDriverWait(driver, Duration.ofSeconds(60))
        .withMessage(() -> css + " says " + driver.findElements(By.cssSelector(css)).stream().map(WebElement::getText).toList() + ", not " + text)
        // The page may change between the look and the reading.
        .ignoring(StaleElementReferenceException.class)
        .until(d -> d.findElements(By.cssSelector(css)).stream().anyMatch(e -> said(e).contains(text)));
  }

  private static String said(WebElement element) {
    String value = element.getDomProperty("value");
    return element.getText() + (value == null ? "" : value);
  }

  Object run(String script, Object... arguments) {
    return ((JavascriptExecutor) driver).executeScript(script, arguments);
  }

  /** What the pages' scripts complained of since the last look. */
  List<String> complaints() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream().map(LogEntry::getMessage).toList();
  }

  /** Keeps a picture of the window in {@code target/screenshots}. */
  void picture(String name) {
    try {
      Path folder = Files.createDirectories(Site.MODULE.resolve("target/screenshots"));
      Files.write(folder.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    driver.quit();
  }
}
