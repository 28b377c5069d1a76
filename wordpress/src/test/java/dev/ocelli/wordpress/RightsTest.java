package dev.ocelli.wordpress;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Who may do what, and what the settings page lets through. */
@Tag("system")
class RightsTest {
  private static final String SPACE = "/ocelli-alt-text/v1";

  private final Site site = Site.shared();

  @BeforeEach
  void empty() {
    site.empty();
  }

  @Test
  void nobodyMayDoWhatIsNotTheirs() {
    try (StandIn server = new StandIn(asked -> StandIn.Reply.text("words"))) {
      site.set("'address' => '" + server.address() + "', 'on_upload' => false");
      Person editor = new Person(site, "editor");
      Person author = new Person(site, "author");
      Person subscriber = new Person(site, "subscriber");
      int image = editor.upload(OcelliServe.drawing(0));
      int own = author.upload(OcelliServe.drawing(1));
      for (String route : new String[] {"/describe", "/texts", "/review", "/decorative"}) {
        String path = SPACE + "/images/" + image + route;
        assertThat(subscriber.post(path, "{}").status()).as(path).isEqualTo(403);
        assertThat(author.post(path, "{}").status()).as("another's picture: " + path).isEqualTo(403);
        assertThat(editor.forged(path, "{}").status()).as("without the nonce: " + path).isEqualTo(401);
      }
      for (String route : new String[] {"/add", "/work", "/pause", "/retry", "/clear"}) {
        String path = SPACE + "/queue" + route;
        assertThat(author.post(path, "{}").status()).as(path).isEqualTo(403);
        assertThat(editor.forged(path, "{}").status()).as("without the nonce: " + path).isEqualTo(401);
      }
      assertThat(author.get(SPACE + "/queue").status()).isEqualTo(403);
      assertThat(author.get(SPACE + "/images/" + image).status()).isEqualTo(403);
      assertThat(editor.post(SPACE + "/test", "{}").status()).isEqualTo(403);
      assertThat(server.asked()).isEmpty();
      assertThat(author.post(SPACE + "/images/" + own + "/describe", "{\"save\": true}").json().at("/saved/alt").asText()).isEqualTo("Words");
      assertThat(author.page("/wp-admin/options-general.php?page=ocelli-alt-text").status()).isEqualTo(403);
      assertThat(author.page("/wp-admin/upload.php?page=ocelli-alt-text-queue").status()).isEqualTo(403);
      assertThat(author.page("/wp-admin/upload.php?mode=list").body()).doesNotContain("ocelli_alt_text_queue\"");
    }
  }

  @Test
  void badArgumentsAreNamed() {
    site.set("'address' => 'http://127.0.0.1:9', 'on_upload' => false");
    Person editor = new Person(site, "editor");
    int image = editor.upload(OcelliServe.drawing(0));
    for (String body : new String[] {"{\"replace\": \"everything\"}", "{\"prompt\": \"" + "x".repeat(4001) + "\"}", "{\"save\": \"perhaps\"}"}) {
      assertThat(editor.post(SPACE + "/images/" + image + "/describe", body).status()).as(body).isEqualTo(400);
    }
    assertThat(editor.post(SPACE + "/images/" + image + "/texts", "{\"texts\": {\"title\": \"x\"}}").status()).isEqualTo(400);
    assertThat(editor.get(SPACE + "/queue/items?state=other").status()).isEqualTo(400);
    // A text that stands there is replaced only by those who ask for it.
    editor.post(SPACE + "/images/" + image + "/texts", "{\"texts\": {\"alt\": \"first\"}}");
    editor.post(SPACE + "/images/" + image + "/texts", "{\"texts\": {\"alt\": \"second\"}}");
    assertThat(site.texts(image).alt()).isEqualTo("first");
    editor.post(SPACE + "/images/" + image + "/texts", "{\"texts\": {\"alt\": \"third\"}, \"replace\": \"all\"}");
    assertThat(site.texts(image).alt()).isEqualTo("third");
  }

  private static String save(Person admin, String fields) {
    Matcher nonce =
        Pattern.compile("name=\"_wpnonce\" value=\"([0-9a-f]+)\"").matcher(admin.page("/wp-admin/options-general.php?page=ocelli-alt-text").body());
    assertThat(nonce.find()).isTrue();
    return admin.form("/wp-admin/options.php", "option_page=ocelli-alt-text&action=update&_wpnonce=" + nonce.group(1) + fields).body();
  }

  private static String field(String name, String value) {
    return "&ocelli_alt_text_settings[" + name + "]=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
  }

  private JsonNode saved() {
    return site.php("return get_option( 'ocelli_alt_text_settings' );");
  }

  @Test
  void settingsAreCleanedAndTheTokenIsNeverShown() {
    site.php("delete_option( 'ocelli_alt_text_settings' );");
    Person admin = new Person(site, "admin");
    String alt = field("fields][", "alt");
    save(admin, field("address", " http://127.0.0.1:8080/ ") + field("token", "secret-of-16-signs\n") + field("timeout", "9999") + alt + field("prompt", "a <b>\n{title}"));
    assertThat(saved().get("address").asText()).isEqualTo("http://127.0.0.1:8080");
    assertThat(saved().get("token").asText()).isEqualTo("secret-of-16-signs");
    assertThat(saved().get("timeout").asInt()).isEqualTo(120);
    assertThat(saved().get("on_upload").asBoolean()).isFalse();
    assertThat(admin.page("/wp-admin/options-general.php?page=ocelli-alt-text").body()).doesNotContain("secret-of-16-signs").contains("A token is saved");
    assertThat(save(admin, alt + field("address", "ftp://x.example/"))).contains("must look like http://127.0.0.1:8080");
    assertThat(saved().get("address").asText()).isEqualTo("http://127.0.0.1:8080");
    assertThat(saved().get("token").asText()).as("an empty field keeps it").isEqualTo("secret-of-16-signs");
    assertThat(save(admin, field("address", "http://127.0.0.1:8080"))).contains("Choose at least one text");
    assertThat(saved().get("fields").get(0).asText()).isEqualTo("alt");
    save(admin, alt + field("address", "http://127.0.0.1:8081"));
    assertThat(saved().get("token").asText()).as("another server doesn't get it").isEmpty();
  }

  @Test
  void theTestButtonSaysWhatItFound() {
    OcelliServe serve = OcelliServe.shared();
    site.set("'address' => '" + serve.address() + "', 'token' => 'secret-of-16-signs'");
    Person admin = new Person(site, "admin");
    JsonNode fine = admin.post(SPACE + "/test", "{}").json();
    assertThat(fine.get("models").toString()).isEqualTo("[\"q-former-v2\"]");
    assertThat(fine.get("message").asText()).startsWith("It works.").contains("\"" + fine.get("text").asText() + "\"");
    assertThat(admin.post(SPACE + "/test", "{\"adapter\": \"roses\"}").json().get("message").asText()).contains("no model \"roses\"", "q-former-v2");
    assertThat(admin.post(SPACE + "/test", "{\"address\": \"ftp://nowhere/\"}").status()).isEqualTo(400);
    try (StandIn other = new StandIn(asked -> StandIn.Reply.error(401, "invalid_api_key", "This server needs its token"))) {
      assertThat(admin.post(SPACE + "/test", "{\"address\": \"" + other.address() + "\"}").json().get("message").asText()).contains("refuses the token");
      assertThat(other.asked().get(0).headers()).as("the token of another server").doesNotContainKey("Authorization");
    }
    assertThat(saved().get("address").asText()).as("nothing is saved").isEqualTo(serve.address());
  }
}
