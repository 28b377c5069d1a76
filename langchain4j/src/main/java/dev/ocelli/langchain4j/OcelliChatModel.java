package dev.ocelli.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.ocelli.embed.Ocelli;

/** A trained run as LangChain4j's {@link ChatModel}, inside this program. The {@link Ocelli} stays its owner's to close. */
public final class OcelliChatModel implements ChatModel {
  private final Ocelli ocelli;

  public OcelliChatModel(Ocelli ocelli) {
    this.ocelli = ocelli;
  }

  @Override
  public ChatResponse doChat(ChatRequest request) {
    return Chats.response(ocelli.answer(Chats.turns(request), Chats.settings(request, ocelli.sampling()), piece -> {}));
  }
}
