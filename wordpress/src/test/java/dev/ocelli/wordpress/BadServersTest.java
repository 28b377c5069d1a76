package dev.ocelli.wordpress;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the server does, the upload is there, the editor hears why its text isn't, and it comes once the server is well. */
@Tag("system")
class BadServersTest {
  private static final CountDownLatch NEVER = new CountDownLatch(1);

  private final Site site = Site.shared();

  /** @param notice what the editor reads, in part */
  record Bad(String name, StandIn.Manner manner, String notice) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Bad bad(String name, int status, String type, String body, String notice) {
    return new Bad(name, asked -> new StandIn.Reply(status, type, body, Map.of()), notice);
  }

  static Stream<Bad> bad() {
    String nonsense = "is not an Ocelli server, or a broken one";
    return Stream.of(
        new Bad(
            "slow",
            asked -> {
              NEVER.await();
              return StandIn.Reply.text("too late");
            },
            "did not answer in time"),
        bad("too late itself", 504, "application/json", "{\"error\":{\"message\":\"m\",\"code\":\"timeout\"}}", "did not answer in time"),
        bad("another site", 200, "text/html", "<html><h1>It works!</h1></html>", nonsense),
        bad("not there", 404, "text/html", "<h1>Not Found</h1>", nonsense + " (status 404)"),
        bad("nothing", 200, "application/json", "", nonsense),
        bad("half an answer", 200, "application/json", "{\"text\": \"a red", nonsense),
        bad("no text", 200, "application/json", "{\"answer\": \"a red circle\"}", nonsense),
        bad("a text that is none", 200, "application/json", "{\"text\": [\"a\", 3]}", nonsense),
        bad("bytes", 200, "application/octet-stream", "\u0000\u00ff\u00fe\u0001", nonsense),
        bad("broken", 500, "application/json", "{\"error\":{\"message\":\"Something went wrong\",\"code\":\"internal_error\"}}", "The Ocelli server failed: Something went wrong"),
        bad("a broken proxy", 502, "text/html", "<h1>Bad Gateway</h1>", "cannot be reached (status 502)"),
        bad("loading", 503, "application/json", "{\"error\":{\"message\":\"The models are being loaded.\",\"code\":\"loading\"}}", "has too much to do now"),
        bad("no such model", 404, "application/json", "{\"error\":{\"message\":\"There is no model x. There are: one.\",\"code\":\"model_not_found\"}}", "There is no model x. There are: one."),
        new Bad("elsewhere", asked -> new StandIn.Reply(302, "text/html", "", Map.of("Location", "http://127.0.0.1:9/")), nonsense + " (status 302)"));
  }

  @BeforeEach
  void empty() {
    site.empty();
  }

