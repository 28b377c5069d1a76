package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.interactions.Actions;

/** The page at /, in a real Chromium before a real server. */
@Tag("system")
class PlaygroundTest {
  private static final String QUESTION = "what is the shape?";

  @TempDir static Path temp;

  private static TestServer server;
  private static Browser browser;

  @BeforeAll
  static void start() throws IOException {
    server = new TestServer();
    browser = new Browser(temp);
    for (int i = 0; i < 8; i++) {
      Files.write(temp.resolve("drawing-" + i + ".png"), TestServer.drawing(i));
    }
  }

  @AfterAll
  static void stop() {
    browser.close();
    server.close();
  }

  @BeforeEach
  void open() {
    browser.look(1280, 900, "light");
    browser.driver.get(server.server.address() + "/");
    browser.until("ready", () -> browser.find("#state").getText().startsWith("Ready"));
    browser.complaints();
  }

  private static void choose(int drawing) {
    browser.find("#file").sendKeys(temp.resolve("drawing-" + drawing + ".png").toString());
    browser.until("the picture is shown", () -> browser.find("#image").isDisplayed());
  }

  private static void ask(String question) {
    WebElement prompt = browser.find("#prompt");
    prompt.clear();
    prompt.sendKeys(question + Keys.ENTER);
    answered();
  }

  private static void answered() {
    browser.until(
        "answered, with maps",
        () -> browser.find("#go").getText().equals("Ask") && !browser.all(".answer").isEmpty()
            && browser.all(".answer").stream().allMatch(card -> !card.findElements(By.cssSelector(".facts button")).isEmpty()));
  }

  private static String vision(int drawing, String adapter, boolean adapters) {
    String body = "{\"image\": \"%s\", \"prompt\": \"%s\", \"adapter\": \"%s\", \"use_lora\": %s}";
    return TestServer.json(server.post("/v1/vision", String.format(body, TestServer.base64(drawing), QUESTION, adapter, adapters))).get("text").asText();
  }

  /** How dark the map makes the picture at a place: 0 to 255. */
  private static long darkness(double x, double y) {
    return (long)
        browser.run(
            "const c = document.getElementById('map');"
                + "return c.getContext('2d').getImageData(Math.floor(arguments[0] * c.width), Math.floor(arguments[1] * c.height), 1, 1).data[3];",
            x, y);
  }

  @Test
  void aWordShowsWhereTheModelLooked() {
    choose(4);
    ask(QUESTION);
    String said = vision(4, "one", true);
    assertThat(browser.find(".words").getText()).isEqualTo(said);
    List<WebElement> words = browser.all("button.word");
    assertThat(words).isNotEmpty();
    assertThat(darkness(0.5, 0.5)).as("no map yet").isZero();
    String body = "{\"image\": \"%s\", \"prompt\": \"%s\", \"text\": \"%s\"}";
    JsonNode maps = TestServer.json(server.post("/v1/maps", String.format(body, TestServer.base64(4), QUESTION, said)));
    assertThat(words).hasSize(maps.get("words").size());
    new Actions(browser.driver).moveToElement(words.get(0)).perform();
    browser.until("the map is drawn", () -> browser.find("#where").getText().contains(words.get(0).getText()));
    // Four patches: the brightest corner is the map's largest number.
    JsonNode map = maps.get("words").get(0).get("map");
    int best = 0;
    int worst = 0;
    for (int i = 1; i < 4; i++) {
      best = map.get(i).asDouble() > map.get(best).asDouble() ? i : best;
      worst = map.get(i).asDouble() < map.get(worst).asDouble() ? i : worst;
    }
    long bright = darkness(0.02 + 0.96 * (best % 2), 0.02 + 0.96 * (best / 2));
    long dark = darkness(0.02 + 0.96 * (worst % 2), 0.02 + 0.96 * (worst / 2));
    assertThat(dark).isGreaterThan(180);
    assertThat(bright).isLessThan(20);
    String where = List.of("top left", "top right", "bottom left", "bottom right").get(best);
    assertThat(browser.find("#where").getText()).contains(where);
    assertThat(words.get(0).getAttribute("aria-label")).startsWith(words.get(0).getText()).contains(where);
    new Actions(browser.driver).moveToElement(browser.find("h1")).perform();
    browser.until("the map goes", () -> darkness(0.02, 0.02) == 0 && darkness(0.98, 0.98) == 0);
    words.get(0).click();
    new Actions(browser.driver).moveToElement(browser.find("h1")).perform();
    assertThat(words.get(0).getAttribute("aria-pressed")).isEqualTo("true");
    assertThat(browser.find("#where").getText()).as("it stays").contains(words.get(0).getText());
  }

