package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** https with a key and a certificate of the operator's. */
class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir static Path folder;

  private static KeyStore store;

  @BeforeAll
  static void make() throws Exception {
    store = pair("here");
  }

  /** NAME.key and NAME.crt in PEM, by the JDK's own tool. */
  private static KeyStore pair(String name) throws Exception {
    Path file = folder.resolve(name + ".p12");
    Process made =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-keyalg", "EC", "-alias", name, "-dname",
                "CN=localhost", "-ext", "SAN=dns:localhost,ip:127.0.0.1", "-storepass", "changeit", "-keystore", file.toString())
            .redirectErrorStream(true)
            .start();
    made.getInputStream().readAllBytes();
    assertThat(made.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      keys.load(in, PASSWORD);
    }
    pem(name + ".key", "PRIVATE KEY", keys.getKey(name, PASSWORD).getEncoded());
    pem(name + ".crt", "CERTIFICATE", keys.getCertificate(name).getEncoded());
    return keys;
  }

  private static void pem(String file, String kind, byte[] bytes) throws Exception {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    Files.writeString(folder.resolve(file), "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n");
  }

  private static ServerSettings settings(Path key, Path certificate) {
    ServerSettings usual = TestServer.settings();
    return new ServerSettings(usual.runs(), usual.host(), 0, null, key, certificate, List.of(), List.of(), false, usual.limits());
  }

  private static SSLContext trusting() throws Exception {
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    KeyStore known = KeyStore.getInstance("PKCS12");
    known.load(null, null);
    known.setCertificateEntry("here", store.getCertificate("here"));
    trust.init(known);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  @Test
  void answersOverTlsOnly() throws Exception {
    try (TestServer server = new TestServer(settings(folder.resolve("here.key"), folder.resolve("here.crt")))) {
      assertThat(server.server.address()).startsWith("https://");
      HttpClient client = HttpClient.newBuilder().sslContext(trusting()).build();
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
      try (SSLSocket old = (SSLSocket) trusting().getSocketFactory().createSocket("127.0.0.1", server.server.port())) {
        old.setEnabledProtocols(new String[] {"TLSv1.1"});
        assertThatThrownBy(old::startHandshake).isInstanceOf(SSLException.class);
      }
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void whatDoesNotFitIsNamed() throws Exception {
    pair("other");
    for (Path[] wrong :
        new Path[][] {
          {folder.resolve("here.crt"), folder.resolve("here.key")}, {folder.resolve("gone.key"), folder.resolve("here.crt")},
          {folder.resolve("other.key"), folder.resolve("here.crt")}
        }) {
      assertThatThrownBy(() -> new TestServer(settings(wrong[0], wrong[1])).close()).as(wrong[0].toString())
          .isInstanceOf(UserError.class).hasMessageContaining("TLS key");
    }
    assertThatThrownBy(() -> settings(folder.resolve("here.key"), null)).isInstanceOf(UserError.class).hasMessageContaining("both");
  }
}
