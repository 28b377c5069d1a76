package dev.ocelli.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.text.ChatPrompt;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** {@code POST /v1/chat/completions} as OpenAI's API has it: text and pictures, several turns, whole or as a stream. */
final class ChatEndpoint implements Routes.Endpoint {
  private static final int MOST_TURNS = 200;

  private final Asking asking;

  ChatEndpoint(Asking asking) {
    this.asking = asking;
  }

  /** The turns, with the pictures of all in their order. */
  private record Conversation(List<ChatPrompt.Turn> turns, List<Supplier<byte[]>> images) {}

  @Override
  public void answer(Exchange exchange, byte[] body) {
    Fields fields = new Fields(Json.read(body));
    refuseUnknown(fields);
    ServedRun run = asking.run(fields.text("model", null));
    Conversation conversation = conversation(fields.json().get("messages"), exchange);
    boolean stream = fields.flag("stream", false);
    JsonNode options = fields.json().path("stream_options");
    Answer.Listener listener =
        stream ? new Stream(exchange, run, options.path("include_usage").asBoolean(false)) : new Whole(exchange, run);
    asking.ask(exchange, run, fields, conversation.turns, conversation.images, listener);
  }

  /** What would change the answer, and isn't done here. */
  private static void refuseUnknown(Fields fields) {
    if (fields.whole("n", 1) != 1) {
      throw ApiError.field("n", "Only one answer (n: 1) can be given.");
    }
    for (String name : List.of("tools", "functions")) {
      if (!fields.json().path(name).isEmpty()) {
        throw ApiError.field(name, name + " can't be used: these models call none.");
      }
    }
    if (!fields.json().path("logit_bias").isEmpty()) {
      throw ApiError.field("logit_bias", "logit_bias isn't known here.");
    }
    if (fields.flag("logprobs", false)) {
      throw ApiError.field("logprobs", "logprobs aren't given.");
    }
    String format = fields.json().path("response_format").path("type").asText("text");
    if (!format.equals("text")) {
      throw ApiError.field("response_format", "Only text can be answered.");
    }
    for (String name : List.of("presence_penalty", "frequency_penalty")) {
      if (fields.number(name, 0) != 0) {
        throw ApiError.field(name, name + " isn't known here; repetition_penalty is.");
      }
    }
  }

  private Conversation conversation(JsonNode messages, Exchange exchange) {
    if (messages == null || !messages.isArray() || messages.isEmpty() || messages.size() > MOST_TURNS) {
      throw ApiError.field("messages", "messages must be a list of 1 to " + MOST_TURNS + " messages.");
    }
    Conversation conversation = new Conversation(new ArrayList<>(), new ArrayList<>());
    for (JsonNode message : messages) {
      String role = message.path("role").asText("");
      role = role.equals("developer") ? "system" : role;
      if (!List.of("system", "user", "assistant").contains(role)) {
        throw ApiError.field("messages", "A message's role must be system, developer, user or assistant.");
      }
      int before = conversation.images.size();
      String text = content(message.path("content"), role.equals("user") ? conversation.images : null, exchange);
      conversation.turns.add(new ChatPrompt.Turn(role, text, conversation.images.size() - before));
    }
    return conversation;
  }

  /** @param images gets what pictures there are; null where there may be none */
  private String content(JsonNode content, List<Supplier<byte[]>> images, Exchange exchange) {
    if (content.isTextual() || content.isNull()) {
      return content.isNull() ? "" : content.asText();
    }
    if (!content.isArray()) {
      throw ApiError.field("messages", "A message's content must be a text or a list of parts.");
    }
    StringBuilder text = new StringBuilder();
    for (JsonNode part : content) {
      switch (part.path("type").asText("")) {
        case "text" -> text.append(text.length() == 0 ? "" : "\n").append(part.path("text").asText(""));
        case "image_url" -> {
          JsonNode url = part.path("image_url").isTextual() ? part.path("image_url") : part.path("image_url").path("url");
          if (images == null || !url.isTextual()) {
            throw ApiError.field("messages", images == null ? "Only a user's message may have pictures." : "image_url must have a url.");
          }
          images.add(() -> asking.pictures().at(url.asText(), asking.deadline(exchange)));
        }
        default -> throw ApiError.field("messages", "A part's type must be text or image_url.");
      }
    }
    return text.toString();
  }

