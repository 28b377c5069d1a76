package dev.ocelli.langchain4j;

import dev.langchain4j.data.image.Image;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import dev.ocelli.embed.Reply;
import dev.ocelli.embed.Turn;
import dev.ocelli.generate.SamplingSettings;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** LangChain4j's requests and responses, and ours. What these models can't do is refused rather than left out. */
final class Chats {
  private Chats() {}

  static List<Turn> turns(ChatRequest request) {
    List<Turn> turns = new ArrayList<>();
    for (ChatMessage message : request.messages()) {
      if (message instanceof SystemMessage system) {
        turns.add(Turn.system(system.text()));
      } else if (message instanceof AiMessage answer && !answer.hasToolExecutionRequests()) {
        turns.add(Turn.assistant(answer.text()));
      } else if (message instanceof UserMessage user) {
        turns.add(turn(user));
      } else {
        throw new UnsupportedFeatureException("Messages of tools can't be used: these models call none.");
      }
    }
    return turns;
  }

  private static Turn turn(UserMessage message) {
    List<String> words = new ArrayList<>();
    List<byte[]> pictures = new ArrayList<>();
    for (Content content : message.contents()) {
      if (content instanceof TextContent text) {
        words.add(text.text());
      } else if (content instanceof ImageContent image) {
        pictures.add(bytes(image.image()));
      } else {
        throw new UnsupportedFeatureException("Only text and pictures can be used, not " + content.type() + ".");
      }
    }
    return new Turn("user", String.join("\n", words), pictures);
  }

  private static byte[] bytes(Image image) {
    if (image.base64Data() == null) {
      throw new UnsupportedFeatureException("Pictures aren't fetched here. Give their bytes: ImageContent.from(path, \"image/jpeg\").");
    }
    return Base64.getMimeDecoder().decode(image.base64Data());
  }

  /** What the request doesn't say stands in the run's recipe. */
  static SamplingSettings settings(ChatRequest request, SamplingSettings recipe) {
    if (request.toolSpecifications() != null && !request.toolSpecifications().isEmpty()) {
      throw new UnsupportedFeatureException("Tools can't be used: these models call none.");
    }
    if (request.responseFormat() != null && request.responseFormat().type() != ResponseFormatType.TEXT) {
      throw new UnsupportedFeatureException("Only text can be answered.");
    }
    if (request.frequencyPenalty() != null || request.presencePenalty() != null) {
      throw new UnsupportedFeatureException("frequencyPenalty and presencePenalty aren't known here.");
    }
    return new SamplingSettings(
        either(request.maxOutputTokens(), recipe.maxTokens()),
        either(request.temperature(), recipe.temperature()),
        either(request.topK(), recipe.topK()),
        either(request.topP(), recipe.topP()),
        recipe.repetitionPenalty(),
        request.stopSequences() == null || request.stopSequences().isEmpty() ? recipe.stop() : request.stopSequences(),
        recipe.seed());
  }

  private static <T> T either(T said, T otherwise) {
    return said == null ? otherwise : said;
  }

  static ChatResponse response(Reply reply) {
    return ChatResponse.builder()
        .aiMessage(AiMessage.from(reply.text()))
        .tokenUsage(new TokenUsage(reply.promptTokens(), reply.answerTokens()))
        .finishReason(reply.whole() ? FinishReason.STOP : FinishReason.LENGTH)
        .build();
  }
}
