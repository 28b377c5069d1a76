package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** POST /v1/maps: where the model looked for each word. */
class MapsTest {
  private static TestServer server;

  @BeforeAll
  static void start() {
    server = new TestServer();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String body(int drawing, String text, String more) {
    return "{\"image\": \"" + TestServer.base64(drawing) + "\", \"prompt\": \"what is it?\", \"text\": \"" + text + "\"" + more + "}";
  }

  private static JsonNode maps(int drawing, String text, String more) {
    HttpResponse<String> response = server.post("/v1/maps", body(drawing, text, more));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return TestServer.json(response);
  }

  private static double sum(JsonNode map) {
    double sum = 0;
    for (JsonNode value : map) {
      assertThat(value.asDouble()).isBetween(0.0, 1.0);
      sum += value.asDouble();
    }
    return sum;
  }

  @Test
  void eachWordHasItsMap() {
    JsonNode maps = maps(0, "a red circle on white.", "");
    assertThat(maps.get("words").findValuesAsText("text")).containsExactly("a", "red", "circle", "on", "white");
    for (JsonNode word : maps.get("words")) {
      assertThat(maps.get("text").asText().substring(word.get("start").asInt(), word.get("end").asInt())).isEqualTo(word.get("text").asText());
      assertThat(word.get("map")).hasSize(4);
      assertThat(sum(word.get("map"))).isCloseTo(1, offset(1e-5));
    }
    assertThat(sum(maps.get("average"))).isCloseTo(1, offset(1e-5));
    assertThat(maps.get("grid").toString()).isEqualTo("{\"rows\":2,\"columns\":2}");
    assertThat(maps.get("picture").toString()).isEqualTo("{\"width\":96,\"height\":96}");
    assertThat(maps.get("window").toString()).isEqualTo("{\"x\":0.0,\"y\":0.0,\"width\":96.0,\"height\":96.0}");
  }

  @Test
  void itIsTheModelsAndThePicturesAndTheWords() {
    JsonNode words = maps(0, "a red circle", "").get("words");
    assertThat(maps(0, "a red circle", "").get("words")).isEqualTo(words);
    assertThat(maps(0, "a red circle", ", \"model\": \"two\"").get("words")).as("another run").isNotEqualTo(words);
    assertThat(maps(5, "a red circle", "").get("words")).as("another picture").isNotEqualTo(words);
    // What comes later changes nothing before it.
    JsonNode other = maps(0, "a red square", "").get("words");
    assertThat(other.get(1)).isEqualTo(words.get(1));
    assertThat(other.get(2).get("map")).isNotEqualTo(words.get(2).get("map"));
    JsonNode with = maps(0, "a red circle", ", \"model\": \"two\"").get("words");
    assertThat(maps(0, "a red circle", ", \"model\": \"two\", \"use_lora\": false").get("words")).as("without the adapters").isNotEqualTo(with);
  }

  @Test
  void mistakesAreNamed() {
    for (String[] mistake :
        new String[][] {
          {"{\"text\": \"a\"}", "image_url"}, {body(0, " ", ""), "text"}, {body(0, "a", ", \"image_url\": \"http://x.example/\""), "one picture"},
          {body(0, "a", "").replace("\"prompt\"", "\"use_lora\": \"perhaps\", \"prompt\""), "use_lora"},
          {body(0, "red ".repeat(257), ""), "256"}, {body(0, "red ".repeat(200) + "\", \"prompt\": \"" + "red ".repeat(60), "").replaceFirst("\"prompt\": \"what is it\\?\", ", ""), "context"}
        }) {
      HttpResponse<String> response = server.post("/v1/maps", mistake[0]);
      assertThat(response.statusCode()).as(mistake[1]).isEqualTo(400);
      assertThat(TestServer.json(response).at("/error/message").asText()).contains(mistake[1]);
    }
    assertThat(server.post("/v1/maps", body(0, "a", ", \"model\": \"none\"")).statusCode()).isEqualTo(404);
    assertThat(server.get("/v1/maps").statusCode()).isEqualTo(405);
  }
}