  private static ObjectNode head(Exchange exchange, ServedRun run, String kind) {
    return Json.object()
        .put("id", "chatcmpl-" + exchange.id())
        .put("object", kind)
        .put("created", System.currentTimeMillis() / 1000)
        .put("model", run.name());
  }

  private static ObjectNode usage(Answer answer) {
    int prompt = answer.promptTokens();
    int said = answer.answerTokens();
    return Json.object().put("prompt_tokens", prompt).put("completion_tokens", said).put("total_tokens", prompt + said);
  }

  /** OpenAI's API knows no third reason: an answer cut by time was cut. */
  private static String reason(Answer.Finish finish) {
    return finish == Answer.Finish.STOP ? "stop" : "length";
  }

  private final class Whole implements Answer.Listener {
    private final Exchange exchange;
    private final ServedRun run;
    private final StringBuilder text = new StringBuilder();

    Whole(Exchange exchange, ServedRun run) {
      this.exchange = exchange;
      this.run = run;
    }

    @Override
    public void piece(String piece) {
      text.append(piece);
    }

    @Override
    public void end(Answer answer, Answer.Finish finish) {
      String said = text.toString().strip();
      asking.note(exchange, answer, finish, said);
      ObjectNode json = head(exchange, run, "chat.completion");
      ObjectNode choice = json.putArray("choices").addObject().put("index", 0);
      choice.putObject("message").put("role", "assistant").put("content", said).putNull("refusal");
      choice.putNull("logprobs").put("finish_reason", reason(finish));
      json.set("usage", usage(answer));
      json.set("timings", Asking.timings(answer));
      exchange.json(200, json);
    }

    @Override
    public void fail(ApiError error) {
      exchange.fail(error);
    }
  }

  private final class Stream implements Answer.Listener {
    private final Exchange exchange;
    private final ServedRun run;
    private final boolean usage;
    private final StringBuilder text = new StringBuilder();

    Stream(Exchange exchange, ServedRun run, boolean usage) {
      this.exchange = exchange;
      this.run = run;
      this.usage = usage;
    }

    @Override
    public void piece(String piece) {
      // Blanks at the beginning aren't part of the answer.
      String shown = text.length() == 0 ? piece.stripLeading() : piece;
      if (!shown.isEmpty()) {
        begin();
        text.append(shown);
        ObjectNode chunk = chunk();
        choice(chunk).putObject("delta").put("content", shown);
        exchange.event(Json.text(chunk));
      }
    }

    private void begin() {
      if (text.length() == 0) {
        exchange.openStream();
        ObjectNode first = chunk();
        choice(first).putObject("delta").put("role", "assistant").put("content", "");
        exchange.event(Json.text(first));
      }
    }

    @Override
    public void end(Answer answer, Answer.Finish finish) {
      begin();
      asking.note(exchange, answer, finish, text.toString());
      ObjectNode last = chunk();
      choice(last).put("finish_reason", reason(finish)).putObject("delta");
      exchange.event(Json.text(last));
      if (usage) {
        ObjectNode counts = head(exchange, run, "chat.completion.chunk");
        counts.set("choices", Json.array());
        counts.set("usage", ChatEndpoint.usage(answer));
        exchange.event(Json.text(counts));
      }
      exchange.event("[DONE]");
      exchange.closeStream();
    }

    @Override
    public void fail(ApiError error) {
      exchange.fail(error);
    }

    private ObjectNode chunk() {
      ObjectNode chunk = head(exchange, run, "chat.completion.chunk");
      chunk.putArray("choices");
      if (usage) {
        chunk.putNull("usage");
      }
      return chunk;
    }

    private static ObjectNode choice(ObjectNode chunk) {
      ArrayNode choices = (ArrayNode) chunk.get("choices");
      return choices.addObject().put("index", 0).putNull("logprobs").putNull("finish_reason");
    }
  }
}
