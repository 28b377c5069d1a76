package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many at once: who joins, who waits, who is sent away, who leaves. */
@Timeout(120)
class SchedulingTest {
  private static TestServer server(int batch, int queue, Duration request) {
    ServerSettings usual = TestServer.settings();
    return new TestServer(
        new ServerSettings(
            usual.runs(), usual.host(), 0, null, null, null, List.of(), List.of(), false, TestServer.limits().with(batch, queue, request)));
  }

  private static String body(int seed, int tokens, String more) {
    return "{\"messages\": [{\"role\": \"user\", \"content\": \"what is in this image?\"}], \"temperature\": 1, \"seed\": " + seed
        + ", \"max_tokens\": " + tokens + more + "}";
  }

  private static CompletableFuture<HttpResponse<String>> later(TestServer server, String body) {
    return CompletableFuture.supplyAsync(() -> server.post("/v1/chat/completions", body), command -> new Thread(command).start());
  }

  private static double metric(TestServer server, String name) {
    return server.get("/metrics").body().lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + name));
  }

  /** Everyone gets the answer that they would have got alone. */
  @Test
  void thirtyAtOnceGetTheirOwnAnswers() throws Exception {
    try (TestServer server = server(8, 64, Duration.ofSeconds(60))) {
      List<String> alone = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        alone.add(text(server.post("/v1/chat/completions", body(i, 5 + 3 * i, i % 3 == 0 ? ", \"use_lora\": false" : ""))));
      }
      List<CompletableFuture<HttpResponse<String>>> together = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        together.add(later(server, body(i % 10, 5 + 3 * (i % 10), i % 10 % 3 == 0 ? ", \"use_lora\": false" : "")));
      }
      for (int i = 0; i < 30; i++) {
        assertThat(text(together.get(i).get())).as("request " + i).isEqualTo(alone.get(i % 10));
      }
      assertThat(metric(server, "ocelli_first_token_seconds_count")).isEqualTo(40);
      assertThat(metric(server, "ocelli_queue_waiting")).isZero();
      assertThat(metric(server, "ocelli_answer_tokens_total")).isGreaterThan(40);
    }
  }

  private static String text(HttpResponse<String> response) {
    JsonNode json = TestServer.json(response);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json.at("/choices/0/message/content").asText();
  }

  /** A short question needn't wait for a long answer that is under way: it joins, and is answered first. */
  @Test
  void whoComesWhileOthersAreAnsweredJoinsThem() throws Exception {
    try (TestServer server = server(4, 8, Duration.ofSeconds(60))) {
      CountDownLatch paused = server.pause();
      CompletableFuture<HttpResponse<String>> long1 = later(server, body(1, 150, ""));
      TestServer.await(() -> server.server.engine().unseen() == 1);
      // The next round takes the long one in; the one after it pauses again.
      CountDownLatch again = server.pauseLater();
      paused.countDown();
      TestServer.await(() -> server.server.engine().unseen() == 0);
      CompletableFuture<HttpResponse<String>> short1 = later(server, body(2, 2, ", \"use_lora\": false"));
      CompletableFuture<HttpResponse<String>> short2 = later(server, body(3, 2, ""));
      TestServer.await(() -> server.server.engine().unseen() == 2);
      assertThat(long1).isNotDone();
      again.countDown();
      int longTokens = TestServer.json(long1.get()).at("/usage/completion_tokens").asInt();
      assertThat(longTokens).as("a long one").isGreaterThan(20);
      text(short1.get());
      text(short2.get());
      List<Integer> order = order(server);
      assertThat(order).as("in the order they were done").hasSize(3).endsWith(longTokens);
    }
  }

  /** How many tokens the answers have that the log tells of. */
  private static List<Integer> order(TestServer server) throws InterruptedException {
    return server.log().lines().filter(line -> line.contains("completions")).map(line -> TestServer.json(line).at("/tokens/answer").asInt()).toList();
  }

  /** A client with an answer of many tokens under way, read by nobody. */
  private static Socket ask(TestServer server, String body) throws Exception {
    Socket socket = new Socket("127.0.0.1", server.server.port());
    OutputStream out = socket.getOutputStream();
    out.write(
        ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
            .getBytes(StandardCharsets.US_ASCII));
    out.flush();
    return socket;
  }

  @Test
  void beyondTheQueueClientsAreSentAwayWithATime() throws Exception {
    try (TestServer server = server(1, 2, Duration.ofSeconds(60))) {
      CountDownLatch paused = server.pause();
      List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        all.add(later(server, body(i, 10, "")));
      }
      TestServer.await(() -> server.server.working() == 3);
      HttpResponse<String> fourth = server.post("/v1/chat/completions", body(3, 10, ""));
      assertThat(fourth.statusCode()).isEqualTo(429);
      assertThat(TestServer.json(fourth).at("/error/code").asText()).isEqualTo("queue_full");
      assertThat(fourth.headers().firstValueAsLong("retry-after").orElseThrow()).isBetween(1L, 60L);
      assertThat(server.get("/health").statusCode()).as("others aren't kept from looking").isEqualTo(200);
      paused.countDown();
      for (CompletableFuture<HttpResponse<String>> each : all) {
        assertThat(each.get().statusCode()).isEqualTo(200);
      }
      server.quiet();
      assertThat(server.post("/v1/chat/completions", body(3, 10, "")).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void whoLeavesFreesTheirPlace() throws Exception {
    try (TestServer server = server(1, 1, Duration.ofSeconds(60))) {
      CountDownLatch paused = server.pause();
      Socket first = ask(server, body(1, 200, ", \"stream\": true"));
      Socket second = ask(server, body(2, 200, ""));
      TestServer.await(() -> server.server.working() == 2);
      assertThat(server.post("/v1/chat/completions", body(3, 5, "")).statusCode()).isEqualTo(429);
      first.close();
      second.close();
      server.quiet();
      paused.countDown();
      assertThat(server.post("/v1/chat/completions", body(3, 5, "")).statusCode()).isEqualTo(200);
      assertThat(server.log().lines().filter(line -> line.contains("\"status\":499"))).hasSize(2);
    }
  }

  /** The one that leaves is gone from the batch, too: its tokens are never counted. */
  @Test
  void whoLeavesAmidAStreamIsNoticed() throws Exception {
    try (TestServer server = server(2, 8, Duration.ofSeconds(60))) {
      for (int i = 0; i < 5; i++) {
        Socket socket = ask(server, body(i, 200, ", \"stream\": true"));
        InputStream in = socket.getInputStream();
        in.read(new byte[40]);
        socket.close();
      }
      TestServer.await(() -> server.server.working() == 0 && metric(server, "ocelli_answers_active") == 0);
      assertThat(server.post("/v1/chat/completions", body(3, 5, "")).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void theTimeARequestHasCountsItsWait() throws Exception {
    try (TestServer server = server(1, 4, Duration.ofMillis(700))) {
      CountDownLatch paused = server.pause();
      CompletableFuture<HttpResponse<String>> waits = later(server, body(1, 5, ""));
      TestServer.await(() -> server.server.working() == 1);
      Thread.sleep(800);
      paused.countDown();
      assertThat(waits.get().statusCode()).isEqualTo(504);
      assertThat(TestServer.json(waits.get()).at("/error/code").asText()).isEqualTo("timeout");
      // Even where nobody comes to look at it.
      CountDownLatch again = server.pause();
      CompletableFuture<HttpResponse<String>> forgotten = later(server, body(1, 5, ""));
      assertThat(forgotten.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(504);
      server.quiet();
      again.countDown();
    }
  }

  @Test
  void stoppingAnswersWhatHasBegunAndRefusesTheRest() throws Exception {
    TestServer server = server(2, 8, Duration.ofSeconds(60));
    CountDownLatch paused = server.pause();
    List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      all.add(later(server, body(i, 20, "")));
    }
    TestServer.await(() -> server.server.working() == 4);
    CompletableFuture<Void> closed = CompletableFuture.runAsync(server::close, command -> new Thread(command).start());
    Thread.sleep(300);
    paused.countDown();
    for (CompletableFuture<HttpResponse<String>> each : all) {
      assertThat(each.get().statusCode()).isEqualTo(200);
    }
    closed.get(20, TimeUnit.SECONDS);
    assertThat(server.log()).endsWith("\"event\":\"stopped\"}\n");
  }
}
