package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.net.WebClient;
import dev.ocelli.testing.TinyTraining;
import dev.ocelli.weights.Pull;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/**
 * A server on a free port with runs of tiny models, trained once for all tests of this JVM, and a client for it. {@code -Docelli.serve.run=RUN}
 * puts a run of any size in their place, for ClientsTest.
 */
final class TestServer implements AutoCloseable {
  static final ObjectMapper JSON = new ObjectMapper();

  private static final String GIVEN = System.getProperty("ocelli.serve.run");

  private static Path root;

  private final HttpClient client = HttpClient.newHttpClient();
  private final ByteArrayOutputStream log = new ByteArrayOutputStream();
  final Server server;

  /** Folder with the runs "one" and "two", and data/images/drawing-00.png and on. */
  static synchronized Path root() {
    if (root == null) {
      try {
        root = Files.createTempDirectory("ocelli-server");
        TinyTraining.train(root, "one");
        // Adapters that have moved far, so that it shows whether they are used.
        TinyTraining.train(root, "two", "seed=7", "stage2.rates.lora=0.3", "stage2.passes=3");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return root;
  }

  static ServerSettings settings() {
    Map<String, Path> runs = new LinkedHashMap<>();
    for (String name : List.of("one", "two")) {
      runs.put(name, GIVEN == null ? root().resolve(name) : Path.of(GIVEN).toAbsolutePath());
    }
    return new ServerSettings(runs, "127.0.0.1", 0, null, null, null, List.of(), List.of(), false, limits());
  }

  /** With times that tests can wait for. */
  static Limits limits() {
    Limits usual = Limits.defaults();
    return new Limits(
        usual.batch(), usual.queue(), Duration.ofSeconds(20), Duration.ofSeconds(2), usual.redirects(), 2 << 20, 8 << 20, 1 << 20,
        usual.pictures(), usual.unpacked(), usual.context(), 64, Duration.ofSeconds(1), Duration.ofSeconds(2));
  }

  TestServer() {
    this(settings());
  }

  TestServer(ServerSettings settings) {
    this(settings, InetAddress::getAllByName);
  }

  TestServer(ServerSettings settings, WebClient.Resolver resolver) {
    server =
        new Server(
            settings, GIVEN == null ? TinyTraining.pull(root()) : new Pull(Pull.Settings.fromEnvironment()), new PrintStream(log, true, StandardCharsets.UTF_8),
            line -> {
              throw new AssertionError(line);
            },
            resolver);
    server.start();
    server.awaitReady(() -> false);
  }

  static void await(BooleanSupplier condition) throws InterruptedException {
    for (long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20); !condition.getAsBoolean(); Thread.sleep(5)) {
      assertThat(System.nanoTime()).as("within 20 seconds").isLessThan(until);
    }
  }

  /** Keeps the compute thread from going on, from now until the latch is counted down. */
  CountDownLatch pause() throws InterruptedException {
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch end = pauseLater(held);
    assertThat(held.await(20, TimeUnit.SECONDS)).isTrue();
    return end;
  }

  /** The same, from when the compute thread has come to the end of its tasks. */
  CountDownLatch pauseLater() {
    return pauseLater(new CountDownLatch(1));
  }

  private CountDownLatch pauseLater(CountDownLatch held) {
    CountDownLatch end = new CountDownLatch(1);
    server.engine().call(
        () -> {
          held.countDown();
          try {
            return end.await(60, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    return end;
  }

  /** Waits until the server works on nothing: a client may have its answer before the server has counted and logged it. */
  void quiet() throws InterruptedException {
    await(() -> server.working() == 0);
  }

  /** What the server has logged, once it works on nothing. */
  String log() throws InterruptedException {
    quiet();
    return log.toString(StandardCharsets.UTF_8);
  }

  static byte[] drawing(int i) {
    try {
      return Files.readAllBytes(root().resolve(String.format("data/images/drawing-%02d.png", i)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String base64(int drawing) {
    return Base64.getEncoder().encodeToString(drawing(drawing));
  }

  URI uri(String path) {
    return URI.create(server.address() + path);
  }

  HttpResponse<String> get(String path) {
    return send(HttpRequest.newBuilder(uri(path)), r -> r.GET());
  }

  HttpResponse<String> post(String path, String body, String... headers) {
    return send(
        HttpRequest.newBuilder(uri(path)),
        r -> {
          if (headers.length > 0) {
            r.headers(headers);
          }
          return r.POST(HttpRequest.BodyPublishers.ofString(body));
        });
  }

  HttpResponse<String> send(HttpRequest.Builder request, UnaryOperator<HttpRequest.Builder> change) {
    try {
      return client.send(change.apply(request).timeout(Duration.ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The connection's bytes as they are; what comes back until the server closes. */
  String raw(String... pieces) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      socket.setSoTimeout(15_000);
      for (String piece : pieces) {
        socket.getOutputStream().write(piece.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
      }
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  static JsonNode json(HttpResponse<String> response) {
    return json(response.body());
  }

  static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