  @Test
  void theKeyboardIsEnough() {
    browser.find("#file").sendKeys(temp.resolve("drawing-1.png").toString());
    browser.find("#prompt").click();
    new Actions(browser.driver).sendKeys(QUESTION).sendKeys(Keys.ENTER).perform();
    answered();
    for (int i = 0; i < 12 && !focused().startsWith("word"); i++) {
      new Actions(browser.driver).sendKeys(Keys.TAB).perform();
    }
    assertThat(focused()).isEqualTo("word shown");
    List<WebElement> words = browser.all("button.word");
    assertThat(browser.find("#where").getText()).contains(words.get(0).getText());
    new Actions(browser.driver).sendKeys(Keys.END).perform();
    assertThat(browser.driver.switchTo().activeElement()).isEqualTo(words.get(words.size() - 1));
    assertThat(browser.find("#where").getText()).contains(words.get(words.size() - 1).getText());
    new Actions(browser.driver).sendKeys(Keys.TAB).perform();
    assertThat(browser.driver.switchTo().activeElement().getText()).as("one stop for all words").isEqualTo("On average");
    assertThat(browser.find("#where").getText()).contains("On average");
    assertThat(browser.find("#status").getAttribute("textContent")).as("read out").contains(vision(1, "one", true));
  }

  private static String focused() {
    return (String) browser.run("return document.activeElement.className;");
  }

  @Test
  void twoRunsAnswerSideBySide() {
    choose(6);
    browser.select("#model", "two");
    browser.select("#other", "two, without its adapters");
    ask(QUESTION);
    List<WebElement> cards = browser.all(".answer");
    assertThat(cards).hasSize(2);
    assertThat(cards.get(0).findElement(By.cssSelector(".words")).getText()).isEqualTo(vision(6, "two", true));
    assertThat(cards.get(1).findElement(By.cssSelector(".words")).getText()).isEqualTo(vision(6, "two", false)).isNotEqualTo(vision(6, "two", true));
    assertThat(cards.get(0).getLocation().y).isEqualTo(cards.get(1).getLocation().y);
    assertThat(cards.get(0).getLocation().x).isLessThan(cards.get(1).getLocation().x);
  }

