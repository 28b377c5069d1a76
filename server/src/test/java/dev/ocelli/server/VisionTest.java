package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.Progress;
import dev.ocelli.generate.PhotoAnswers;
import dev.ocelli.testing.TinyTraining;
import dev.ocelli.train.TrainedRun;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** POST /v1/vision: a picture and a question, an answer. */
class VisionTest {
  private static TestServer server;

  @BeforeAll
  static void start() {
    server = new TestServer();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String body(int drawing, String more) {
    return "{\"image\": \"" + TestServer.base64(drawing) + "\"" + more + "}";
  }

  private static JsonNode ask(int drawing, String more) {
    HttpResponse<String> response = server.post("/v1/vision", body(drawing, more));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return TestServer.json(response);
  }

  /** The answer that the command line would give. */
  private static String expected(String run, int drawing, String question) {
    try (TrainedRun trained =
        TrainedRun.open(TestServer.root().resolve(run), TinyTraining.pull(TestServer.root()), Progress.NONE, line -> {})) {
      return new PhotoAnswers(trained.features(), trained.captioner(), trained.prompt(question), trained.sampling())
          .of(TestServer.root().resolve(String.format("data/images/drawing-%02d.png", drawing)), piece -> {});
    }
  }

  @Test
  void theAnswerIsTheRunsOwn() {
    for (int drawing : new int[] {0, 5}) {
      JsonNode answer = ask(drawing, ", \"prompt\": \"what is the shape?\"");
      assertThat(answer.get("text").asText()).isNotEmpty().isEqualTo(expected("one", drawing, "what is the shape?"));
      assertThat(ask(drawing, "").get("text").asText()).isEqualTo(expected("one", drawing, null));
    }
  }

  @Test
  void theAnswerSaysWhatItTook() {
    JsonNode answer = ask(1, ", \"max_tokens\": 3");
    assertThat(answer.get("model").asText()).isEqualTo("one");
    assertThat(answer.at("/tokens/answer").asInt()).isEqualTo(3);
    assertThat(answer.at("/tokens/prompt").asInt()).isGreaterThan(10);
    assertThat(answer.get("finish").asText()).isEqualTo("length");
    assertThat(answer.at("/timings/total_ms").asDouble()).isGreaterThanOrEqualTo(answer.at("/timings/first_token_ms").asDouble());
    assertThat(answer.at("/timings/first_token_ms").asDouble()).isGreaterThan(0);
  }

  @Test
  void anAdapterIsPickedByName() {
    assertThat(ask(0, "").get("adapters").toString()).isEqualTo("[\"one\",\"two\"]");
    JsonNode two = ask(0, ", \"adapter\": \"two\"");
    assertThat(two.get("model").asText()).isEqualTo("two");
    assertThat(two.has("adapters")).isFalse();
    assertThat(two.get("text").asText()).isEqualTo(expected("two", 0, null));
    HttpResponse<String> three = server.post("/v1/vision", body(0, ", \"adapter\": \"three\""));
    assertThat(three.statusCode()).isEqualTo(404);
    assertThat(TestServer.json(three).at("/error/message").asText()).contains("three", "one, two");
  }

  @Test
  void runsShareTheirFrozenModels() {
    Map<String, ServedRun> runs = server.server.engine().loaded().join();
    assertThat(runs.get("one").language()).isSameAs(runs.get("two").language());
    assertThat(runs.get("one").vision()).isSameAs(runs.get("two").vision());
    assertThat(runs.get("one").with().lora()).isNotSameAs(runs.get("two").with().lora());
  }

  @Test
  void adaptersCanBeLeftOut() {
    String drawn = ", \"adapter\": \"two\", \"max_tokens\": 20, \"temperature\": 2";
    String with = ask(2, drawn + ", \"seed\": 1, \"use_lora\": true").get("text").asText();
    assertThat(ask(2, drawn + ", \"seed\": 1").get("text").asText()).isEqualTo(with);
    assertThat(ask(2, drawn + ", \"seed\": 1, \"use_lora\": false").get("text").asText()).isNotEqualTo(with);
    assertThat(ask(2, drawn + ", \"seed\": 2").get("text").asText()).isNotEqualTo(with);
  }

  /** WordPress sends JSON without saying so. */
  @Test
  void jsonIsReadWhateverTheContentTypeSays() {
    String text = ask(0, "").get("text").asText();
    for (String type : new String[] {"application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8", "multipart/form-data; boundary=x"}) {
      assertThat(TestServer.json(server.post("/v1/vision", body(0, ""), "Content-Type", type)).path("text").asText()).isEqualTo(text);
    }
  }

  @Test
  void multipartFormsAreRead() {
    StringBuilder form = new StringBuilder();
    form.append("--x\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nwhat is the shape?\r\n");
    form.append("--x\r\nContent-Disposition: form-data; name=\"adapter\"\r\n\r\ntwo\r\n");
    form.append("--x\r\nContent-Disposition: form-data; name=\"use_lora\"\r\n\r\ntrue\r\n");
    form.append("--x\r\nContent-Disposition: form-data; name=\"max_tokens\"\r\n\r\n5\r\n");
    form.append("--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"d.png\"\r\nContent-Type: image/png\r\n\r\n");
    form.append(new String(TestServer.drawing(3), StandardCharsets.ISO_8859_1)).append("\r\n--x--\r\n");
    byte[] bytes = form.toString().getBytes(StandardCharsets.ISO_8859_1);
    HttpResponse<String> response =
        server.send(
            HttpRequest.newBuilder(server.uri("/v1/vision")),
            r -> r.header("Content-Type", "multipart/form-data; boundary=x").POST(HttpRequest.BodyPublishers.ofByteArray(bytes)));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    JsonNode same = ask(3, ", \"prompt\": \"what is the shape?\", \"adapter\": \"two\", \"max_tokens\": 5");
    assertThat(TestServer.json(response).get("text")).isEqualTo(same.get("text"));
  }

  @Test
  void mistakesAreNamed() {
    record Mistake(String body, String word) {}
    for (Mistake mistake :
        new Mistake[] {
          new Mistake("", "JSON"), new Mistake("[1]", "JSON object"), new Mistake("{\"prompt\": \"x\"}", "image_url"),
          new Mistake("{\"image\": \"!!!\"}", "base64"), new Mistake("{\"image\": \"bm8gcGljdHVyZQ==\"}", "picture"),
          new Mistake(body(0, ", \"prompt\": 3"), "prompt must be a text"), new Mistake(body(0, ", \"use_lora\": \"maybe\""), "use_lora"),
          new Mistake(body(0, ", \"max_tokens\": 0"), "max_tokens"), new Mistake(body(0, ", \"temperature\": -1"), "temperature"),
          new Mistake(body(0, ", \"image_url\": \"http://x.example/\""), "one picture"),
          new Mistake(body(0, ", \"prompt\": \"" + "red ".repeat(300) + "\""), "tokens"),
          new Mistake("{\"image_url\": \"file:///etc/passwd\"}", "http"), new Mistake("{\"image\": \"a\", \"image\": \"b\"}", "Duplicate")
        }) {
      HttpResponse<String> response = server.post("/v1/vision", mistake.body);
      assertThat(response.statusCode()).as(mistake.body).isEqualTo(400);
      JsonNode error = TestServer.json(response).get("error");
      assertThat(error.get("message").asText()).as(mistake.body).contains(mistake.word).doesNotContain("Exception");
      assertThat(error.get("type").asText()).isEqualTo("invalid_request_error");
    }
  }
}
