package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a picture's address can't be used for. {@code docs/serving.md} has the table. */
class FetchAttacksTest {
  private static final AtomicInteger VISITS = new AtomicInteger();
  private static final AtomicInteger LOOKUPS = new AtomicInteger();

  /** Stands for a site: some of its pages are what they shouldn't be. */
  private static HttpServer site;

  private static TestServer server;

  @BeforeAll
  static void start() throws IOException {
    site = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    site.setExecutor(Executors.newCachedThreadPool());
    site.createContext("/", FetchAttacksTest::answer);
    site.start();
    ServerSettings usual = TestServer.settings();
    List<String> named = List.of("shop.example", "other.example:" + port(), "rebinding.example");
    server =
        new TestServer(
            new ServerSettings(usual.runs(), usual.host(), 0, null, null, null, named, List.of(), false, usual.limits()),
            FetchAttacksTest::resolve);
  }

  @AfterAll
  static void stop() {
    server.close();
    site.stop(0);
  }

  @BeforeEach
  void count() {
    VISITS.set(0);
    LOOKUPS.set(0);
  }

  private static int port() {
    return site.getAddress().getPort();
  }

  private static InetAddress[] resolve(String host) throws UnknownHostException {
    LOOKUPS.incrementAndGet();
    return switch (host) {
      case "shop.example", "other.example" -> InetAddress.getAllByName("127.0.0.1");
      case "internal.example" -> InetAddress.getAllByName("10.1.2.3");
      case "mixed.example" ->
          new InetAddress[] {InetAddress.getByName("8.8.8.8"), InetAddress.getByName("127.0.0.1")};
      // The second answer is another than the first: what was checked must be what is connected to.
      case "rebinding.example" -> InetAddress.getAllByName(LOOKUPS.get() == 1 ? "127.0.0.1" : "10.1.2.3");
      default -> host.endsWith(".example") ? new InetAddress[0] : InetAddress.getAllByName(host);
    };
  }

