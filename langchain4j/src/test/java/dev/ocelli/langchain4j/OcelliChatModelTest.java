package dev.ocelli.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.ocelli.embed.Ocelli;
import dev.ocelli.testing.TinyTraining;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OcelliChatModelTest {
  @TempDir static Path root;

  private static Ocelli ocelli;
  private static OcelliChatModel model;

  @BeforeAll
  static void load() {
    Path run = TinyTraining.train(root, "run");
    ocelli = Ocelli.load(run, TinyTraining.pull(root), line -> {});
    model = new OcelliChatModel(ocelli);
  }

  @AfterAll
  static void close() {
    ocelli.close();
  }

  private static UserMessage asked() {
    return UserMessage.from(TextContent.from("what is the shape?"), ImageContent.from(root.resolve("data/images/drawing-04.png"), "image/png"));
  }

  @Test
  void aPictureAndAQuestion() {
    ChatResponse response = model.chat(asked());
    assertThat(response.aiMessage().text()).isNotEmpty().isEqualTo(ocelli.ask(root.resolve("data/images/drawing-04.png"), "what is the shape?"));
    assertThat(response.tokenUsage().outputTokenCount()).isPositive();
    ChatResponse words = model.chat(UserMessage.from("what is the shape?"));
    assertThat(response.tokenUsage().inputTokenCount()).as("five slots a picture").isEqualTo(words.tokenUsage().inputTokenCount() + 5);
  }

  @Test
  void turnsAndParametersCount() {
    ChatRequest.Builder request = ChatRequest.builder().temperature(1.0).topP(0.95).topK(50).maxOutputTokens(20);
    SystemMessage system = SystemMessage.from("you see blue.");
    ChatResponse first = model.chat(request.messages(system, asked(), AiMessage.from("a circle."), UserMessage.from("is it red?")).build());
    assertThat(first.tokenUsage().outputTokenCount()).isLessThanOrEqualTo(20);
    ChatResponse other = model.chat(request.messages(system, asked(), AiMessage.from("a blue square."), UserMessage.from("is it red?")).build());
    assertThat(other.aiMessage().text()).isNotEqualTo(first.aiMessage().text());
    ChatResponse short1 = model.chat(ChatRequest.builder().messages(asked()).maxOutputTokens(1).build());
    assertThat(short1.tokenUsage().outputTokenCount()).isOne();
    assertThat(short1.finishReason()).isEqualTo(FinishReason.LENGTH);
    String word = first.aiMessage().text().split(" ")[1];
    ChatResponse cut =
        model.chat(request.messages(system, asked(), AiMessage.from("a circle."), UserMessage.from("is it red?")).stopSequences(List.of(word)).build());
    assertThat(cut.aiMessage().text()).isEqualTo(first.aiMessage().text().substring(0, first.aiMessage().text().indexOf(word)).strip());
    assertThat(cut.finishReason()).isEqualTo(FinishReason.STOP);
  }

  @Test
  void aStreamSaysTheSameInPieces() throws Exception {
    StringBuilder pieces = new StringBuilder();
    CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
    new OcelliStreamingChatModel(ocelli)
        .chat(
            List.of(asked()),
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String piece) {
                pieces.append(piece);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                whole.complete(response);
              }

              @Override
              public void onError(Throwable error) {
                whole.completeExceptionally(error);
              }
            });
    String text = model.chat(asked()).aiMessage().text();
    assertThat(whole.get(60, TimeUnit.SECONDS).aiMessage().text()).isEqualTo(text);
    assertThat(pieces.toString().strip()).isEqualTo(text);
  }

  @Test
  void whatCantBeDoneIsRefused() {
    for (ChatRequest request :
        List.of(
            ChatRequest.builder().messages(asked()).toolSpecifications(ToolSpecification.builder().name("x").build()).build(),
            ChatRequest.builder().messages(asked()).responseFormat(ResponseFormat.JSON).build(),
            ChatRequest.builder().messages(asked()).frequencyPenalty(1.0).build(),
            ChatRequest.builder().messages(UserMessage.from(ImageContent.from("http://127.0.0.1/a.png"))).build(),
            ChatRequest.builder().messages(asked(), ToolExecutionResultMessage.from("1", "x", "y")).build())) {
      assertThatThrownBy(() -> model.chat(request)).isInstanceOf(UnsupportedFeatureException.class);
    }
  }
}
