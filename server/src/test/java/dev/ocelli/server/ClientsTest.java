package dev.ocelli.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.RateLimitException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionContentPart;
import com.openai.models.chat.completions.ChatCompletionContentPartImage;
import com.openai.models.chat.completions.ChatCompletionContentPartText;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.models.Model;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that nobody here wrote, each with its own calls: openai-python, openai-java, LangChain4j. */
@Tag("system")
@Timeout(300)
class ClientsTest {
  private static final String TOKEN = "a-token-of-24-characters";
  private static final String QUESTION = "what is the shape?";

  private static TestServer server;

  @BeforeAll
  static void start() {
    ServerSettings usual = TestServer.settings();
    server = new TestServer(new ServerSettings(usual.runs(), usual.host(), 0, TOKEN, null, null, List.of(), List.of(), false, usual.limits()));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String address() {
    return server.server.address() + "/v1";
  }

  @Test
  void openaiPython(@TempDir Path folder) throws Exception {
    run("python3", "-m", "venv", folder.resolve("venv").toString());
    String python = folder.resolve("venv/bin/python").toString();
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "openai==3.51.0");
    Path picture = Files.write(folder.resolve("d.png"), TestServer.drawing(4));
    String script = Path.of("src/test/python/openai_client.py").toAbsolutePath().toString();
    assertThat(run(python, script, server.server.address(), TOKEN, picture.toString())).isEqualTo("fine\n");
  }