  private static void answer(HttpExchange exchange) throws IOException {
    VISITS.incrementAndGet();
    String path = exchange.getRequestURI().getPath();
    byte[] picture = TestServer.drawing(0);
    try (exchange) {
      if (path.startsWith("/to/")) {
        exchange.getResponseHeaders().set("Location", exchange.getRequestURI().getQuery());
        exchange.sendResponseHeaders(302, -1);
      } else if (path.equals("/loop")) {
        exchange.getResponseHeaders().set("Location", "/loop");
        exchange.sendResponseHeaders(301, -1);
      } else if (path.equals("/endless")) {
        exchange.sendResponseHeaders(200, 0);
        for (int i = 0; i < 100_000; i++) {
          exchange.getResponseBody().write(new byte[8192]);
        }
      } else if (path.equals("/says-huge")) {
        exchange.sendResponseHeaders(200, 1L << 40);
        exchange.getResponseBody().write(picture);
      } else if (path.equals("/slow")) {
        exchange.sendResponseHeaders(200, picture.length);
        for (byte b : picture) {
          exchange.getResponseBody().write(b);
          exchange.getResponseBody().flush();
          Thread.sleep(100);
        }
      } else if (path.equals("/page")) {
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().write("<html>secret inside</html>".getBytes());
      } else if (path.equals("/gone")) {
        exchange.sendResponseHeaders(404, -1);
      } else {
        exchange.sendResponseHeaders(200, picture.length);
        exchange.getResponseBody().write(picture);
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static HttpResponse<String> ask(String address) {
    return server.post("/v1/vision", Json.text(Json.object().put("image_url", address)));
  }

  private static void refused(String address, String code) {
    HttpResponse<String> response = ask(address);
    assertThat(response.statusCode()).as(address).isEqualTo(400);
    assertThat(TestServer.json(response).at("/error/code").asText()).as(response.body()).isEqualTo(code);
    assertThat(response.body()).doesNotContain("Exception", "secret");
    assertThat(server.get("/health").statusCode()).isEqualTo(200);
  }

  @Test
  void namedHostsMayBePrivate() {
    assertThat(ask("http://shop.example:" + port() + "/d.png").statusCode()).isEqualTo(200);
    assertThat(ask("http://SHOP.example.:" + port() + "/d.png?size=full#top").statusCode()).isEqualTo(200);
    assertThat(ask("http://other.example:" + port() + "/a photo.png").statusCode()).isEqualTo(200);
    assertThat(VISITS).hasValue(3);
  }

  @Test
  void othersMayNot() {
    refused("http://internal.example/d.png", "image_address_refused");
    refused("http://other.example:" + (port() + 1) + "/d.png", "image_address_refused");
    refused("http://shop.example.internal.example:" + port() + "/", "image_address_refused");
    assertThat(VISITS).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1/", "http://localhost/", "http://localhost./", "http://LOCALHOST/", "http://127.1/", "http://127.0.1/",
        "http://2130706433/", "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://0x7f000001/", "http://017700000001/", "http://0/",
        "http://0.0.0.0/", "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[64:ff9b::127.0.0.1]/", "http://[2002:7f00:1::]/", "http://[fe80::1]/",
        "http://[fd00:ec2::254]/latest/meta-data/", "http://169.254.169.254/latest/meta-data/", "http://2852039166/",
        "http://100.100.100.200/", "http://168.63.129.16/", "http://192.168.1.1/", "http://10.0.0.1/", "http://172.16.0.1/",
        "http://mixed.example/", "https://127.0.0.1/", "https://localhost/"
      })
  void privateAddressesInWhateverNotation(String address) {
    HttpResponse<String> response = ask(address);
    assertThat(response.statusCode()).isEqualTo(400);
    // Some notations are no address to this machine's resolver at all.
    assertThat(TestServer.json(response).at("/error/code").asText()).isIn("image_address_refused", "image_unreachable");
    if (!address.matches(".*(0177|0x|0177000).*")) {
      assertThat(TestServer.json(response).at("/error/code").asText()).isEqualTo("image_address_refused");
    }
    assertThat(VISITS).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file:///etc/passwd", "ftp://shop.example/a", "gopher://shop.example/", "jar:http://shop.example/a!/b", "dict://127.0.0.1:11211/",
        "//shop.example/a", "shop.example/a", "/etc/passwd", "", "http://", "http:///a", "http:shop.example", "http://user@shop.example/",
        "http://shop.example@127.0.0.1/", "http://127.0.0.1#@shop.example/", "http://127.0.0.1\\@shop.example/", "http://shop example/",
        "http://①②⑦.⓪.⓪.①/", "http://[fe80::1%25eth0]/", "http://shop.example:22/../", "http://8.8.8.8:22/", "http://8.8.8.8:6379/",
        "http://shop.example\r\nHost: x/", "javascript:alert(1)", "http://%6c%6f%63%61%6c%68%6f%73%74/", "http://8.8.8.8:99999/"
      })
  void whatIsNoPlainWebAddress(String address) {
    // Port 22 of a named host is its operator's choice: nothing answers there.
    refused(address, address.startsWith("http://shop.example:22") ? "image_unreachable" : "image_address_refused");
    assertThat(VISITS).hasValue(0);
  }

  @Test
  void redirectsAreCheckedLikeAddresses() {
    String to = "http://shop.example:" + port() + "/to/?";
    assertThat(ask(to + "/d.png").statusCode()).isEqualTo(200);
    assertThat(ask(to + "http://other.example:" + port() + "/d.png").statusCode()).isEqualTo(200);
    VISITS.set(0);
    refused(to + "http://127.0.0.1:" + port() + "/d.png", "image_address_refused");
    refused(to + "http://internal.example/", "image_address_refused");
    refused(to + "//169.254.169.254/latest", "image_address_refused");
    refused(to + "file:///etc/passwd", "image_address_refused");
    refused(to + to + "http://[::1]/", "image_address_refused");
    assertThat(VISITS).as("the named site's own pages only").hasValue(6);
    refused("http://shop.example:" + port() + "/loop", "image_unreachable");
  }

  /** No other resolver knows the name, so a second look for it would fail. */
  @Test
  void aNameThatChangesItsAddressIsResolvedOnce() {
    assertThat(ask("http://rebinding.example:" + port() + "/d.png").statusCode()).isEqualTo(200);
    assertThat(LOOKUPS).hasValue(1);
    assertThat(VISITS).hasValue(1);
  }

  @Test
  void sizeAndTimeHaveLimits() {
    String shop = "http://shop.example:" + port();
    refused(shop + "/endless", "image_too_large");
    refused(shop + "/says-huge", "image_too_large");
    long before = System.nanoTime();
    refused(shop + "/slow", "image_unreachable");
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(8));
  }

  @Test
  void whatIsNoPictureIsNotShown() {
    refused("http://shop.example:" + port() + "/page", "invalid_image");
    refused("http://shop.example:" + port() + "/gone", "image_unreachable");
    refused("http://unknown.example/", "image_unreachable");
  }

  /** Its certificate is nobody's; a plain server there is no TLS at all. */
  @Test
  void tlsIsChecked() {
    refused("https://shop.example:" + port() + "/d.png", "image_unreachable");
  }

  @Test
  void theLogHasNoAddresses() throws InterruptedException {
    ask("http://shop.example:" + port() + "/private-name.png");
    assertThat(server.log()).contains("/v1/vision").doesNotContain("private-name", "shop.example");
  }
}
