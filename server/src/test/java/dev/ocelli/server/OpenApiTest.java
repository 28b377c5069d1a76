package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The API's description, held against what the server does. */
class OpenApiTest {
  private static final JsonSchemaFactory SCHEMAS = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
  private static final Path SOURCES = Path.of("src/main/java/dev/ocelli/server");

  private static TestServer server;
  private static JsonNode api;

  @BeforeAll
  static void start() {
    server = new TestServer();
    api = TestServer.json(server.get("/openapi.json"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void everyRouteIsThereAndNoOther() {
    Set<String> described = new TreeSet<>();
    Set<String> open = new TreeSet<>();
    api.get("paths").fields().forEachRemaining(
        path ->
            path.getValue().fieldNames().forEachRemaining(
                method -> {
                  String name = method.toUpperCase(java.util.Locale.ROOT) + " " + path.getKey();
                  described.add(name);
                  if (path.getValue().get(method).has("security")) {
                    open.add(name);
                  }
                }));
    Set<String> routes = new TreeSet<>();
    Set<String> openRoutes = new TreeSet<>();
    for (Routes.Route route : server.server.routes()) {
      String name = route.method() + " " + route.path().replace("*", "{model}");
      routes.add(name);
      if (route.open()) {
        openRoutes.add(name);
      }
    }
    assertThat(described).isEqualTo(routes);
    assertThat(open).as("need no token").isEqualTo(openRoutes);
  }

  /** Names that the code reads, found in it. */
  @Test
  void everyFieldThatIsReadIsThere() throws IOException {
    Set<String> sampling = read("Fields.java", "(?:whole|number|has|json\\.get)\\(\"(\\w+)\"");
    sampling.addAll(read("Fields.java", "has\\(\"\\w+\"\\) \\? \"(\\w+)\" :"));
    sampling.addAll(read("Fields.java", "\\? \"\\w+\" : \"(\\w+)\""));
    sampling.addAll(read("Asking.java", "fields\\.\\w+\\(\"(\\w+)\""));
    assertThat(sampling).contains("max_tokens", "max_completion_tokens", "stop", "use_lora");
    String direct = "[fF]ields\\.(?:json\\(\\)\\.)?(?:text|flag|number|whole|has|path|get)\\(\"(\\w+)\"";
    assertFields("VisionRequest", sampling, read("VisionEndpoint.java", direct));
    assertFields("VisionForm", sampling, read("VisionEndpoint.java", direct));
    Set<String> chat = read("ChatEndpoint.java", direct);
    chat.addAll(read("ChatEndpoint.java", "for \\(String name : List\\.of\\(\"(\\w+)\""));
    chat.addAll(read("ChatEndpoint.java", "for \\(String name : List\\.of\\(\"\\w+\", \"(\\w+)\""));
    assertFields("ChatRequest", sampling, chat);
    assertFields("EmbeddingsRequest", Set.of(), read("EmbeddingsEndpoint.java", direct));
    assertFields("MapsRequest", Set.of(), read("MapsEndpoint.java", direct));
  }

  private static Set<String> read(String file, String pattern) throws IOException {
    Set<String> found = new TreeSet<>();
    Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(SOURCES.resolve(file)));
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }

  private static void assertFields(String schema, Set<String> shared, Set<String> own) {
    Set<String> described = new TreeSet<>();
    api.at("/components/schemas/" + schema + "/properties").fieldNames().forEachRemaining(described::add);
    Set<String> all = new TreeSet<>(shared);
    all.addAll(own);
    assertThat(described).as(schema).isEqualTo(all);
  }

  private static Set<ValidationMessage> problems(JsonNode schema, JsonNode value) {
    ObjectNode whole = schema.deepCopy();
    whole.set("components", api.get("components"));
    return SCHEMAS.getSchema(whole).validate(value);
  }

  /** What the server answered, held against what the description has for this path, method, status and content type. */
  private static void assertFits(String method, String path, HttpResponse<String> response) {
    String what = method + " " + path + " " + response.statusCode();
    JsonNode described = api.get("paths").path(path).path(method).path("responses").path(String.valueOf(response.statusCode()));
    assertThat(described.isMissingNode()).as(what + " isn't described: " + response.body()).isFalse();
    String type = response.headers().firstValue("content-type").orElse("");
    JsonNode schema = described.path("content").path(type).path("schema");
    assertThat(schema.isMissingNode()).as(what + " as " + type + " isn't described").isFalse();
    described.path("headers").fieldNames().forEachRemaining(
        header -> assertThat(response.headers().firstValue(header)).as(what + " " + header).isPresent());
    if (type.startsWith("text/event-stream")) {
      for (String event : response.body().split("\n\n")) {
        if (!event.equals("data: [DONE]")) {
          assertThat(problems(schema, TestServer.json(event.substring(6)))).as(what + ": " + event).isEmpty();
        }
      }
    } else if (type.equals("application/json")) {
      assertThat(problems(schema, TestServer.json(response))).as(what + ": " + response.body()).isEmpty();
    }
  }

  private static void post(String path, int status, String body) {
    JsonNode request = api.get("paths").get(path).at("/post/requestBody/content/application~1json/schema");
    Set<ValidationMessage> problems = problems(request, TestServer.json(body));
    assertThat(problems.isEmpty()).as(path + " " + body + ": " + problems).isEqualTo(status != 400);
    HttpResponse<String> response = server.post(path, body);
    assertThat(response.statusCode()).as(body + response.body()).isEqualTo(status);
    assertFits("post", path, response);
  }

  private static String chat(String more) {
    String url = "\"data:image/png;base64," + TestServer.base64(3) + "\"";
    String parts = "[{\"type\": \"text\", \"text\": \"what is it?\"}, {\"type\": \"image_url\", \"image_url\": {\"url\": " + url + "}}]";
    return "{\"messages\": [{\"role\": \"system\", \"content\": \"you see\"}, {\"role\": \"user\", \"content\": " + parts + "}]" + more + "}";
  }

  @Test
  void whatIsAskedAndAnsweredFits() {
    String picture = "{\"image\": \"" + TestServer.base64(2) + "\"";
    String all = ", \"max_tokens\": 3, \"temperature\": 1, \"top_k\": 5, \"top_p\": 0.9, \"repetition_penalty\": 1.1, \"seed\": 4, \"use_lora\": false";
    post("/v1/vision", 200, picture + "}");
    post("/v1/vision", 200, picture + ", \"prompt\": \"what is it?\", \"adapter\": \"two\", \"stop\": [\"red\", \"blue\"]" + all + "}");
    post("/v1/vision", 404, picture + ", \"adapter\": \"three\"}");
    post("/v1/chat/completions", 200, chat(""));
    post("/v1/chat/completions", 200, chat(all + ", \"max_completion_tokens\": 2, \"stop\": \"red\", \"model\": \"two\", \"n\": 1, \"user\": \"me\""));
    post("/v1/chat/completions", 200, chat(", \"stream\": true"));
    post("/v1/chat/completions", 200, chat(", \"stream\": true, \"stream_options\": {\"include_usage\": true}"));
    post("/v1/embeddings", 200, "{\"input\": \"a red circle\"}");
    post("/v1/embeddings", 200, "{\"input\": [\"a\", {\"type\": \"text\", \"text\": \"red\"}], \"encoding_format\": \"base64\", \"model\": \"one\"}");
    post("/v1/embeddings", 404, "{\"input\": \"a\", \"model\": \"none\"}");
    post("/v1/maps", 200, picture + ", \"text\": \"a red circle\", \"prompt\": \"what?\", \"model\": \"one\", \"use_lora\": true}");
    for (String path : List.of("/v1/models", "/metrics", "/health", "/health/live", "/openapi.json", "/", "/playground/playground.js",
        "/playground/playground.css", "/playground/answer.js", "/playground/picture.js", "/playground/snippets.js")) {
      assertFits("get", path, server.get(path));
    }
    assertFits("get", "/v1/models/{model}", server.get("/v1/models/one"));
    assertFits("get", "/v1/models/{model}", server.get("/v1/models/three"));
  }

  /** What the description forbids, the server refuses, and says so in the form that is described. */
  @Test
  void whatMustNotBeAskedIsRefused() {
    String picture = "{\"image\": \"" + TestServer.base64(2) + "\"";
    for (String wrong :
        List.of(
            "\"max_tokens\": 0", "\"max_completion_tokens\": -1", "\"temperature\": -1", "\"top_k\": -1", "\"top_p\": 2", "\"repetition_penalty\": 0",
            "\"stop\": \"\"", "\"seed\": \"x\"", "\"use_lora\": \"perhaps\"", "\"prompt\": 3", "\"adapter\": []",
            "\"image_url\": \"http://x.example/a.jpg\"")) {
      post("/v1/vision", 400, picture + ", " + wrong + "}");
    }
    post("/v1/vision", 400, "{}");
    for (String wrong :
        List.of(
            "\"n\": 2", "\"tools\": [{}]", "\"functions\": [{}]", "\"logprobs\": true", "\"presence_penalty\": 1", "\"frequency_penalty\": 1",
            "\"response_format\": {\"type\": \"json_object\"}", "\"stream\": \"perhaps\"", "\"model\": 1", "\"messages2\": 1, \"temperature\": -2")) {
      post("/v1/chat/completions", 400, chat(", " + wrong));
    }
    post("/v1/chat/completions", 400, "{\"messages\": []}");
    post("/v1/chat/completions", 400, "{\"messages\": [{\"role\": \"tool\", \"content\": \"x\"}]}");
    for (String wrong : List.of("{}", "{\"input\": []}", "{\"input\": \"a\", \"dimensions\": 3}", "{\"input\": \"a\", \"encoding_format\": \"hex\"}")) {
      post("/v1/embeddings", 400, wrong);
    }
    post("/v1/maps", 400, picture + "}");
    post("/v1/maps", 400, "{\"text\": \"a\"}");
    post("/v1/maps", 400, picture + ", \"text\": \"a\", \"use_lora\": 7}");
    for (JsonNode path : api.get("paths")) {
      assertThat(path.size()).as("one method a path").isEqualTo(1);
    }
  }

  @Test
  void theTokensAbsenceIsDescribed() {
    ServerSettings usual = TestServer.settings();
    ServerSettings guarded =
        new ServerSettings(
            usual.runs(), usual.host(), 0, "a-token-of-many-letters", null, null, List.of(), List.of(), false, usual.limits());
    try (TestServer shut = new TestServer(guarded)) {
      for (Routes.Route route : shut.server.routes()) {
        String path = route.path().replace("*", "one");
        HttpResponse<String> response = route.method().name().equals("GET") ? shut.get(path) : shut.post(path, "{}");
        assertThat(response.statusCode()).as(path).isEqualTo(route.open() ? 200 : 401);
        assertFits(route.method().name().toLowerCase(java.util.Locale.ROOT), route.path().replace("*", "{model}"), response);
      }
    }
  }

  /** That the comparison can fail: an answer with a field more or less doesn't fit. */
  @Test
  void anotherAnswerWouldShow() {
    ObjectNode answer = (ObjectNode) TestServer.json(server.post("/v1/vision", "{\"image\": \"" + TestServer.base64(2) + "\"}"));
    JsonNode schema = api.at("/paths/~1v1~1vision/post/responses/200/content/application~1json/schema");
    assertThat(problems(schema, answer)).isEmpty();
    assertThat(problems(schema, answer.deepCopy().put("more", 1))).isNotEmpty();
    assertThat(problems(schema, answer.deepCopy().without("finish"))).isNotEmpty();
    ObjectNode deep = answer.deepCopy();
    ((ObjectNode) deep.get("timings")).put("queue_ms", "soon");
    assertThat(problems(schema, deep)).isNotEmpty();
  }
}
