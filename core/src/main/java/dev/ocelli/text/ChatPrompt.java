package dev.ocelli.text;

import dev.ocelli.text.ChatTemplate.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Token ids of a conversation around the place of a picture, in the language model's own chat template. What people wrote is encoded
 * literally: a control token's name in a prompt stays plain text.
 */
public final class ChatPrompt {
  private static final String MARK = "\uE0F3";

  private final ChatTemplate template;
  private final Tokenizer tokenizer;
  private final boolean imageAfterPrompt;

  /**
   * @param imageAfterPrompt whether the picture stands behind the user's words (SYSTEM, QUERY, IMAGE, OUTPUT) or before them
   */
  public ChatPrompt(ChatTemplate template, Tokenizer tokenizer, boolean imageAfterPrompt) {
    this.template = template;
    this.tokenizer = tokenizer;
    this.imageAfterPrompt = imageAfterPrompt;
  }

  /**
   * @param before ids up to the picture
   * @param after ids from the picture to where the answer begins
   */
  public record Ids(int[] before, int[] after) {}

  /**
   * One turn of a conversation.
   *
   * @param role "system", "user" or "assistant"
   * @param pictures how many pictures come with the words
   */
  public record Turn(String role, String text, int pictures) {}

  /** One question about one picture. */
  public Ids ids(String system, String user) {
    List<int[]> words = conversation(List.of(new Turn("system", system, 0), new Turn("user", user, 1)));
    return new Ids(words.get(0), words.get(1));
  }

  /** The ids of a conversation up to where the next answer begins, cut where its pictures stand: one piece more than there are pictures. */
  public List<int[]> conversation(List<Turn> turns) {
    List<Message> messages = new ArrayList<>();
    int pictures = 0;
    for (int i = 0; i < turns.size(); i++) {
      Turn turn = turns.get(i);
      String images = ChatTemplate.IMAGE.repeat(turn.pictures);
      messages.add(new Message(turn.role, imageAfterPrompt ? mark(i) + images : images + mark(i)));
      pictures += turn.pictures;
    }
    List<String> pieces = template.split(messages, ChatTemplate.IMAGE, pictures);
    String[] written = turns.stream().map(Turn::text).toArray(String[]::new);
    return pieces.stream().map(piece -> encode(piece, written)).toList();
  }

  private static String mark(int index) {
    return MARK + index + MARK;
  }

  /** The template's own text with its control tokens, and at the marks what people wrote. */
  private int[] encode(String text, String[] written) {
    List<int[]> pieces = new ArrayList<>();
    String[] parts = text.split(MARK, -1);
    for (int i = 0; i < parts.length; i++) {
      boolean atMark = i % 2 == 1;
      pieces.add(atMark ? tokenizer.encodeLiteral(written[Integer.parseInt(parts[i])]) : tokenizer.encode(parts[i], false));
    }
    return pieces.stream().flatMapToInt(Arrays::stream).toArray();
  }
}