  @Test
  void picturesAreDroppedPastedAndPhotographed() {
    String file =
        "const bytes = Uint8Array.from(atob(arguments[0]), c => c.charCodeAt(0));"
            + "const data = new DataTransfer(); data.items.add(new File([bytes], arguments[1], {type: 'image/png'}));";
    browser.run(file + "document.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));", TestServer.base64(2), "dropped.png");
    browser.until("the dropped picture is shown", () -> browser.find("#code").getText().contains("dropped.png"));
    browser.run(file + "document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}));", TestServer.base64(3), "pasted.png");
    browser.until("the pasted picture is shown", () -> browser.find("#code").getText().contains("pasted.png"));
    browser.find("#camera").click();
    browser.until("the camera shows something", () -> (boolean) browser.run("return document.getElementById('video').videoWidth > 0;"));
    browser.find("#shoot").click();
    browser.until("the photo is shown", () -> browser.find("#code").getText().contains("photo.jpg"));
    assertThat(browser.run("return document.getElementById('video').srcObject;")).as("the camera is off again").isNull();
    ask(QUESTION);
    assertThat(browser.find(".words").getText()).isNotEmpty();
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void mistakesAreSaid() throws IOException {
    browser.find("#go").click();
    assertThat(browser.find("#ask-error").getText()).contains("picture");
    Path text = Files.writeString(temp.resolve("notes.txt"), "no picture");
    browser.find("#file").sendKeys(text.toString());
    browser.until("said", () -> browser.find("#picture-error").getText().contains("no picture"));
    browser.find("#file").sendKeys(Files.write(temp.resolve("broken.png"), new byte[] {1, 2, 3}).toString());
    browser.until("said", () -> browser.find("#picture-error").getText().contains("can't show"));
    choose(0);
    browser.run("document.querySelector('details').open = true;");
    browser.find("#max-tokens").sendKeys("1");
    browser.find("#temperature").sendKeys("9");
    browser.run("document.getElementById('temperature').max = '';");
    browser.run("document.getElementById('max-tokens').min = ''; document.getElementById('max-tokens').value = '-1';");
    browser.find("#go").click();
    browser.until("the server's own words", () -> browser.find(".answer .error").getText().contains("max_tokens"));
  }

  @Test
  void theTokenIsAskedFor() {
    String token = "a-token-of-many-letters";
    ServerSettings usual = TestServer.settings();
    ServerSettings guarded =
        new ServerSettings(usual.runs(), usual.host(), 0, token, null, null, List.of(), List.of(), false, usual.limits());
    try (TestServer shut = new TestServer(guarded)) {
      browser.driver.get(shut.server.address() + "/");
      browser.until("a token is asked for", () -> browser.find("#token").isDisplayed());
      browser.find("#token").sendKeys("wrong" + Keys.TAB);
      browser.until("it is refused", () -> browser.find("#ask-error").getText().contains("token"));
      browser.find("#token").clear();
      browser.find("#token").sendKeys(token + Keys.TAB);
      browser.until("ready", () -> browser.find("#state").getText().startsWith("Ready"));
      choose(2);
      ask(QUESTION);
      assertThat(browser.find(".words").getText()).isEqualTo(vision(2, "one", true));
      assertThat(browser.find("#code").getText()).contains("Authorization: Bearer $OCELLI_TOKEN").doesNotContain(token);
    }
  }

  /** Each of the four programs, as copied, run where the picture lies. */
  @ParameterizedTest
  @CsvSource({"curl,call.sh,sh", "python,call.py,python3", "java,Ask.java,java", "php,call.php,php"})
  void theCodeRuns(String language, String file, String program) throws Exception {
    String awkward = "what's \"the\" shape \\ of \u00e9\u6771?";
    choose(5);
    browser.select("#model", "two, without its adapters");
    browser.find("#prompt").sendKeys(awkward);
    browser.find("input[value=" + language + "]").click();
    String code = (String) browser.run("return document.getElementById('code').textContent;");
    Files.writeString(temp.resolve(file), code);
    ProcessBuilder builder = new ProcessBuilder(program, file).directory(temp.toFile()).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(code + output).isZero();
    String body = TestServer.JSON.writeValueAsString(Map.of("image", TestServer.base64(5), "prompt", awkward, "adapter", "two", "use_lora", false));
    String expected = TestServer.json(server.post("/v1/vision", body)).get("text").asText();
    assertThat(output).as(code).contains(expected);
    if (language.equals("python") || language.equals("php")) {
      assertThat(output.strip()).isEqualTo(expected);
    }
    assertThat(expected).isNotEqualTo(TestServer.json(server.post("/v1/vision", body.replace("false", "true"))).get("text").asText());
  }

  @Test
  void nothingComesFromElsewhere() {
    choose(3);
    ask(QUESTION);
    browser.all("button.word").get(0).click();
    @SuppressWarnings("unchecked")
    List<String> loaded = (List<String>) browser.run("return performance.getEntriesByType('resource').map(e => e.name);");
    assertThat(loaded).hasSizeGreaterThan(5).allMatch(name -> name.startsWith(server.server.address()) || name.startsWith("blob:") || name.startsWith("data:"));
    assertThat(browser.complaints()).isEmpty();
    // And it could not: the policy refuses other servers, code in the page, and frames.
    Object outside =
        browser.driver.executeAsyncScript(
            "const done = arguments[0]; fetch('http://127.0.0.1:9/').then(() => done('let through'), e => done(String(e)));");
    assertThat(outside.toString()).contains("TypeError");
    browser.run("const i = document.createElement('img'); i.src = 'http://127.0.0.1:9/a.png'; document.body.append(i);");
    for (String code :
        List.of(
            "const s = document.createElement('script'); s.textContent = 'window.broken = 1'; document.body.append(s);",
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken = 1\">');")) {
      assertThat(browser.run("try { " + code + " return 'let through'; } catch (e) { return e.name; }")).isEqualTo("TypeError");
    }
    assertThat(browser.run("return window.broken === undefined;")).isEqualTo(true);
    browser.until("the policy's word", () -> browser.run("return document.querySelector('img[src*=\":9/\"]').complete;").equals(true));
    assertThat(browser.complaints()).anyMatch(line -> line.contains("connect-src")).anyMatch(line -> line.contains("img-src"));
    assertThat(server.get("/").headers().firstValue("content-security-policy")).hasValueSatisfying(
        policy -> assertThat(policy).startsWith("default-src 'none'").contains("frame-ancestors 'none'").doesNotContain("unsafe"));
  }

  @ParameterizedTest
  @CsvSource({"1280,900,light", "1280,900,dark", "390,844,light", "390,844,dark", "320,640,light"})
  void anybodyCanUseIt(int width, int height, String scheme) {
    browser.look(width, height, scheme);
    browser.driver.navigate().refresh();
    browser.until("ready", () -> browser.find("#state").getText().startsWith("Ready"));
    assertThat(browser.violations()).as("before a picture").isEmpty();
    assertFits();
    choose(7);
    browser.select("#other", "two");
    ask(QUESTION);
    browser.run("document.querySelector('details').open = true;");
    browser.all("button.word").get(0).click();
    assertThat(browser.violations()).as("with answers").isEmpty();
    assertFits();
    String ground = (String) browser.run("return getComputedStyle(document.body).backgroundColor;");
    assertThat(ground).isEqualTo(scheme.equals("dark") ? "rgb(20, 23, 26)" : "rgb(246, 245, 241)");
    browser.find("#camera").click();
    browser.until("the camera shows something", () -> (boolean) browser.run("return document.getElementById('video').videoWidth > 0;"));
    assertThat(browser.violations()).as("with the camera").isEmpty();
    browser.find("#camera-cancel").click();
    browser.run("document.getElementById('token-row').hidden = false;");
    browser.run("document.querySelector('.answer').append(Object.assign(document.createElement('p'), {className: 'error', textContent: 'wrong'}));");
    assertThat(browser.violations()).as("with errors").isEmpty();
  }

  private static void assertFits() {
    assertThat(browser.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth;")).as("nothing juts out").isEqualTo(true);
  }
}
