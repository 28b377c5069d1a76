package dev.ocelli.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.ocelli.embed.Ocelli;
import dev.ocelli.embed.Turn;
import dev.ocelli.generate.SamplingSettings;
import java.util.List;

/** As {@link OcelliChatModel}, piece by piece. Each answer's handler is called by a thread of its own. */
public final class OcelliStreamingChatModel implements StreamingChatModel {
  private final Ocelli ocelli;

  public OcelliStreamingChatModel(Ocelli ocelli) {
    this.ocelli = ocelli;
  }

  @Override
  public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
    List<Turn> turns = Chats.turns(request);
    SamplingSettings settings = Chats.settings(request, ocelli.sampling());
    Thread thread =
        new Thread(
            () -> {
              ChatResponse response;
              try {
                response = Chats.response(ocelli.answer(turns, settings, handler::onPartialResponse));
              } catch (RuntimeException | Error e) {
                // Also a picture too large for the memory: whoever waits must hear of it.
                handler.onError(e);
                return;
              }
              handler.onCompleteResponse(response);
            },
            "ocelli-stream");
    thread.setDaemon(true);
    thread.start();
  }
}
