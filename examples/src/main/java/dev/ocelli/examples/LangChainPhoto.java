package dev.ocelli.examples;

import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.ocelli.embed.Ocelli;
import dev.ocelli.langchain4j.OcelliChatModel;
import java.nio.file.Path;

/** The same through LangChain4j: {@code LangChainPhoto runs/first dog.png "What is the dog doing?"}. */
public final class LangChainPhoto {
  private LangChainPhoto() {}

  public static void main(String[] args) {
    try (Ocelli ocelli = Ocelli.load(Path.of(args[0]))) {
      ChatModel model = new OcelliChatModel(ocelli);
      UserMessage question = UserMessage.from(TextContent.from(args[2]), ImageContent.from(Path.of(args[1]), "image/png"));
      System.out.println(model.chat(question).aiMessage().text());
    }
  }
}
