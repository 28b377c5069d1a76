package dev.ocelli.text;

import dev.ocelli.UserError;
import dev.ocelli.text.ChatTemplate.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Token ids of a conversation around the place of a picture, in the language model's own chat template. What people wrote is encoded
 * literally: a control token's name in a prompt stays plain text.
 */
public final class ChatPrompt {
  private static final String MARK = "\uE0F3";

  private final ChatTemplate template;
  private final Tokenizer tokenizer;
  private final boolean imageAfterPrompt;
  /** Dialogues by their number of questions: rendering takes longer than all the rest. */
  private final Map<Integer, List<String>> rendered = new ConcurrentHashMap<>();

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

  /**
   * A conversation about one picture whose answers are known.
   *
   * @param first up to where the first answer begins
   * @param next from behind the end of each answer but the last to where the next begins
   */
  public record Dialogue(Ids first, List<int[]> next) {}

  /**
   * @param questions one or more
   * @param end the token that ends a turn
   */
  public Dialogue dialogue(String system, List<String> questions, int end) {
    List<String> pieces = rendered.computeIfAbsent(questions.size(), this::render);
    // Answers stand at the even marks, and may be anything: what is around them is asked for.
    String[] written = new String[2 * questions.size()];
    written[0] = system;
    for (int i = 0; i < questions.size(); i++) {
      written[2 * i + 1] = questions.get(i);
    }
    List<int[]> next = new ArrayList<>();
    String rest = pieces.get(1);
    int[] after = null;
    for (int i = 1; i <= questions.size(); i++) {
      int cut = i == questions.size() ? rest.length() : rest.indexOf(mark(2 * i));
      int[] ids = encode(rest.substring(0, cut), written);
      if (i == 1) {
        after = ids;
      } else if (ids.length > 0 && ids[0] == end) {
        next.add(Arrays.copyOfRange(ids, 1, ids.length));
      } else {
        throw UserError.of("The chat template has no token that ends a turn behind an answer, as several turns need. Set stage2.turns=1.");
      }
      rest = i == questions.size() ? "" : rest.substring(cut + mark(2 * i).length());
    }
    return new Dialogue(new Ids(encode(pieces.get(0), written), after), next);
  }

  /** A dialogue of so many questions with marks for all that is said in it. */
  private List<String> render(int questions) {
    List<Message> messages = new ArrayList<>(List.of(new Message("system", mark(0))));
    for (int i = 1; i < 2 * questions; i++) {
      String image = i == 1 ? ChatTemplate.IMAGE : "";
      messages.add(new Message(i % 2 == 1 ? "user" : "assistant", imageAfterPrompt ? mark(i) + image : image + mark(i)));
    }
    return template.split(messages, ChatTemplate.IMAGE, 1);
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