  private static String run(String... command) throws Exception {
    File out = File.createTempFile("ocelli", ".out");
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out).start();
      assertThat(process.waitFor(240, TimeUnit.SECONDS)).as("in time").isTrue();
      assertThat(process.exitValue()).as(Files.readString(out.toPath())).isZero();
      return Files.readString(out.toPath());
    } finally {
      Files.delete(out.toPath());
    }
  }

  private static OpenAIClient client(String token) {
    return OpenAIOkHttpClient.builder().baseUrl(address()).apiKey(token).maxRetries(0).build();
  }

  private static ChatCompletionCreateParams.Builder about(int drawing) {
    String data = "data:image/png;base64," + TestServer.base64(drawing);
    List<ChatCompletionContentPart> parts =
        List.of(
            ChatCompletionContentPart.ofText(ChatCompletionContentPartText.builder().text(QUESTION).build()),
            ChatCompletionContentPart.ofImageUrl(
                ChatCompletionContentPartImage.builder().imageUrl(ChatCompletionContentPartImage.ImageUrl.builder().url(data).build()).build()));
    return ChatCompletionCreateParams.builder()
        .model("one").addUserMessageOfArrayOfContentParts(parts).temperature(1).topP(0.9).seed(3).maxCompletionTokens(20);
  }

  private static String text(ChatCompletion completion) {
    return completion.choices().get(0).message().content().orElseThrow();
  }

  @Test
  void openaiJava() {
    OpenAIClient client = client(TOKEN);
    try {
      ChatCompletion plain =
          client.chat().completions().create(
              ChatCompletionCreateParams.builder()
                  .model("one").addSystemMessage("you see drawings.").addUserMessage("what do you see?").temperature(0).build());
      assertThat(text(plain)).isNotEmpty();
      assertThat(plain.usage().orElseThrow().completionTokens()).isPositive();

      ChatCompletion seen = client.chat().completions().create(about(4).build());
      assertThat(text(seen)).isNotEmpty();
      ChatCompletionAccumulator whole = ChatCompletionAccumulator.create();
      try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions().createStreaming(about(4).build())) {
        stream.stream().forEach(whole::accumulate);
      }
      assertThat(text(whole.chatCompletion()).strip()).isEqualTo(text(seen));
      assertThat(whole.chatCompletion().choices().get(0).finishReason()).isEqualTo(seen.choices().get(0).finishReason());

      ChatCompletion later =
          client.chat().completions().create(about(4).addAssistantMessage("a circle.").addUserMessage("is it red?").build());
      assertThat(later.usage().orElseThrow().promptTokens()).isGreaterThan(seen.usage().orElseThrow().promptTokens());

      var made =
          client.embeddings().create(
              EmbeddingCreateParams.builder().model("one").inputOfArrayOfStrings(List.of("a red circle", "a blue square")).build());
      assertThat(made.data()).hasSize(2);
      assertThat(made.data().get(0).embedding()).hasSameSizeAs(made.data().get(1).embedding()).isNotEmpty();
      assertThat(client.models().list().items().stream().map(Model::id).toList()).containsExactly("one", "two");

      assertThatThrownBy(() -> client.chat().completions().create(about(4).model("gpt").build()))
          .isInstanceOf(NotFoundException.class).hasMessageContaining("gpt");
      assertThatThrownBy(() -> client.chat().completions().create(about(4).temperature(-1).build())).isInstanceOf(BadRequestException.class);
      assertThatThrownBy(() -> client("wrong").models().list()).isInstanceOf(UnauthorizedException.class);
    } finally {
      client.close();
    }
  }

  /** Sent away with 429, the client comes again by itself. */
  @Test
  void openaiJavaWaitsAndTriesAgain() throws Exception {
    ServerSettings usual = TestServer.settings();
    Limits narrow = TestServer.limits().with(1, 0, Duration.ofSeconds(20));
    try (TestServer busy = new TestServer(new ServerSettings(usual.runs(), usual.host(), 0, null, null, null, List.of(), List.of(), false, narrow))) {
      CountDownLatch paused = busy.pause();
      OpenAIOkHttpClient.Builder builder = OpenAIOkHttpClient.builder().baseUrl(busy.server.address() + "/v1").apiKey("any");
      OpenAIClient hasty = builder.maxRetries(0).build();
      OpenAIClient patient = builder.maxRetries(5).build();
      CompletableFuture<ChatCompletion> first = CompletableFuture.supplyAsync(() -> hasty.chat().completions().create(about(1).build()));
      while (busy.server.working() == 0) {
        Thread.sleep(5);
      }
      assertThatThrownBy(() -> hasty.chat().completions().create(about(2).build())).isInstanceOf(RateLimitException.class);
      CompletableFuture<ChatCompletion> second = CompletableFuture.supplyAsync(() -> patient.chat().completions().create(about(2).build()));
      Thread.sleep(300);
      paused.countDown();
      assertThat(text(first.get())).isNotEmpty();
      assertThat(text(second.get())).isNotEmpty();
      hasty.close();
      patient.close();
    }
  }

  private static OpenAiChatModel langchain(String token, String model, double temperature) {
    return OpenAiChatModel.builder()
        .baseUrl(address()).apiKey(token).modelName(model).temperature(temperature).seed(3).maxTokens(20).maxRetries(0).build();
  }

  @Test
  void langchain4j() throws Exception {
    OpenAiChatModel model = langchain(TOKEN, "one", 1);
    assertThat(model.chat("what do you see?")).isNotEmpty();
    UserMessage asked = UserMessage.from(TextContent.from(QUESTION), ImageContent.from(TestServer.base64(4), "image/png"));
    ChatResponse seen = model.chat(SystemMessage.from("you see drawings."), asked);
    assertThat(seen.aiMessage().text()).isNotEmpty();
    assertThat(seen.tokenUsage().totalTokenCount()).isPositive();

    List<String> pieces = new ArrayList<>();
    CompletableFuture<ChatResponse> streamed = new CompletableFuture<>();
    OpenAiStreamingChatModel.builder()
        .baseUrl(address()).apiKey(TOKEN).modelName("one").temperature(1.0).seed(3).maxTokens(20).build()
        .chat(
            List.of(SystemMessage.from("you see drawings."), asked),
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String piece) {
                pieces.add(piece);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                streamed.complete(response);
              }

              @Override
              public void onError(Throwable error) {
                streamed.completeExceptionally(error);
              }
            });
    assertThat(streamed.get(60, TimeUnit.SECONDS).aiMessage().text().strip()).isEqualTo(seen.aiMessage().text());
    assertThat(pieces.stream().collect(Collectors.joining()).strip()).isEqualTo(seen.aiMessage().text());
    assertThat(pieces.size()).isGreaterThan(3);

    ChatResponse later = model.chat(SystemMessage.from("you see drawings."), asked, AiMessage.from("a circle."), UserMessage.from("is it red?"));
    assertThat(later.tokenUsage().inputTokenCount()).isGreaterThan(seen.tokenUsage().inputTokenCount());

    float[] vector =
        OpenAiEmbeddingModel.builder().baseUrl(address()).apiKey(TOKEN).modelName("one").build().embed("a red circle").content().vector();
    assertThat(vector).isNotEmpty();

    assertThatThrownBy(() -> langchain(TOKEN, "gpt", 1).chat("x")).isInstanceOf(ModelNotFoundException.class);
    assertThatThrownBy(() -> langchain(TOKEN, "one", -1).chat("x")).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> langchain("wrong", "one", 1).chat("x")).isInstanceOf(AuthenticationException.class);
  }
}
