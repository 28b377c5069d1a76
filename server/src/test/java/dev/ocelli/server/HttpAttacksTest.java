package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a client can't do to the server. {@code docs/serving.md} has the table. After each attack the server still answers. */
class HttpAttacksTest {
  private static final String TOKEN = "a-token-of-24-characters";

  private static TestServer open;
  private static TestServer guarded;

  @BeforeAll
  static void start() {
    open = new TestServer();
    ServerSettings usual = TestServer.settings();
    guarded =
        new TestServer(
            new ServerSettings(
                Map.of("one", TestServer.root().resolve("one")), "127.0.0.1", 0, TOKEN, null, null, List.of(),
                List.of("https://site.example"), false, usual.limits()));
  }

  @AfterAll
  static void stop() {
    open.close();
    guarded.close();
  }

  @AfterEach
  void stillAnswers() {
    String body = "{\"image\": \"" + TestServer.base64(0) + "\", \"max_tokens\": 2}";
    assertThat(open.post("/v1/vision", body).statusCode()).isEqualTo(200);
  }

  private static String code(HttpResponse<String> response) {
    return TestServer.json(response).at("/error/code").asText();
  }

  @Test
  void withoutItsTokenNobodyComesIn() throws InterruptedException {
    for (String authorization : new String[] {"", "Bearer", "Bearer ", "Bearer wrong", "Bearer " + TOKEN + "x", TOKEN, "Basic " + TOKEN}) {
      HttpResponse<String> response = guarded.post("/v1/vision", "{}", "Authorization", authorization);
      assertThat(response.statusCode()).as(authorization).isEqualTo(401);
      assertThat(response.headers().firstValue("www-authenticate")).hasValue("Bearer");
      assertThat(response.body()).doesNotContain(TOKEN);
    }
    assertThat(guarded.get("/v1/models").statusCode()).isEqualTo(401);
    assertThat(guarded.get("/v1/nothing").statusCode()).as("what there is isn't told").isEqualTo(401);
    assertThat(guarded.get("/health").statusCode()).isEqualTo(200);
    assertThat(guarded.send(HttpRequest.newBuilder(guarded.uri("/v1/models")).header("Authorization", "bearer " + TOKEN), r -> r.GET())
            .statusCode()).isEqualTo(200);
    assertThat(guarded.log()).doesNotContain(TOKEN);
  }

  @Test
  void elsewhereThanOnLoopbackATokenIsNeeded() {
    for (String host : new String[] {"0.0.0.0", "::", "192.0.2.1"}) {
      assertThatThrownBy(() -> settings(host, null)).isInstanceOf(UserError.class).hasMessageContaining("--token-file");
      assertThatThrownBy(() -> settings(host, "short")).isInstanceOf(UserError.class).hasMessageContaining("16");
      assertThat(settings(host, TOKEN).host()).isEqualTo(host);
    }
    assertThatThrownBy(() -> settings("127.0.0.1", "sixteen letters.")).isInstanceOf(UserError.class).hasMessageContaining("blanks");
    assertThatThrownBy(() -> settings("127.0.0.1", "sechzehn-zeichen-\u00FC")).isInstanceOf(UserError.class).hasMessageContaining("ASCII");
  }

  private static ServerSettings settings(String host, String token) {
    return new ServerSettings(Map.of("one", TestServer.root()), host, 0, token, null, null, List.of(), List.of(), false, TestServer.limits());
  }

  @Test
  void aTokenIsAskedForBeforeTheBody() throws IOException {
    String answer = guarded.raw("POST /v1/vision HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{");
    assertThat(answer).startsWith("HTTP/1.1 401").contains("connection: close");
  }

