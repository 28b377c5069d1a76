package dev.ocelli.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.eval.WordMaps;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.model.VisionEncoder;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.text.Words;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.bytedeco.pytorch.Tensor;

/**
 * {@code POST /v1/maps}: where in the picture a model looks for each word of an answer, which the caller brings: what another request
 * answered, or words of one's own. A request of its own, so that answers cost what they did.
 */
final class MapsEndpoint implements Routes.Endpoint {
  private static final int MOST_TOKENS = 256;
  private static final double DIGITS = 1e6;

  private final Asking asking;
  private final Engine engine;

  MapsEndpoint(Asking asking, Engine engine) {
    this.asking = asking;
    this.engine = engine;
  }

  @Override
  public void answer(Exchange exchange, byte[] body) {
    Fields fields = new Fields(Json.read(body));
    ServedRun run = asking.run(fields.text("model", null));
    boolean adapters = fields.flag("use_lora", true);
    String text = fields.text("text", "").strip();
    if (text.isEmpty()) {
      throw ApiError.field("text", "text must be the answer whose words are asked about.");
    }
    int[] said = run.language().tokenizer().encodeLiteral(text);
    List<int[]> prompt = prompt(run, fields.text("prompt", ""));
    int tokens = prompt.get(0).length + prompt.get(1).length + run.slots() + said.length;
    if (said.length > MOST_TOKENS || tokens > run.context()) {
      throw ApiError.field("text", "text has " + said.length + " tokens; " + MOST_TOKENS + " can be looked at, within the model's context.");
    }
    Pictures.Unpacked picture = asking.pictures().read(image(exchange, fields), run.vision().preprocessing(), asking.deadline(exchange));
    CompletableFuture<WordMaps.Maps> asked = engine.call(() -> maps(run, adapters, picture.pixels(), prompt, said));
    // Whoever has left, or waited too long, is not worth the work.
    exchange.atEnd(() -> asked.cancel(false));
    asked.whenComplete(
        (maps, failure) -> {
          if (failure instanceof CancellationException) {
            return;
          }
          try {
            if (failure == null) {
              exchange.note("model", Json.object().textNode(run.name()));
              exchange.json(200, json(run, picture, Words.of(run.language().tokenizer(), said), maps));
              return;
            }
            engine.report(failure);
          } catch (RuntimeException e) {
            engine.report(e);
          }
          exchange.fail(ApiError.internal());
        });
  }

  private static List<int[]> prompt(ServedRun run, String asked) {
    ChatPrompt.Turn question = new ChatPrompt.Turn("user", asked.isBlank() ? run.question() : asked, 1);
    return run.chat().conversation(List.of(new ChatPrompt.Turn("system", run.system(), 0), question));
  }

  private byte[] image(Exchange exchange, Fields fields) {
    if (fields.has("image") == fields.has("image_url")) {
      throw ApiError.field("image_url", "Give one picture: image_url, or image in base64.");
    }
    Pictures pictures = asking.pictures();
    String data = fields.text("image", null);
    return data != null ? pictures.base64(data) : pictures.at(fields.text("image_url", null), asking.deadline(exchange));
  }

  /** On the compute thread. */
  private static WordMaps.Maps maps(ServedRun run, boolean adapters, float[] pixels, List<int[]> prompt, int[] said) {
    Preprocessing size = run.vision().preprocessing();
    WordMaps maps = new WordMaps(adapters ? run.with() : run.without(), run.vision().grid());
    WordMaps.Maps[] found = new WordMaps.Maps[1];
    Scope.run(
        () -> {
          Tensor input = Tensors.of(pixels, 1, 3, size.height(), size.width());
          Tensor features = Scope.noGrad(() -> run.vision().encoder().forward(maps.vlm().compute().place(input)));
          found[0] = maps.of(features, prompt.get(0), prompt.get(1), said);
        });
    return found[0];
  }

  private static ObjectNode json(ServedRun run, Pictures.Unpacked picture, Words words, WordMaps.Maps maps) {
    ObjectNode json = Json.object().put("model", run.name()).put("text", words.text());
    VisionEncoder.Grid grid = run.vision().grid();
    json.putObject("grid").put("rows", grid.rows()).put("columns", grid.columns());
    json.putObject("picture").put("width", picture.width()).put("height", picture.height());
    json.set("window", window(run.vision().preprocessing(), grid, picture));
    ArrayNode each = json.putArray("words");
    for (Words.Word word : words.words()) {
      ObjectNode one = each.addObject().put("text", word.text()).put("start", word.start()).put("end", word.end());
      fill(one.putArray("map"), maps.mean(word.firstToken(), word.endToken()));
    }
    fill(json.putArray("average"), maps.average());
    return json;
  }

  /** Where the grid lies in the picture, in its pixels. */
  private static ObjectNode window(Preprocessing preprocessing, VisionEncoder.Grid grid, Pictures.Unpacked picture) {
    Preprocessing.Window seen = preprocessing.window(picture.height(), picture.width());
    // Pixels beyond the last whole patch aren't looked at.
    double width = seen.width() * grid.columns() * grid.side() / preprocessing.width();
    double height = seen.height() * grid.rows() * grid.side() / preprocessing.height();
    return Json.object().put("x", seen.x()).put("y", seen.y()).put("width", width).put("height", height);
  }

  private static void fill(ArrayNode array, float[] values) {
    for (float value : values) {
      array.add(Math.round(value * DIGITS) / DIGITS);
    }
  }
}
