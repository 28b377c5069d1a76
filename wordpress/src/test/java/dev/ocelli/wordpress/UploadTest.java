package dev.ocelli.wordpress;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What becomes of a picture after its upload. */
@Tag("system")
class UploadTest {
  private final Site site = Site.shared();

  @BeforeEach
  void empty() {
    site.empty();
  }

  /** Whatever a test did, PHP had nothing to say of the plugin's code. */
  @AfterEach
  void noWarnings() {
    assertThat(site.log().lines().filter(line -> line.contains("PHP") && line.contains("plugins/ocelli-alt-text"))).isEmpty();
  }

  private Site.Texts settled(int image) {
    Processes.await(
        "the end of picture " + image,
        () -> {
          site.visit();
          String state = site.texts(image).state();
          return !state.equals("waiting") && !state.equals("working");
        });
    return site.texts(image);
  }

  /** As an alternative text begins. */
  static String capital(String text) {
    return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }

  /** A server that answers nobody before the gate is open. */
  private static StandIn waitingFor(CountDownLatch gate) {
    return new StandIn(
        asked -> {
          gate.await();
          return StandIn.Reply.text("the model's words");
        });
  }

  @Test
  void anUploadGetsWhatTheModelSays() {
    OcelliServe serve = OcelliServe.shared();
    site.set("'address' => '" + serve.address() + "'");
    Person author = new Person(site, "author");
    for (int drawing : new int[] {0, 6}) {
      int image = author.upload(OcelliServe.drawing(drawing));
      assertThat(settled(image)).isEqualTo(new Site.Texts(capital(serve.says(OcelliServe.drawing(drawing), "")), "", "", ""));
    }
  }

  @Test
  void neitherTheUploadNorAHumanWaitsForTheServer() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    try (StandIn slow = waitingFor(gate)) {
      site.set("'address' => '" + slow.address() + "', 'timeout' => 120, 'fields' => array( 'alt', 'caption' )");
      Person author = new Person(site, "author");
      int image = author.upload(OcelliServe.drawing(1)); // It comes back, though the server never answers.
      Processes.await("a call", () -> {
        site.visit();
        return !slow.asked().isEmpty();
      });
      assertThat(site.texts(image).state()).isEqualTo("working");
      assertThat(author.post("/wp/v2/media/" + image, "{\"alt_text\": \"A human's words\"}").status()).isEqualTo(200);
      gate.countDown();
      assertThat(settled(image)).isEqualTo(new Site.Texts("A human's words", "the model's words", "", ""));
    }
  }

  /** Nobody is logged in where the background works, so that WordPress would clean what an administrator was allowed to write. */
  @Test
  void whatPeopleDecideMeanwhileStays() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    String frame = "<iframe src=\"https://example.com/\"></iframe>";
    try (StandIn slow = waitingFor(gate)) {
      site.set("'address' => '" + slow.address() + "', 'timeout' => 120, 'fields' => array( 'alt', 'caption' )");
      Person editor = new Person(site, "editor");
      int decorative = editor.upload(OcelliServe.drawing(2));
      Processes.await("a call", () -> {
        site.visit();
        return site.texts(decorative).state().equals("working");
      });
      int framed = editor.upload(OcelliServe.drawing(1)); // Its turn comes after.
      site.php("kses_remove_filters(); wp_update_post( array( 'ID' => %d, 'post_content' => '" + frame + "' ) );", framed);
      assertThat(editor.post("/ocelli-alt-text/v1/images/" + decorative + "/decorative", "{\"decorative\": true}").status()).isEqualTo(200);
      gate.countDown();
      assertThat(settled(framed)).isEqualTo(new Site.Texts("The model's words", "the model's words", frame, ""));
      assertThat(site.texts(decorative)).isEqualTo(new Site.Texts("", "", "", "decorative"));
    }
  }

  @Test
  void theServerIsAskedAsTheSettingsSay() throws Exception {
    try (StandIn server = new StandIn(asked -> StandIn.Reply.text("A photo of a square,\n <b>blue</b>"))) {
      site.set(
          "'address' => '" + server.address() + "', 'token' => 'secret-of-16-signs', 'adapter' => 'plants', 'context' => 'We sell oak.',"
              + "'prompt' => 'Describe it. {context} {site}: {title} ({file})', 'fields' => array( 'alt', 'description' )");
      int post = site.php("return wp_insert_post( array( 'post_title' => 'Chairs & \"tables\"', 'post_status' => 'publish' ) );").asInt();
      int image = new Person(site, "editor").upload(OcelliServe.drawing(2));
      site.php("wp_update_post( array( 'ID' => %d, 'post_parent' => %d ) );", image, post);
      assertThat(settled(image)).isEqualTo(new Site.Texts("A square, blue", "", "A photo of a square, blue", ""));
      StandIn.Asked asked = server.asked().get(server.asked().size() - 1);
      assertThat(asked.path()).isEqualTo("/v1/vision");
      assertThat(asked.headers().get("Authorization")).containsExactly("Bearer secret-of-16-signs");
      assertThat(asked.json().get("adapter").asText()).isEqualTo("plants");
      assertThat(asked.json().get("prompt").asText()).startsWith("Describe it. We sell oak. Oak & Elm: ").contains("(drawing 02");
      assertThat(Base64.getDecoder().decode(asked.json().get("image").asText())).isEqualTo(Files.readAllBytes(OcelliServe.drawing(2)));
      assertThat(new Person(site, "editor").post("/ocelli-alt-text/v1/images/" + image + "/describe", "{}").status()).isEqualTo(200);
      assertThat(server.asked().get(server.asked().size() - 1).json().get("prompt").asText())
          .isEqualTo("Describe it. We sell oak. Oak & Elm: Chairs & “tables” (drawing 02)");
    }
  }

  @Test
  void bytesAreSentWhereTheServerCanNotReachTheSite() {
    try (OcelliServe elsewhere = new OcelliServe()) {
      site.set("'address' => '" + elsewhere.address() + "', 'send' => 'address'");
      int image = new Person(site, "author").upload(OcelliServe.drawing(3));
      assertThat(settled(image).alt()).isEqualTo(capital(elsewhere.says(OcelliServe.drawing(3), "")));
      assertThat(elsewhere.log()).contains("image_address_refused");
    }
    OcelliServe near = OcelliServe.shared();
    site.set("'address' => '" + near.address() + "', 'send' => 'address'");
    int image = new Person(site, "author").upload(OcelliServe.drawing(4));
    assertThat(settled(image).alt()).isEqualTo(capital(near.says(OcelliServe.drawing(4), "")));
    assertThat(near.log()).doesNotContain("image_address_refused");
  }

  @Test
  void uploadsCanBeReviewedOrLeftAlone() {
    OcelliServe serve = OcelliServe.shared();
    Person author = new Person(site, "author");
    site.set("'address' => '" + serve.address() + "', 'review' => true");
    int image = author.upload(OcelliServe.drawing(5));
    assertThat(settled(image)).isEqualTo(new Site.Texts("", "", "", "review"));
    site.set("'address' => '" + serve.address() + "', 'on_upload' => false");
    assertThat(site.texts(author.upload(OcelliServe.drawing(5))).state()).isEmpty();
  }

  @Test
  void whatIsNoPictureIsNoConcern() throws Exception {
    site.set("'address' => 'http://127.0.0.1:9'");
    int text = site.php("$u = wp_upload_bits( 'a.txt', null, 'words' ); return wp_insert_attachment( array( 'post_mime_type' => 'text/plain', 'post_title' => 't' ), $u['file'] );").asInt();
    assertThat(site.texts(text).state()).isEmpty();
  }
}