  /** DNS rebinding: a page whose name now leads here. */
  @Test
  void aStrangeHostIsRefused() throws IOException {
    for (String host : new String[] {"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1"}) {
      String answer = open.raw("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
      assertThat(answer).as(host).startsWith("HTTP/1.1 403").contains("host_refused");
    }
    for (String host : new String[] {"localhost", "LOCALHOST:80", "127.0.0.1:99", "127.1.2.3", "[::1]:5"}) {
      assertThat(open.raw("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void pagesOfOtherSitesMayNotCall() throws IOException {
    for (String origin : new String[] {"https://evil.example", "null", "http://localhost.evil.example", "https://site.example.evil.example"}) {
      HttpResponse<String> response = open.post("/v1/vision", "{}", "Origin", origin);
      assertThat(code(response)).as(origin).isEqualTo("origin_refused");
      assertThat(response.headers().firstValue("access-control-allow-origin")).isEmpty();
    }
    assertThat(open.raw("OPTIONS /v1/vision HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 403");
    String own = "127.0.0.1:" + open.server.port();
    assertThat(open.raw("GET /v1/models HTTP/1.1\r\nHost: " + own + "\r\nOrigin: http://" + own + "\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 200");
  }

  @Test
  void onlyTheOriginsNamedMayCall() throws IOException {
    String preflight =
        guarded.raw(
            "OPTIONS /v1/vision HTTP/1.1\r\nHost: x\r\nOrigin: https://site.example\r\nAccess-Control-Request-Method: POST\r\n"
                + "Connection: close\r\n\r\n");
    assertThat(preflight).startsWith("HTTP/1.1 204").contains("access-control-allow-origin: https://site.example");
    // OpenAI's own client for browsers sends headers of its own; what is no header's name isn't repeated.
    String more = "OPTIONS /v1/vision HTTP/1.1\r\nHost: x\r\nOrigin: https://site.example\r\nConnection: close\r\nAccess-Control-Request-Headers: ";
    assertThat(guarded.raw(more + "authorization,x-stainless-os\r\n\r\n")).contains("access-control-allow-headers: authorization,x-stainless-os");
    assertThat(guarded.raw(more + "*; <b>\r\n\r\n")).contains("access-control-allow-headers: authorization, content-type");
    HttpResponse<String> refused = guarded.post("/v1/vision", "{}", "Origin", "https://site.example");
    assertThat(refused.statusCode()).as("an origin is no token").isEqualTo(401);
    assertThat(refused.headers().firstValue("access-control-allow-origin")).hasValue("https://site.example");
  }

  @Test
  void bodiesHaveALimit() throws IOException {
    assertThat(open.post("/v1/vision", "x".repeat((2 << 20) + 1)).statusCode()).isEqualTo(413);
    assertThat(open.raw("POST /v1/vision HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")).startsWith("HTTP/1.1 413");
    assertThat(open.raw("POST /v1/vision HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n"))
        .startsWith("HTTP/1.1 400");
    String chunk = "10000\r\n" + "x".repeat(0x10000) + "\r\n";
    String[] pieces = new String[34];
    Arrays.fill(pieces, chunk);
    pieces[0] = "POST /v1/vision HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    assertThat(open.raw(pieces)).startsWith("HTTP/1.1 413");
  }

  /** Each body is within its limit; together they aren't. */
  @Test
  void allBodiesTogetherHaveALimit() throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 5; i++) {
        Socket socket = new Socket("127.0.0.1", open.server.port());
        sockets.add(socket);
        OutputStream out = socket.getOutputStream();
        out.write("POST /v1/vision HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n".getBytes());
        out.write(new byte[1_999_000]);
        out.flush();
      }
      // Whichever of them came last.
      await(() -> sockets.stream().anyMatch(HttpAttacksTest::refusedForRoom));
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private static boolean refusedForRoom(Socket socket) {
    try {
      int there = socket.getInputStream().available();
      return there > 0 && new String(socket.getInputStream().readNBytes(there)).startsWith("HTTP/1.1 503");
    } catch (IOException closed) {
      return false;
    }
  }

  @Test
  void headersHaveALimit() throws IOException {
    assertThat(open.raw("GET /" + "a".repeat(9000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n")).startsWith("HTTP/1.1 414");
    assertThat(open.raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "a".repeat(20_000) + "\r\n\r\n")).startsWith("HTTP/1.1 431");
    assertThat(open.raw("GET / HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n".repeat(5000) + "\r\n")).startsWith("HTTP/1.1 431");
  }

  @Test
  void requestsCantHideInRequests() throws IOException {
    String hidden = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (String head :
        new String[] {
          "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 3\r\nContent-Length: 4\r\n",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "Transfer-Encoding: xchunked\r\n", "Content-Length: +3\r\n",
          "Content-Length: -1\r\n", "Content-Length : 3\r\n", "Host: localhost\r\nHost: evil\r\n", "X: y\r\n Content-Length: 3\r\n"
        }) {
      String host = head.startsWith("Host") ? "" : "Host: localhost\r\n";
      String answer = open.raw("POST /v1/vision HTTP/1.1\r\n" + host + head + "\r\n0\r\n\r\n" + hidden);
      assertThat(answer).as(head).startsWith("HTTP/1.1 4").doesNotContain("\"object\":\"list\"");
    }
    assertThat(open.raw("GET /v1/models HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 400");
    assertThat(open.raw("nonsense\r\n\r\n")).startsWith("HTTP/1.1 400");
    assertThat(open.raw("\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n")).as("TLS to a plain server").isEmpty();
  }

  @Test
  void slowClientsAreDropped() throws IOException {
    long before = System.nanoTime();
    assertThat(open.raw("GET /v1/models HTTP/1.1\r\nHost: loc")).as("half a head").isEmpty();
    assertThat(open.raw()).as("nothing at all").isEmpty();
    String idle = open.raw("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assertThat(idle).as("no second request").startsWith("HTTP/1.1 200").endsWith("}");
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void aHeadThatTricklesIsDropped() throws Exception {
    try (Socket socket = new Socket("127.0.0.1", open.server.port())) {
      int sent = 0;
      try {
        for (; sent < 100; sent++) {
          socket.getOutputStream().write("X: y\r\n".getBytes());
          Thread.sleep(100);
        }
      } catch (IOException dropped) {
        assertThat(sent).isBetween(5, 40);
      }
      assertThat(sent).isLessThan(100);
    }
  }

  @Test
  void connectionsHaveALimit() throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 80; i++) {
        sockets.add(new Socket("127.0.0.1", open.server.port()));
      }
      Socket last = sockets.get(79);
      last.setSoTimeout(500);
      assertThat(last.getInputStream().read()).as("closed at once").isEqualTo(-1);
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
    await(() -> open.get("/health").statusCode() == 200);
  }

  private interface Attempt {
    boolean works() throws Exception;
  }

  private static void await(Attempt attempt) {
    for (int i = 0; i < 100; i++) {
      try {
        if (attempt.works()) {
          return;
        }
        Thread.sleep(50);
      } catch (Exception e) {
        continue;
      }
    }
    throw new AssertionError("not within 5 seconds");
  }

  /** Held back until the first is answered, then answered in turn. */
  @Test
  void requestsInOneGoAreAnsweredInTurn() throws IOException {
    String get = "GET /v1/models/%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n";
    String answers =
        open.raw(String.format(get, "one", "") + String.format(get, "two", "") + String.format(get, "none", "Connection: close\r\n"));
    assertThat(answers).containsSubsequence("200", "\"id\":\"one\"", "200", "\"id\":\"two\"", "404");
  }

  @Test
  void badJsonIsRefused() {
    for (String body :
        new String[] {
          "{", "null", "\"x\"", "{\"image\":" + "[".repeat(100_000), "{\"a\":" + "{\"a\":".repeat(1000) + "1" + "}".repeat(1001),
          "{\"max_tokens\": " + "9".repeat(5000) + "}", "\u0000", "{\"image\": \"x\"} trailing".substring(0, 9)
        }) {
      HttpResponse<String> response = open.post("/v1/vision", body);
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(response.body()).doesNotContain("Exception", "com.fasterxml", "\tat ");
    }
  }

  private static HttpResponse<String> picture(byte[] bytes) {
    return open.post("/v1/vision", "{\"image\": \"" + Base64.getEncoder().encodeToString(bytes) + "\"}");
  }

  @Test
  void picturesThatUnpackToTooMuchAreRefused() throws IOException {
    byte[] png = TestServer.drawing(0);
    byte[] huge = png.clone();
    // 30,000 x 30,000 pixels, by the header.
    System.arraycopy(new byte[] {0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30}, 0, huge, 16, 8);
    assertThat(TestServer.json(picture(huge)).at("/error/message").asText()).contains("30000x30000");
    assertThat(code(picture(Arrays.copyOf(png, 40)))).isEqualTo("invalid_image");
    assertThat(code(picture(Arrays.copyOf(png, png.length / 2)))).isEqualTo("invalid_image");
    // Really that large, though a few kilobytes packed.
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(8000, 6000, BufferedImage.TYPE_BYTE_BINARY), "png", bomb);
    assertThat(bomb.size()).isLessThan(50_000);
    assertThat(TestServer.json(picture(bomb.toByteArray())).at("/error/message").asText()).contains("8000x6000");
    assertThat(code(picture(new byte[(1 << 20) + 1]))).isEqualTo("image_too_large");
  }

  @Test
  void whatIsNoPictureIsRefused() {
    for (String bytes : new String[] {"", "GIF89a", "<svg xmlns='http://www.w3.org/2000/svg'/>", "%PDF-1.7", "\u00FF\u00D8\u00FF", "BM"}) {
      assertThat(code(picture(bytes.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1)))).as(bytes).isEqualTo("invalid_image");
    }
  }

  @Test
  void formsHaveLimits() {
    String part = "--x\r\nContent-Disposition: form-data; name=\"a%d\"\r\n\r\n%s\r\n";
    StringBuilder many = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      many.append(String.format(part, i, "y"));
    }
    String type = "multipart/form-data; boundary=x";
    for (String form : new String[] {many + "--x--\r\n", "no form", "--x\r\n\r\n", String.format(part, 1, "y".repeat(100))}) {
      assertThat(open.post("/v1/vision", form, "Content-Type", type).statusCode()).isEqualTo(400);
    }
    assertThat(open.post("/v1/vision", "x", "Content-Type", "multipart/form-data").statusCode()).isEqualTo(400);
  }

  @Test
  void anAnswersHeadersSayThatItIsWhatItSays() {
    HttpResponse<String> response = open.get("/v1/models");
    assertThat(response.headers().firstValue("x-content-type-options")).hasValue("nosniff");
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(response.headers().firstValue("server")).isEmpty();
  }

  @Test
  void theLogHasNoPicturesAndNoWords() throws InterruptedException {
    open.post("/v1/vision", "{\"image\": \"" + TestServer.base64(0) + "\", \"prompt\": \"is the triangle green?\"}");
    assertThat(open.log()).contains("/v1/vision").doesNotContain("triangle", TestServer.base64(0).substring(0, 40));
  }
}
