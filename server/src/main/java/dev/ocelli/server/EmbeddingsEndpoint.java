package dev.ocelli.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.model.VisionEncoder;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bytedeco.pytorch.Tensor;

/**
 * {@code POST /v1/embeddings} for texts and pictures, in the space that stage 1 learnt. A text is one vector there; a picture is as many as
 * there are queries, of which this gives the direction of the mean, with a glance in halves for the queries and for it.
 */
final class EmbeddingsEndpoint implements Routes.Endpoint {
  private static final int MOST_INPUTS = 64;

  /** Inputs between two steps of the answers under way. */
  private static final int AT_ONCE = 8;

  /** One thing to embed: a text, or the encoder's input of a picture. */
  private record Input(String text, float[] pixels) {}

  private record Result(List<float[]> vectors, int tokens) {}

  private final Asking asking;
  private final Engine engine;

  /** The compute thread's own: loaded when first asked for. */
  private final Map<String, ImageTextScores> loaded = new HashMap<>();

  EmbeddingsEndpoint(Asking asking, Engine engine) {
    this.asking = asking;
    this.engine = engine;
  }

  @Override
  public void answer(Exchange exchange, byte[] body) {
    Fields fields = new Fields(Json.read(body));
    ServedRun run = asking.run(fields.text("model", null));
    String format = fields.text("encoding_format", "float");
    if (!format.equals("float") && !format.equals("base64")) {
      throw ApiError.field("encoding_format", "encoding_format must be float or base64.");
    }
    if (fields.has("dimensions")) {
      throw ApiError.field("dimensions", "dimensions can't be chosen.");
    }
    List<Input> inputs = inputs(fields.json().path("input"), run, asking.deadline(exchange));
    AtomicBoolean left = new AtomicBoolean();
    exchange.onLeave(() -> left.set(true));
    List<float[]> vectors = new ArrayList<>();
    int tokens = 0;
    for (int from = 0; from < inputs.size() && !left.get(); from += AT_ONCE) {
      List<Input> some = inputs.subList(from, Math.min(inputs.size(), from + AT_ONCE));
      Result result = await(engine.call(() -> left.get() ? new Result(List.of(), 0) : embed(run, some)), asking.deadline(exchange));
      vectors.addAll(result.vectors);
      tokens += result.tokens;
    }
    exchange.note("model", Json.object().textNode(run.name()));
    exchange.json(200, json(run, new Result(vectors, tokens), format));
  }

  private Result await(CompletableFuture<Result> result, long deadline) {
    try {
      return result.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      result.cancel(false);
      throw ApiError.timedOut("The request's time was up before all was embedded.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.unavailable("stopping", 5, "The server is stopping.");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ApiError known) {
        throw known;
      }
      engine.report(e.getCause());
      throw ApiError.internal();
    }
  }

  private List<Input> inputs(JsonNode given, ServedRun run, long deadline) {
    JsonNode all = given.isArray() ? given : Json.array().add(given);
    if (all.isEmpty() || all.size() > MOST_INPUTS) {
      throw ApiError.field("input", "input must be a text, a part or a list of 1 to " + MOST_INPUTS + " of them.");
    }
    List<Input> inputs = new ArrayList<>();
    for (JsonNode item : all) {
      String text = item.isTextual() ? item.asText() : item.path("text").asText("");
      JsonNode address = item.path("image_url").isTextual() ? item.path("image_url") : item.path("image_url").path("url");
      if (!text.isBlank()) {
        asking.checkLength(text.length(), run);
        inputs.add(new Input(text, null));
      } else if (address.isTextual()) {
        byte[] bytes = asking.pictures().at(address.asText(), deadline);
        inputs.add(new Input(null, asking.pictures().unpack(bytes, run.vision().preprocessing(), deadline)));
      } else {
        throw ApiError.field("input", "Each input must be a text that isn't empty, or {\"type\": \"image_url\", \"image_url\": {\"url\": ...}}.");
      }
    }
    return inputs;
  }

  /** On the compute thread. */
  private Result embed(ServedRun run, List<Input> inputs) {
    ImageTextScores scores = loaded.get(run.name());
    if (scores == null) {
      if (!run.trained().canRetrieve() || run.trained().imageText().contrast() == null) {
        throw ApiError.invalid(404, "no_embeddings", "The model \"" + run.name() + "\" has no stage 1 with contrast, which embeddings need.");
      }
      scores = run.trained().imageTextScores();
      loaded.put(run.name(), scores);
    }
    List<float[]> vectors = new ArrayList<>();
    int tokens = 0;
    for (Input input : inputs) {
      if (input.text == null) {
        vectors.add(picture(run, scores, input.pixels));
      } else {
        String text = scores.normalise().apply(input.text);
        ImageTextScores texts = scores;
        Scope.run(() -> vectors.add(Tensors.floats(texts.texts(List.of(text)))));
        tokens += scores.tokenizer().encode(text, scores.maxTokens(), true).length;
      }
    }
    return new Result(vectors, tokens);
  }

  private static float[] picture(ServedRun run, ImageTextScores scores, float[] pixels) {
    Preprocessing size = run.vision().preprocessing();
    VisionEncoder encoder = run.vision().encoder();
    float[][] vector = new float[1][];
    Scope.run(
        () -> {
          Tensor mean =
              Scope.noGrad(
                  () -> {
                    Tensor seen = encoder.forward(scores.compute().place(Tensors.of(pixels, 1, 3, size.height(), size.width())));
                    return scores.model().contrast().whole(scores.images(seen));
                  });
          vector[0] = Tensors.floats(mean);
        });
    return vector[0];
  }

  private static ObjectNode json(ServedRun run, Result result, String format) {
    ObjectNode json = Json.object().put("object", "list").put("model", run.name());
    ArrayNode data = json.putArray("data");
    for (int i = 0; i < result.vectors.size(); i++) {
      ObjectNode item = data.addObject().put("object", "embedding").put("index", i);
      float[] vector = result.vectors.get(i);
      if (format.equals("base64")) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        item.put("embedding", Base64.getEncoder().encodeToString(bytes.array()));
      } else {
        ArrayNode numbers = item.putArray("embedding");
        for (float number : vector) {
          numbers.add(number);
        }
      }
    }
    json.putObject("usage").put("prompt_tokens", result.tokens).put("total_tokens", result.tokens);
    return json;
  }
}
