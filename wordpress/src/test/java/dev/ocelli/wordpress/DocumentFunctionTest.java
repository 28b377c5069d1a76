package dev.ocelli.wordpress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The function that developers write by hand, over http and TLS, and the plugin's own with the same contract. */
@Tag("system")
class DocumentFunctionTest {
  private static final String FAILED = "Vision processing failed.";

  private static Site site;
  private static int image;

  @BeforeAll
  static void begin() {
    site = Site.shared();
    site.empty();
    image = site.add(OcelliServe.drawing(7));
  }

  private static void install(String address) throws IOException {
    String plugin = Files.readString(Site.MODULE.resolve("src/test/site/bbioon-vision.php")).replace("@ADDRESS@", address);
    Files.writeString(site.folder().resolve("wp-content/plugins/bbioon-vision.php"), plugin);
    site.activate("bbioon-vision.php");
  }

  private static String byHand() {
    return site.php("return bbioon_process_vlm_image( %d, 'what is the shape?' );", image).asText();
  }

  @Test
  void theHandWrittenFunctionGetsItsTextOverHttp() throws IOException {
    OcelliServe serve = OcelliServe.shared();
    install(serve.address());
    assertThat(byHand()).isNotBlank().isEqualTo(serve.says(OcelliServe.drawing(7), "what is the shape?"));
  }

  @Test
  void andOverTls() throws IOException {
    Path folder = Files.createTempDirectory("ocelli-tls");
    Path key = folder.resolve("key.pem");
    Path certificate = folder.resolve("cert.pem");
    Processes.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost", "-keyout", key.toString(), "-out", certificate.toString())
        .printed();
    try (OcelliServe serve = new OcelliServe("--image-hosts", "127.0.0.1", "--tls-key", key.toString(), "--tls-cert", certificate.toString())) {
      assertThat(serve.address()).startsWith("https://127.0.0.1:");
      String address = serve.address().replace("127.0.0.1", "localhost");
      install(address);
      assertThat(byHand()).as("an authority that nobody trusts").isEqualTo(FAILED);
      site.set("'address' => '" + address + "'");
      assertThat(site.php("return ocelli_process_vlm_image( %d, 'what is the shape?' );", image).asText()).isEqualTo(FAILED);

      // The plugin's own way to name an authority serves the hand-written function, too.
      Path config = site.folder().resolve("wp-config.php");
      String before = Files.readString(config);
      Files.writeString(config, before.replace("$table_prefix", "define( 'OCELLI_ALT_TEXT_CA_FILE', '" + certificate + "' );\n$table_prefix"));
      String expected = OcelliServe.shared().says(OcelliServe.drawing(7), "what is the shape?");
      assertThat(byHand()).isEqualTo(expected);
      assertThat(site.php("return ocelli_process_vlm_image( %d, 'what is the shape?' );", image).asText()).isEqualTo(expected);
      Files.writeString(config, before);
    }
  }

  @Test
  void thePluginsFunctionHasTheSameContract() {
    OcelliServe serve = OcelliServe.shared();
    site.set("'address' => '" + serve.address() + "', 'adapter' => 'q-former-v2'");
    assertThat(site.php("return ocelli_process_vlm_image( %d, 'what is the shape?' );", image).asText())
        .isEqualTo(serve.says(OcelliServe.drawing(7), "what is the shape?"));
    assertThat(site.texts(image)).as("nothing is saved").isEqualTo(new Site.Texts("", "", "", ""));
    assertThat(site.php("return ocelli_process_vlm_image( 999999, 'x' );").asText()).isEqualTo(FAILED);
    site.set("'address' => 'http://127.0.0.1:9'");
    assertThat(site.php("return ocelli_process_vlm_image( %d, 'x' );", image).asText()).isEqualTo(FAILED);
    assertThat(site.log()).contains("Ocelli Alt Text: picture " + image + ": The Ocelli server at http://127.0.0.1:9 cannot be reached");
    String heard =
        site.php(
                """
                add_filter( 'ocelli_process_vlm_failed', function ( $sentence, $error, $id ) {
                  return "$sentence $id " . $error->get_error_code();
                }, 10, 3 );
                return ocelli_process_vlm_image( %d, 'x' );
                """,
                image)
            .asText();
    assertThat(heard).isEqualTo(FAILED + " " + image + " ocelli_unreachable");
  }
}
