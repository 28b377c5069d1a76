package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.Progress;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.image.ImageReader;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.testing.TinyTraining;
import dev.ocelli.train.TrainedRun;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** POST /v1/embeddings against stage 1's own search. */
class EmbeddingsTest {
  private static TestServer server;

  @BeforeAll
  static void start() {
    server = new TestServer();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static JsonNode ask(String input, String more) {
    HttpResponse<String> response = server.post("/v1/embeddings", "{\"model\": \"one\", \"input\": " + input + more + "}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return TestServer.json(response);
  }

  private static double[] vector(JsonNode node) {
    double[] vector = new double[node.size()];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = node.get(i).asDouble();
    }
    return vector;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static String picture(int drawing) {
    return "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64," + TestServer.base64(drawing) + "\"}}";
  }

  @Test
  void vectorsAreThoseOfSearch() {
    JsonNode all = ask("[\"A red circle.\", " + picture(0) + ", \"blue square\"]", "");
    assertThat(all.get("data").size()).isEqualTo(3);
    double[] text = vector(all.at("/data/0/embedding"));
    double[] image = vector(all.at("/data/1/embedding"));
    assertThat(text).hasSize(16);
    try (TrainedRun run = TrainedRun.open(TestServer.root().resolve("one"), TinyTraining.pull(TestServer.root()), Progress.NONE, line -> {})) {
      ImageTextScores scores = run.imageTextScores();
      Scope.run(
          () -> {
            float[] words = Tensors.floats(scores.texts(List.of("a red circle")));
            var seen = run.features().see(ImageReader.read(TestServer.drawing(0), "it"));
            float[] queries = Tensors.floats(Scope.noGrad(() -> scores.model().contrast().images(scores.model().qformer().queries(seen, false))));
            double[] mean = new double[16];
            for (int i = 0; i < queries.length; i++) {
              mean[i % 16] += queries[i];
            }
            // A half of the queries and one of the glance, each of length 1 by itself.
            double queriesNorm = Math.sqrt(2 * dot(Arrays.copyOf(mean, 8), Arrays.copyOf(mean, 8)));
            double glanceNorm = Math.sqrt(2 * dot(Arrays.copyOfRange(mean, 8, 16), Arrays.copyOfRange(mean, 8, 16)));
            for (int i = 0; i < 16; i++) {
              assertThat(text[i]).isCloseTo(words[i], within(1e-5));
              assertThat(image[i]).isCloseTo(mean[i] / (i < 8 ? queriesNorm : glanceNorm), within(1e-5));
            }
          });
    }
    assertThat(dot(image, image)).isCloseTo(1, within(1e-5));
    assertThat(dot(text, vector(all.at("/data/2/embedding")))).isLessThan(0.9999);
    assertThat(all.at("/usage/prompt_tokens").asInt()).isGreaterThanOrEqualTo(5);
  }

  /** openai-python asks for base64 unless told otherwise. */
  @Test
  void base64HoldsTheSameNumbers() {
    double[] plain = vector(ask("\"a red circle\"", "").at("/data/0/embedding"));
    byte[] packed = Base64.getDecoder().decode(ask("\"a red circle\"", ", \"encoding_format\": \"base64\"").at("/data/0/embedding").asText());
    ByteBuffer floats = ByteBuffer.wrap(packed).order(ByteOrder.LITTLE_ENDIAN);
    for (double number : plain) {
      assertThat((double) floats.getFloat()).isCloseTo(number, within(1e-6));
    }
    assertThat(floats.hasRemaining()).isFalse();
  }

  @Test
  void mistakesAreNamed() {
    for (String input : new String[] {"[]", "\"\"", "3", "[{\"type\": \"image_url\"}]", "[[1, 2]]"}) {
      assertThat(server.post("/v1/embeddings", "{\"input\": " + input + "}").statusCode()).as(input).isEqualTo(400);
    }
    assertThat(server.post("/v1/embeddings", "{\"input\": \"x\", \"dimensions\": 3}").statusCode()).isEqualTo(400);
    assertThat(server.post("/v1/embeddings", "{\"input\": \"x\", \"model\": \"none\"}").statusCode()).isEqualTo(404);
  }
}
