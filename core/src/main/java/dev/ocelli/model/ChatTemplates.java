package dev.ocelli.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.weights.Gguf;
import dev.ocelli.weights.PulledModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where a model keeps its chat template: a file of its own, its tokenizer's config, or its GGUF. */
final class ChatTemplates {
  private ChatTemplates() {}

  static String of(PulledModel pulled) {
    try {
      Path own = pulled.files().get("chat_template.jinja");
      if (own != null) {
        return Files.readString(own);
      }
      Path config = pulled.files().get("tokenizer_config.json");
      if (config != null) {
        JsonNode template = new ObjectMapper().readTree(config.toFile()).path("chat_template");
        if (template.isTextual()) {
          return template.asText();
        }
        for (JsonNode named : template) { // one for chats, others for tools
          if (named.path("name").asText().equals("default")) {
            return named.path("template").asText();
          }
        }
      }
    } catch (IOException e) {
      throw new UserError("Can't read the chat template in " + pulled.folder() + ": " + AtomicFile.reason(e) + ".", e);
    }
    if (pulled.weights().toString().endsWith(".gguf")) {
      try (Gguf gguf = Gguf.open(pulled.weights())) {
        if (gguf.has("tokenizer.chat_template")) {
          return gguf.string("tokenizer.chat_template");
        }
      }
    }
    throw UserError.of("%s has no chat template. Use the instruction-tuned form of the model.", pulled.folder());
  }
}
