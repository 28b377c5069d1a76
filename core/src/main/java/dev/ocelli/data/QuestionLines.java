package dev.ocelli.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads {@code questions.jsonl}, a conversation about a photo a line:
 *
 * <pre>
 *   {"image": "dog.jpg", "turns": [{"question": "What is this?", "answer": "a dog"}, {"question": "Its colour?", "answer": "brown"}]}
 * </pre>
 *
 * A line may have {@code split}, and each turn a {@code kind}. A line without turns is one question: {@code question} and {@code answer}.
 */
final class QuestionLines {
  private static final ObjectMapper JSON = new ObjectMapper();

  private QuestionLines() {}

  static List<Questions.Row> rows(Path file, String text) {
    List<Questions.Row> rows = new ArrayList<>();
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      if (!line.isBlank()) {
        rows.add(row(file + ", line " + number, line));
      }
    }
    return rows;
  }

  private static Questions.Row row(String place, String line) {
    JsonNode node;
    try {
      node = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new UserError(place + ": no valid JSON (" + e.getOriginalMessage() + "). Write one object a line.", e);
    }
    List<Dialogue.Turn> turns = new ArrayList<>();
    JsonNode several = node.path("turns");
    if (several.isArray() && !several.isEmpty()) {
      several.forEach(turn -> turns.add(turn(place, turn)));
    } else {
      turns.add(turn(place, node));
    }
    return new Questions.Row(place, new Dialogue(node.path("image").asText("").strip(), turns), node.path("split").asText("").strip());
  }

  private static Dialogue.Turn turn(String place, JsonNode node) {
    for (String key : List.of("question", "answer")) {
      if (!node.path(key).isTextual()) {
        throw UserError.of("%s: a turn has no text \"%s\". Each needs \"question\" and \"answer\".", place, key);
      }
    }
    return new Dialogue.Turn(node.get("question").asText().strip(), node.get("answer").asText().strip(), node.path("kind").asText("").strip());
  }
}
