package dev.ocelli.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.text.ChatPrompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/** What the endpoints that answer questions share: from names, words and pictures to an answer in the engine's line. */
final class Asking {
  /** No tokenizer's words are longer on the mean: what has more characters is refused before it is taken apart. */
  private static final int CHARACTERS_A_TOKEN = 32;

  private static final int LONGEST_NAME = 100;

  private final Engine engine;
  private final Pictures pictures;
  private final Limits limits;
  private final boolean logContent;

  Asking(Engine engine, Pictures pictures, Limits limits, boolean logContent) {
    this.engine = engine;
    this.pictures = pictures;
    this.limits = limits;
    this.logContent = logContent;
  }

  /** The runs by name, the default first. */
  Map<String, ServedRun> runs() {
    if (!engine.ready()) {
      throw ApiError.unavailable("loading", 5, "The models are being loaded.");
    }
    return engine.loaded().join();
  }

  /** @param name null for the default */
  ServedRun run(String name) {
    Map<String, ServedRun> runs = runs();
    ServedRun run = name == null || name.isEmpty() ? runs.values().iterator().next() : runs.get(name);
    if (run == null) {
      String asked = name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) + "..." : name;
      throw ApiError.invalid(404, "model_not_found", "There is no model \"" + asked + "\". There are: " + String.join(", ", runs.keySet()) + ".");
    }
    return run;
  }

  Pictures pictures() {
    return pictures;
  }

  long deadline(Exchange exchange) {
    return exchange.arrived() + limits.request().toNanos();
  }

  /**
   * Prepares an answer and puts it in line.
   *
   * @param turns of the conversation; where none is the system's, the run's own comes before them
   * @param images the bytes of each picture, in the order of the turns
   */
  void ask(
      Exchange exchange,
      ServedRun run,
      Fields fields,
      List<ChatPrompt.Turn> turns,
      List<Supplier<byte[]>> images,
      Answer.Listener listener) {
    if (images.size() > limits.pictures()) {
      throw ApiError.invalid(400, "too_many_images", "The request has " + images.size() + " pictures; there may be " + limits.pictures() + ".");
    }
    List<ChatPrompt.Turn> all = new ArrayList<>(turns);
    if (turns.stream().noneMatch(t -> t.role().equals("system"))) {
      all.add(0, new ChatPrompt.Turn("system", run.system(), 0));
    }
    checkLength(all.stream().mapToLong(turn -> turn.text().length()).sum(), run);
    List<int[]> words = run.chat().conversation(all);
    int prompt = words.stream().mapToInt(w -> w.length).sum() + images.size() * run.slots();
    var settings = fields.sampling(run.sampling(), prompt, run.context());
    boolean adapters = fields.flag("use_lora", true);
    long deadline = deadline(exchange);
    List<float[]> unpacked = new ArrayList<>();
    for (Supplier<byte[]> image : images) {
      unpacked.add(pictures.unpack(image.get(), run.vision().preprocessing(), deadline));
    }
    Answer answer = new Answer(run, adapters, words, unpacked, settings, exchange.arrived(), deadline, listener);
    if (logContent) {
      exchange.note("prompt", Json.object().textNode(turns.get(turns.size() - 1).text()));
    }
    exchange.onLeave(answer::cancel);
    engine.submit(answer);
  }

  /** @param characters of all texts together */
  void checkLength(long characters, ServedRun run) {
    long most = (long) CHARACTERS_A_TOKEN * run.context();
    if (characters > most) {
      throw ApiError.invalid(400, "context_length_exceeded", "The text has " + characters + " characters; " + most + " are the most.");
    }
  }

  /** Notes for the log what an answer took; its text only where content is logged. */
  void note(Exchange exchange, Answer answer, Answer.Finish finish, String text) {
    ObjectNode took = timings(answer);
    exchange.note("model", took.textNode(answer.run.name()));
    exchange.note("timings", took);
    exchange.note("tokens", tokens(answer));
    exchange.note("finish", took.textNode(finish.name().toLowerCase(Locale.ROOT)));
    if (logContent) {
      exchange.note("text", took.textNode(text));
    }
  }

  static ObjectNode timings(Answer answer) {
    return Json.object()
        .put("prepare_ms", answer.prepareMillis())
        .put("queue_ms", answer.queueMillis())
        .put("first_token_ms", answer.firstTokenMillis())
        .put("total_ms", answer.totalMillis());
  }

  static ObjectNode tokens(Answer answer) {
    return Json.object().put("prompt", answer.promptTokens()).put("answer", answer.answerTokens());
  }
}