  private void holds(String address, String settings, String notice) {
    site.set("'address' => '" + address + "', 'timeout' => 5" + settings);
    Person editor = new Person(site, "editor");
    int image = editor.upload(OcelliServe.drawing(0));
    Processes.await("trouble", () -> {
      site.visit();
      return !editor.get("/ocelli-alt-text/v1/queue").json().get("trouble").asText().isEmpty();
    });
    // Where pictures are seen.
    String page = editor.page("/wp-admin/upload.php?mode=list").body();
    assertThat(page).contains("Alternative texts wait.", notice, "1 picture waits; nothing is lost.");
    assertThat(site.texts(image)).isEqualTo(new Site.Texts("", "", "", "waiting"));
    // Whoever asks by hand hears it at once.
    Person.Answer asked = editor.post("/ocelli-alt-text/v1/images/" + image + "/describe", "{\"save\": true}");
    assertThat(asked.status()).isEqualTo(502);
    assertThat(asked.json().get("message").asText()).contains(notice);
    assertThat(site.log()).contains("Ocelli Alt Text: picture " + image + ": ");
    // The server is mended, and somebody says so or its time has come.
    OcelliServe serve = OcelliServe.shared();
    site.php(
        "update_option( 'ocelli_alt_text_settings', array_merge( get_option( 'ocelli_alt_text_settings' ), array( 'address' => '%s', 'adapter' => '', 'token' => '' ) ) );",
        serve.address());
    Processes.await("the text", () -> {
      site.visit();
      return !site.texts(image).alt().isEmpty();
    });
    assertThat(site.texts(image)).isEqualTo(new Site.Texts(UploadTest.capital(serve.says(OcelliServe.drawing(0), "")), "", "", ""));
    Processes.await("the end of trouble", () -> !editor.page("/wp-admin/upload.php?mode=list").body().contains("Alternative texts wait."));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void theEditorIsToldAndNothingIsLost(Bad bad) {
    try (StandIn server = new StandIn(bad.manner)) {
      holds(server.address(), "", bad.notice);
    }
  }

  @Test
  void theServerIsDown() throws Exception {
    holds("http://127.0.0.1:" + Site.freePort(), "", "cannot be reached");
  }

  @Test
  void theTokenIsWrong() throws Exception {
    java.nio.file.Path file = java.nio.file.Files.createTempFile("ocelli", ".token");
    java.nio.file.Files.writeString(file, OcelliServe.TOKEN);
    try (OcelliServe guarded = new OcelliServe("--token-file", file.toString())) {
      holds(guarded.address(), ", 'token' => 'another-token-of-some-length'", "refuses the token");
      site.empty();
      site.set("'address' => '" + guarded.address() + "', 'token' => '" + OcelliServe.TOKEN + "'");
      int image = new Person(site, "editor").upload(OcelliServe.drawing(1));
      Processes.await("the text", () -> {
        site.visit();
        return !site.texts(image).alt().isEmpty();
      });
    }
  }

  /** A picture that makes the server fail can't hold up the others for ever. */
  @Test
  void onePictureThatBreaksTheServerIsSetAside() {
    String poison = java.util.Base64.getEncoder().encodeToString(bytes(3));
    try (StandIn server =
        new StandIn(
            asked ->
                asked.json().get("image").asText().equals(poison)
                    ? StandIn.Reply.error(500, "internal_error", "Something went wrong")
                    : StandIn.Reply.text("words"))) {
      site.set("'address' => '" + server.address() + "', 'on_upload' => false");
      int good = site.add(OcelliServe.drawing(2));
      int bad = site.add(OcelliServe.drawing(3));
      Person editor = new Person(site, "editor");
      editor.post("/ocelli-alt-text/v1/queue/add", "{\"review\": false}");
      Processes.await("the end", () -> {
        site.php("( new Ocelli\\AltText\\Trouble() )->forgive();"); // as the time passes
        editor.post("/ocelli-alt-text/v1/queue/work", "{}");
        return site.texts(bad).state().equals("failed") && !site.texts(good).alt().isEmpty();
      });
      assertThat(server.asked().stream().filter(a -> a.json().get("image").asText().equals(poison))).hasSize(3);
      server.manner(asked -> StandIn.Reply.text("mended"));
      editor.post("/ocelli-alt-text/v1/queue/retry", "{}");
      Processes.await("the text", () -> {
        site.visit();
        return site.texts(bad).alt().equals("Mended");
      });
    }
  }

  /** A picture's own text can do no harm in a page. */
  @Test
  void aHostileAnswerIsPlainText() {
    String hostile = "<script>alert(1)</script>\" onload=\"x\" <img src=x onerror=y> & 'quoted' %3Cb%3E";
    try (StandIn server = new StandIn(asked -> StandIn.Reply.text(hostile))) {
      site.set("'address' => '" + server.address() + "', 'fields' => array( 'alt', 'caption', 'description' )");
      Person editor = new Person(site, "editor");
      int image = editor.upload(OcelliServe.drawing(0));
      Processes.await("the text", () -> {
        site.visit();
        return !site.texts(image).alt().isEmpty();
      });
      Site.Texts texts = site.texts(image);
      assertThat(texts.alt() + texts.caption() + texts.description()).doesNotContain("<", "script");
      String page = editor.page("/wp-admin/upload.php?mode=list").body();
      // The text's first letter has become a capital.
      assertThat(page).doesNotContainIgnoringCase("onload=\"x\"").containsIgnoringCase("onload=&quot;x&quot;");
    }
  }

  private static byte[] bytes(int drawing) {
    try {
      return java.nio.file.Files.readAllBytes(OcelliServe.drawing(drawing));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
