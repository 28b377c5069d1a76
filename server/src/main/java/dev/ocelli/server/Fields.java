package dev.ocelli.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.UserError;
import dev.ocelli.generate.SamplingSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Reads the fields of a request's JSON, each of the right kind or refused by its name. */
record Fields(ObjectNode json) {
  private static final int MOST_STOPS = 16;
  private static final int LONGEST_STOP = 200;

  /** Whether a field is there and not null. */
  boolean has(String name) {
    return json.hasNonNull(name);
  }

  String text(String name, String otherwise) {
    JsonNode value = json.get(name);
    if (value == null || value.isNull()) {
      return otherwise;
    }
    if (!value.isTextual()) {
      throw ApiError.field(name, name + " must be a text.");
    }
    return value.asText();
  }

  /** Also as "true" or "false" in a text, which forms send. */
  boolean flag(String name, boolean otherwise) {
    JsonNode value = json.get(name);
    if (value == null || value.isNull()) {
      return otherwise;
    }
    String said = value.isBoolean() || value.isTextual() || value.isInt() ? value.asText() : "";
    return switch (said) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default -> throw ApiError.field(name, name + " must be true or false.");
    };
  }

  double number(String name, double otherwise) {
    JsonNode value = json.get(name);
    if (value == null || value.isNull()) {
      return otherwise;
    }
    if (value.isNumber()) {
      return value.asDouble();
    }
    try {
      return Double.parseDouble(value.asText());
    } catch (NumberFormatException e) {
      throw ApiError.field(name, name + " must be a number.");
    }
  }

  long whole(String name, long otherwise) {
    double value = number(name, otherwise);
    if (value != Math.rint(value) || Math.abs(value) > 1L << 53) {
      throw ApiError.field(name, name + " must be a whole number.");
    }
    return has(name) ? (long) value : otherwise;
  }

  /**
   * How the answer is drawn: what isn't said stands in the run's recipe; without a seed each request draws anew.
   *
   * @param prompt tokens of the prompt
   * @param context the most tokens of prompt and answer; a longer answer asked for is cut to what is left
   */
  SamplingSettings sampling(SamplingSettings recipe, int prompt, int context) {
    String most = has("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
    long asked = whole(most, recipe.maxTokens());
    if (asked < 1) {
      throw ApiError.field(most, most + " must be 1 or more.");
    }
    if (prompt >= context) {
      throw ApiError.invalid(
          400, "context_length_exceeded", "The conversation has " + prompt + " tokens; it must leave room for an answer in " + context + ".");
    }
    try {
      return new SamplingSettings(
          (int) Math.min(asked, context - prompt),
          number("temperature", recipe.temperature()),
          (int) Math.min(Integer.MAX_VALUE, whole("top_k", recipe.topK())),
          number("top_p", recipe.topP()),
          number("repetition_penalty", recipe.repetitionPenalty()),
          stops(recipe.stop()),
          whole("seed", ThreadLocalRandom.current().nextInt()));
    } catch (UserError e) {
      throw ApiError.invalid(400, "invalid_value", e.getMessage());
    }
  }

  private List<String> stops(List<String> otherwise) {
    JsonNode value = json.get("stop");
    if (value == null || value.isNull()) {
      return otherwise;
    }
    List<String> stops = new ArrayList<>();
    (value.isArray() ? value : Json.array().add(value)).forEach(stop -> stops.add(stop.isTextual() ? stop.asText() : ""));
    if (stops.size() > MOST_STOPS || stops.stream().anyMatch(s -> s.isEmpty() || s.length() > LONGEST_STOP)) {
      throw ApiError.field(
          "stop", "stop must be a text or up to " + MOST_STOPS + " texts of 1 to " + LONGEST_STOP + " characters.");
    }
    return stops;
  }
}
