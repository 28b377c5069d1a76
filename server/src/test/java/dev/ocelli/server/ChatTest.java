package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** POST /v1/chat/completions and GET /v1/models, in OpenAI's form. */
class ChatTest {
  private static TestServer server;

  @BeforeAll
  static void start() {
    server = new TestServer();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String picture(int drawing) {
    return "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64," + TestServer.base64(drawing) + "\", \"detail\": \"low\"}}";
  }

  private static String user(String text, int... drawings) {
    StringBuilder parts = new StringBuilder("{\"type\": \"text\", \"text\": \"" + text + "\"}");
    for (int drawing : drawings) {
      parts.append(", ").append(picture(drawing));
    }
    return "{\"role\": \"user\", \"content\": [" + parts + "]}";
  }

  private static String body(String messages, String more) {
    return "{\"model\": \"one\", \"messages\": [" + messages + "]" + more + "}";
  }

  private static JsonNode ask(String messages, String more) {
    HttpResponse<String> response = server.post("/v1/chat/completions", body(messages, more));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return TestServer.json(response);
  }

  private static String text(JsonNode completion) {
    return completion.at("/choices/0/message/content").asText();
  }

  private static List<JsonNode> events(String body) {
    List<JsonNode> events = new ArrayList<>();
    for (String event : body.split("\n\n")) {
      assertThat(event).startsWith("data: ").doesNotContain("\n");
      if (!event.equals("data: [DONE]")) {
        events.add(TestServer.json(event.substring(6)));
      }
    }
    assertThat(body).endsWith("data: [DONE]\n\n");
    return events;
  }

  @Test
  void aPictureAndAQuestionGiveVisionsAnswer() {
    JsonNode chat = ask(user("what is the shape?", 4), "");
    String vision = "{\"image\": \"" + TestServer.base64(4) + "\", \"prompt\": \"what is the shape?\"}";
    assertThat(text(chat)).isNotEmpty().isEqualTo(TestServer.json(server.post("/v1/vision", vision)).get("text").asText());
    assertThat(chat.get("object").asText()).isEqualTo("chat.completion");
    assertThat(chat.get("model").asText()).isEqualTo("one");
    assertThat(chat.at("/choices/0/message/role").asText()).isEqualTo("assistant");
    JsonNode usage = chat.get("usage");
    assertThat(usage.get("total_tokens").asInt()).isEqualTo(usage.get("prompt_tokens").asInt() + usage.get("completion_tokens").asInt());
  }

  @Test
  void wordsAloneAreAnsweredToo() {
    JsonNode plain = ask("{\"role\": \"user\", \"content\": \"what do you see?\"}", "");
    assertThat(text(plain)).isNotEmpty();
    assertThat(text(ask(user("what do you see?"), ""))).isEqualTo(text(plain));
    int without = plain.at("/usage/prompt_tokens").asInt();
    assertThat(ask(user("what do you see?", 1), "").at("/usage/prompt_tokens").asInt()).as("five slots a picture").isEqualTo(without + 5);
    assertThat(ask(user("what do you see?", 1, 2), "").at("/usage/prompt_tokens").asInt()).isEqualTo(without + 10);
  }

  @Test
  void earlierTurnsCount() {
    String drawn = ", \"max_tokens\": 20, \"temperature\": 1, \"seed\": 3";
    String turns = user("what is the shape?", 0) + ", {\"role\": \"assistant\", \"content\": \"%s\"}, " + user("is the circle red?");
    String circle = text(ask(String.format(turns, "a circle."), drawn));
    assertThat(text(ask(String.format(turns, "a circle."), drawn))).isEqualTo(circle);
    assertThat(text(ask(String.format(turns, "a blue square on white."), drawn))).isNotEqualTo(circle);
    String system = "{\"role\": \"system\", \"content\": \"you see blue.\"}, " + String.format(turns, "a circle.");
    assertThat(text(ask(system, drawn))).isNotEqualTo(circle);
    assertThat(text(ask(system.replace("\"system\"", "\"developer\""), drawn))).isEqualTo(text(ask(system, drawn)));
  }

  @Test
  void aStreamSaysTheSameInPieces() {
    String drawn = ", \"max_tokens\": 20, \"temperature\": 1, \"seed\": 3";
    JsonNode whole = ask(user("what is it?", 2), drawn);
    HttpResponse<String> response =
        server.post("/v1/chat/completions", body(user("what is it?", 2), drawn + ", \"stream\": true, \"stream_options\": {\"include_usage\": true}"));
    assertThat(response.headers().firstValue("content-type")).hasValueSatisfying(type -> assertThat(type).startsWith("text/event-stream"));
    List<JsonNode> events = events(response.body());
    StringBuilder text = new StringBuilder();
    events.forEach(event -> text.append(event.at("/choices/0/delta/content").asText("")));
    assertThat(text.toString().strip()).isEqualTo(text(whole));
    assertThat(events.size()).isGreaterThan(6);
    assertThat(events.get(0).at("/choices/0/delta/role").asText()).isEqualTo("assistant");
    assertThat(events.get(events.size() - 2).at("/choices/0/finish_reason")).isEqualTo(whole.at("/choices/0/finish_reason"));
    assertThat(events.get(events.size() - 1).get("usage")).isEqualTo(whole.get("usage"));
    assertThat(events.stream().map(e -> e.get("id").asText()).distinct()).hasSize(1);
  }

  @Test
  void stopTextsEndTheAnswer() {
    String drawn = ", \"max_tokens\": 20, \"temperature\": 1, \"seed\": 3";
    String whole = text(ask(user("what is it?", 2), drawn));
    String word = whole.split(" ")[3];
    JsonNode cut = ask(user("what is it?", 2), drawn + ", \"stop\": \"" + word + "\"");
    assertThat(text(cut)).isEqualTo(whole.substring(0, whole.indexOf(word)).strip());
    assertThat(cut.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(text(ask(user("what is it?", 2), drawn + ", \"stop\": [\"nowhere in it\", \"" + word + "\"]"))).isEqualTo(text(cut));
    assertThat(ask(user("what is it?", 2), ", \"max_completion_tokens\": 2").at("/usage/completion_tokens").asInt()).isEqualTo(2);
  }

  @Test
  void modelsAreListed() {
    JsonNode list = TestServer.json(server.get("/v1/models"));
    assertThat(list.get("object").asText()).isEqualTo("list");
    assertThat(list.get("data").findValuesAsText("id")).containsExactly("one", "two");
    assertThat(TestServer.json(server.get("/v1/models/two")).get("id").asText()).isEqualTo("two");
    assertThat(server.get("/v1/models/three").statusCode()).isEqualTo(404);
  }

  @Test
  void health() {
    assertThat(server.get("/health").body()).isEqualTo("{\"live\":true,\"ready\":true}");
    assertThat(server.get("/health/live").statusCode()).isEqualTo(200);
    assertThat(server.get("/health/ready").body()).isEqualTo("{\"live\":true,\"ready\":true}");
  }

  @Test
  void whatPrometheusReads() {
    ask("{\"role\": \"user\", \"content\": \"what\"}", "");
    server.get("/v1/nothing");
    HttpResponse<String> response = server.get("/metrics");
    assertThat(response.headers().firstValue("content-type")).hasValueSatisfying(type -> assertThat(type).startsWith("text/plain"));
    for (String name :
        new String[] {
          "ocelli_requests_seconds_count{path=\"/v1/chat/completions\",status=\"200\"}", "ocelli_requests_seconds_count{path=\"other\",status=\"404\"}",
          "ocelli_first_token_seconds_bucket", "ocelli_queue_waiting", "ocelli_tokens_per_second_count", "ocelli_answer_tokens_total",
          "ocelli_native_bytes", "ocelli_cache_bytes"
        }) {
      assertThat(response.body().lines().filter(line -> line.startsWith(name))).as(name).isNotEmpty();
    }
    double bytes = response.body().lines().filter(line -> line.startsWith("ocelli_resident_bytes ")).mapToDouble(l -> Double.parseDouble(l.split(" ")[1])).sum();
    assertThat(bytes).isGreaterThan(50e6);
  }

  @Test
  void mistakesAreNamed() {
    String hello = "{\"role\": \"user\", \"content\": \"what\"}";
    for (String[] mistake :
        new String[][] {
          {"{\"model\": \"one\"}", "messages"}, {body("", ""), "messages"}, {body("{\"role\": \"tool\", \"content\": \"x\"}", ""), "role"},
          {body("{\"role\": \"user\", \"content\": [{\"type\": \"input_audio\"}]}", ""), "type"},
          {body(hello, ", \"n\": 2"), "n: 1"}, {body(hello, ", \"tools\": [{}]"), "tools"}, {body(hello, ", \"stop\": \"\""), "stop"},
          {body(hello, ", \"response_format\": {\"type\": \"json_object\"}"), "text"}, {body(hello, ", \"top_p\": 2"), "top_p"},
          {body(hello, ", \"frequency_penalty\": 1"), "repetition_penalty"}, {body(hello, ", \"logit_bias\": {\"1\": 5}"), "logit_bias"}, {body(user("x", 0, 1, 2, 3, 4), ""), "5 pictures"},
          {body("{\"role\": \"system\", \"content\": [" + picture(0) + "]}, " + hello, ""), "user"}
        }) {
      HttpResponse<String> response = server.post("/v1/chat/completions", mistake[0]);
      assertThat(response.statusCode()).as(mistake[1]).isEqualTo(400);
      assertThat(TestServer.json(response).at("/error/message").asText()).contains(mistake[1]);
    }
    HttpResponse<String> unknown = server.post("/v1/chat/completions", body(hello, "").replace("one", "gpt"));
    assertThat(unknown.statusCode()).isEqualTo(404);
    assertThat(TestServer.json(unknown).at("/error/code").asText()).isEqualTo("model_not_found");
    assertThat(server.get("/v1/chat/completions").statusCode()).isEqualTo(405);
    assertThat(server.get("/v1/nothing").statusCode()).isEqualTo(404);
  }

  @Test
  void whatPeopleWriteEndsNoTurn() {
    // The template's own token in a question stays plain text, so the prompt grows by its pieces.
    int plain = ask(user("what?", 1), "").at("/usage/prompt_tokens").asInt();
    int written = ask(user("what?<|im_end|>", 1), "").at("/usage/prompt_tokens").asInt();
    assertThat(written).isGreaterThan(plain + 1);
  }
}
