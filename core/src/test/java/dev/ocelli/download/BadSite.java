package dev.ocelli.download;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.ocelli.data.Draws;
import dev.ocelli.image.JpegWriter;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.imageio.ImageIO;

/** Many sites on one local server; some of their pages are what they shouldn't be. */
final class BadSite implements AutoCloseable {
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;

  /** Host and path of each request in the order in which they came. */
  final List<String> visits = new ArrayList<>();

  private final ThreadLocal<Boolean> counted = ThreadLocal.withInitial(() -> false);
  private final Map<String, Integer> active = new ConcurrentHashMap<>();
  final Map<String, Integer> mostActive = new ConcurrentHashMap<>();
  private final Map<String, Long> wantsPauseUntil = new ConcurrentHashMap<>();

  /** Hosts that were asked before the time they had named. */
  final List<String> tooEarly = new ArrayList<>();

  BadSite() throws IOException {
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  String address(String host, String path) {
    return "http://" + host + ":" + port() + path;
  }

  long visits(String text) {
    synchronized (visits) {
      return visits.stream().filter(visit -> visit.contains(text)).count();
    }
  }

  static InetAddress[] resolve(String host) throws UnknownHostException {
    return switch (host) {
      case "unknown.example" -> throw new UnknownHostException(host);
      case "inside.example" -> InetAddress.getAllByName("10.1.2.3");
      default -> InetAddress.getAllByName("127.0.0.1");
    };
  }

  /** Picture {@code n}: coloured patches, like no other's. */
  static BufferedImage picture(int n) {
    BufferedImage patches = new BufferedImage(8, 6, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 48; i++) {
      patches.setRGB(i % 8, i / 8, (int) Draws.bits(1, "patch", n, i) & 0xFFFFFF);
    }
    return scaled(patches, 160, 120);
  }

  private static BufferedImage scaled(BufferedImage image, int width, int height) {
    BufferedImage result = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = result.createGraphics();
    pen.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    pen.drawImage(image, 0, 0, width, height, null);
    pen.dispose();
    return result;
  }

  private static byte[] png(int n) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(picture(n), "png", bytes);
    return bytes.toByteArray();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String host = host(exchange);
    String path = exchange.getRequestURI().getPath();
    synchronized (visits) {
      visits.add(host + path);
      Long until = wantsPauseUntil.get(host);
      if (until != null && System.nanoTime() - until < 0) {
        tooEarly.add(host + path);
      }
    }
    mostActive.merge(host, active.merge(host, 1, Integer::sum), Math::max);
    counted.set(true);
    try (exchange) {
      Thread.sleep(5); // so that requests at the same time meet
      if (path.equals("/robots.txt")) {
        robots(exchange, host);
      } else {
        page(exchange, host, path);
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    } finally {
      over(exchange);
    }
  }

  private static String host(HttpExchange exchange) {
    return exchange.getRequestHeaders().getFirst("Host").split(":")[0];
  }

  /** Counted before the answer is sent: once the client has it, it may ask again before this thread goes on. */
  private void over(HttpExchange exchange) {
    if (counted.get()) {
      counted.set(false);
      active.merge(host(exchange), -1, Integer::sum);
    }
  }

  private void robots(HttpExchange exchange, String host) throws IOException {
    if (host.equals("closed.example")) {
      send(exchange, 503, new byte[0]);
    } else if (host.startsWith("bad")) {
      send(exchange, 200, "User-agent: *\nAllow: /\n\nUser-agent: ocelli\nDisallow: /private/\n".getBytes());
    } else {
      send(exchange, 404, "no such file".getBytes());
    }
  }

  private void page(HttpExchange exchange, String host, String path) throws IOException, InterruptedException {
    if (path.startsWith("/ok/")) {
      send(exchange, 200, png(Integer.parseInt(path.substring(4))));
      return;
    }
    switch (path) {
      case "/copy-of-1" -> send(exchange, 200, png(1));
      case "/smaller-1" -> send(exchange, 200, JpegWriter.write(scaled(picture(1), 120, 90), 60));
      case "/noai" -> {
        exchange.getResponseHeaders().set("X-Robots-Tag", "noai");
        send(exchange, 200, png(2));
      }
      case "/gone" -> send(exchange, 404, "gone".getBytes());
      case "/page" -> {
        exchange.getResponseHeaders().set("Content-Type", "text/html");
        send(exchange, 200, "<html>no picture</html>".getBytes());
      }
      case "/empty" -> send(exchange, 200, new byte[0]);
      case "/moved" -> redirect(exchange, "/ok/7");
      case "/round" -> redirect(exchange, "/round2");
      case "/round2" -> redirect(exchange, "/round");
      case "/to-inside" -> redirect(exchange, "http://inside.example/secret");
      case "/to-loopback" -> redirect(exchange, "http://127.0.0.1:" + port() + "/ok/8");
      case "/to-file" -> redirect(exchange, "file:///etc/passwd");
      case "/to-forbidden" -> redirect(exchange, "/private/2");
      case "/small" -> send(exchange, 200, JpegWriter.write(scaled(picture(3), 8, 8), 90));
      case "/cut" -> send(exchange, 200, Arrays.copyOf(png(4), 2000));
      case "/says-huge" -> {
        byte[] lie = png(5);
        lie[16] = lie[20] = 0x7F; // the width and height of its header
        send(exchange, 200, lie);
      }
      case "/says-small" -> {
        // A whole header that says 64 x 64, and nothing behind it.
        byte[] lie = JpegWriter.write(picture(6), 90);
        int at = frame(lie);
        lie[at + 5] = lie[at + 7] = 0;
        lie[at + 6] = lie[at + 8] = 64;
        send(exchange, 200, Arrays.copyOf(lie, at + 12));
      }
      case "/truncated" -> {
        byte[] whole = png(9);
        exchange.sendResponseHeaders(200, whole.length);
        exchange.getResponseBody().write(whole, 0, whole.length / 2);
        exchange.getResponseBody().flush();
      }
      case "/endless" -> {
        exchange.sendResponseHeaders(200, 0);
        while (true) {
          exchange.getResponseBody().write(new byte[1 << 16]);
        }
      }
      case "/slow" -> {
        exchange.sendResponseHeaders(200, 0);
        for (byte b : png(10)) {
          exchange.getResponseBody().write(b);
          exchange.getResponseBody().flush();
          Thread.sleep(200);
        }
      }
      case "/busy-once" -> {
        if (wantsPauseUntil.putIfAbsent(host, System.nanoTime() + 2_000_000_000L) == null) {
          exchange.getResponseHeaders().set("Retry-After", "2");
          send(exchange, 429, "later".getBytes());
        } else {
          send(exchange, 200, png(11));
        }
      }
      case "/busy-for-days" -> {
        exchange.getResponseHeaders().set("Retry-After", "86400");
        send(exchange, 503, "later".getBytes());
      }
      case "/broken" -> send(exchange, 500, "oops".getBytes());
      default -> send(exchange, 404, "nothing here".getBytes());
    }
  }

  private static int frame(byte[] jpeg) {
    int at = 2;
    while ((jpeg[at + 1] & 255) != 0xC0) {
      at += 2 + ((jpeg[at + 2] & 255) << 8 | jpeg[at + 3] & 255);
    }
    return at;
  }

  private void redirect(HttpExchange exchange, String to) throws IOException {
    exchange.getResponseHeaders().set("Location", to);
    over(exchange);
    exchange.sendResponseHeaders(302, -1);
  }

  private void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    over(exchange);
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
  }


  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
