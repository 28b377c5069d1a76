package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** https with a key and a certificate of the operator's. */
class TlsTest {
  @TempDir static Path folder;

  private static KeyStore store;

  @BeforeAll
  static void make() throws Exception {
    store = Certificates.write(folder, "here");
  }

  private static ServerSettings settings(Path key, Path certificate) {
    ServerSettings usual = TestServer.settings();
    return new ServerSettings(usual.runs(), usual.host(), 0, null, key, certificate, List.of(), List.of(), false, usual.limits());
  }

  @Test
  void answersOverTlsOnly() throws Exception {
    try (TestServer server = new TestServer(settings(folder.resolve("here.key"), folder.resolve("here.crt")))) {
      assertThat(server.server.address()).startsWith("https://");
      HttpClient client = HttpClient.newBuilder().sslContext(Certificates.trusting(store, "here")).build();
      String body = "{\"image\": \"" + TestServer.base64(0) + "\", \"max_tokens\": 2}";
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(server.server.address() + "/v1/vision")).POST(HttpRequest.BodyPublishers.ofString(body)).build();
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(200);
      // Who doesn't know the certificate isn't fooled.
      assertThatThrownBy(() -> HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString())).isInstanceOf(SSLException.class);
      assertThat(server.raw("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")).as("no plain HTTP").doesNotContain("live");
      // Who says nothing is dropped.
      try (Socket silent = new Socket("127.0.0.1", server.server.port())) {
        silent.setSoTimeout(10_000);
        assertThat(silent.getInputStream().read()).isEqualTo(-1);
      }
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void whatDoesNotFitIsNamed() throws Exception {
    for (Path[] wrong :
        new Path[][] {
          {folder.resolve("here.crt"), folder.resolve("here.key")}, {folder.resolve("gone.key"), folder.resolve("here.crt")}
        }) {
      assertThatThrownBy(() -> new TestServer(settings(wrong[0], wrong[1])).close()).as(wrong[0].toString())
          .isInstanceOf(UserError.class).hasMessageContaining("TLS key");
    }
    assertThatThrownBy(() -> settings(folder.resolve("here.key"), null)).isInstanceOf(UserError.class).hasMessageContaining("both");
  }
}
