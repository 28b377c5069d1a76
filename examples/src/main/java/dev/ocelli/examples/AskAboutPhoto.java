package dev.ocelli.examples;

import dev.ocelli.embed.Ocelli;
import dev.ocelli.embed.Reply;
import dev.ocelli.embed.Turn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Asks about a photo, shows the answer as it comes, and asks on: {@code AskAboutPhoto runs/first dog.jpg "What is the dog doing?"}. */
public final class AskAboutPhoto {
  private AskAboutPhoto() {}

  public static void main(String[] args) throws IOException {
    Path photo = Path.of(args[1]);
    try (Ocelli ocelli = Ocelli.load(Path.of(args[0]))) {
      String first = ocelli.stream(photo, args[2], System.out::print);
      System.out.println();
      List<Turn> turns =
          List.of(Turn.user(args[2], Files.readAllBytes(photo)), Turn.assistant(first), Turn.user("Is there anything else?"));
      Reply second = ocelli.answer(turns, ocelli.sampling(), System.out::print);
      System.out.printf("%n(%d tokens)%n", second.answerTokens());
    }
  }
}
