package dev.ocelli.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Text to token ids and back, by Hugging Face's tokenizers.
 *
 * <p>Threads: encoding and decoding change nothing in the native tokenizer (its word cache has a lock of its own), so several threads may
 * share one; {@link #close} must come after the last of them. A thread that encodes a lot runs faster with a {@link #copy} of its own.
 */
public final class Tokenizer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_TOKENS = 1 << 24;

  private final String json;
  private final String source;
  private final HuggingFaceTokenizer all;
  private final Map<String, Integer> ids;
  /** Ids that text must never turn into unless it is trusted. */
  private final BitSet control;
  private final int size;
  /** How many special tokens the tokenizer puts before and after a text. */
  private final int head;
  private final int tail;
  /** The same tokenizer without its added tokens; made when first asked for. */
  private HuggingFaceTokenizer plain;

  private Tokenizer(String json, String source) {
    JsonNode root = parse(json, source);
    this.json = json;
    this.source = source;
    this.ids = vocabulary(root, source);
    this.size = ids.values().stream().mapToInt(id -> id + 1).max().orElse(0);
    this.control = control(root);
    this.all = NativeTokenizers.load(json, source);
    long[] added = all.encode("a", true, false).getSpecialTokenMask();
    int first = 0;
    while (first < added.length && added[first] == 1) {
      first++;
    }
    int last = added.length;
    while (last > first && added[last - 1] == 1) {
      last--;
    }
    this.head = first;
    this.tail = added.length - last;
  }

  /** Reads a tokenizer.json; the padding and truncation that it may ask for are ignored. */
  public static Tokenizer open(Path tokenizerJson) {
    try {
      return new Tokenizer(Files.readString(tokenizerJson), tokenizerJson.toString());
    } catch (IOException e) {
      throw new UserError("Can't read the tokenizer " + tokenizerJson + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /**
   * Builds the tokenizer that a GGUF file's metadata describes ({@code tokenizer.ggml.*}); only byte-level BPE ("gpt2") is known.
   *
   * @param ggufMetadata the keys with their values: strings, numbers, booleans and lists of them
   */
  public static Tokenizer fromGguf(Map<String, Object> ggufMetadata) {
    return new Tokenizer(GgufTokenizer.toJson(ggufMetadata), "the GGUF file's tokenizer");
  }

  /** Writes the tokenizer.json that this tokenizer was read from or built as. */
  public void save(Path tokenizerJson) {
    AtomicFile.write(tokenizerJson, json);
  }

  /** Another tokenizer of the same text, to be closed on its own. */
  public Tokenizer copy() {
    return new Tokenizer(json, source);
  }

  /**
   * The ids of a text, whatever its length.
   *
   * @param addSpecialTokens whether to put in what the tokenizer adds itself, such as [CLS] and [SEP]; special tokens that are written
   *     out in the text are recognised either way, so use {@link #encodeLiteral} for text that comes from a user
   */
  public int[] encode(String text, boolean addSpecialTokens) {
    return ids(all.encode(wellFormed(text), addSpecialTokens, false));
  }

  /** As {@link #encode(String, boolean)}, but at most {@code maxTokens}; the text is cut at its end and a final [SEP] kept. */
  public int[] encode(String text, int maxTokens, boolean addSpecialTokens) {
    int around = addSpecialTokens ? head + tail : 0;
    if (maxTokens <= around) {
      throw UserError.of("A text length of %d tokens leaves no room beside %d special tokens. Raise it.", maxTokens, around);
    }
    int[] whole = encode(text, addSpecialTokens);
    if (whole.length <= maxTokens) {
      return whole;
    }
    int[] cut = Arrays.copyOf(whole, maxTokens);
    int kept = addSpecialTokens ? tail : 0;
    System.arraycopy(whole, whole.length - kept, cut, maxTokens - kept, kept);
    return cut;
  }

  /**
   * The ids of a text in which nothing is special: {@code <|im_end|>} becomes the pieces that spell it. Nothing is added around it. This
   * is for captions, questions and whatever else comes from outside, which must not be able to end a turn or open one.
   */
  public int[] encodeLiteral(String text) {
    int[] found = ids(plain().encode(wellFormed(text), false, false));
    for (int id : found) {
      if (control.get(id)) {
        throw UserError.of("The text contains control token %d of %s, which text can't be told from. Take it out.", id, source);
      }
    }
    return found;
  }

  /** The text of some ids; bytes that aren't UTF-8 become U+FFFD, and ids outside the vocabulary nothing. */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    return all.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecialTokens);
  }

  /** A decoder that gives the text of a growing answer piece by piece, without special tokens. */
  public StreamDecoder stream() {
    return new StreamDecoder(this);
  }

  /** The id of a token that must be there, spelled as in the vocabulary. */
  public int id(String token) {
    return find(token)
        .orElseThrow(() -> UserError.of("%s has no token \"%s\" among its %d. Choose a model that fits.", source, token, ids.size()));
  }

  /** The id of a token, spelled as in the vocabulary ({@code <|im_end|>}, {@code Ġthe}, {@code ##ing}). */
  public OptionalInt find(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** The highest id and one: how many rows the embedding needs. */
  public int vocabularySize() {
    return size;
  }

  @Override
  public synchronized void close() {
    all.close();
    if (plain != null) {
      plain.close();
      plain = null;
    }
  }

  private synchronized HuggingFaceTokenizer plain() {
    if (plain == null) {
      ObjectNode root = (ObjectNode) parse(json, source);
      root.putArray("added_tokens");
      plain = NativeTokenizers.load(root.toString(), source);
    }
    return plain;
  }

  private static int[] ids(Encoding encoding) {
    return Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
  }

  /** Half a surrogate pair has no UTF-8 form, and the binding would garble the whole text over it. */
  private static String wellFormed(String text) {
    StringBuilder mended = null;
    for (int i = 0; i < text.length(); i++) {
      if (Character.isHighSurrogate(text.charAt(i)) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(text.charAt(i))) {
        mended = mended == null ? new StringBuilder(text) : mended;
        mended.setCharAt(i, '\uFFFD');
      }
    }
    return mended == null ? text : mended.toString();
  }

  private static JsonNode parse(String json, String source) {
    try {
      JsonNode root = JSON.readTree(json);
      if (root == null || !root.isObject()) {
        throw new UserError("Can't read " + source + " as a tokenizer.json: it isn't a JSON object. Fetch or export it anew.");
      }
      return root;
    } catch (JsonProcessingException e) {
      throw new UserError("Can't read " + source + " as a tokenizer.json: " + e.getOriginalMessage() + ". Fetch or export it anew.", e);
    }
  }

  private static Map<String, Integer> vocabulary(JsonNode root, String source) {
    JsonNode vocabulary = root.path("model").path("vocab");
    if (vocabulary.isEmpty()) {
      throw new UserError("Can't read " + source + " as a tokenizer.json: no model.vocab. Fetch or export it anew.");
    }
    Map<String, Integer> ids = new HashMap<>();
    if (vocabulary.isArray()) { // Unigram: [token, score] in the order of the ids
      for (int i = 0; i < vocabulary.size(); i++) {
        ids.put(vocabulary.get(i).path(0).asText(), i);
      }
    } else {
      vocabulary.fields().forEachRemaining(entry -> ids.put(entry.getKey(), entry.getValue().asInt()));
    }
    root.path("added_tokens").forEach(token -> ids.put(token.path("content").asText(), token.path("id").asInt()));
    return ids;
  }

  /** The special tokens but the one for unknown words, which any text may bring. */
  private static BitSet control(JsonNode root) {
    BitSet control = new BitSet();
    String unknown = root.path("model").path("unk_token").asText("");
    for (JsonNode token : root.path("added_tokens")) {
      if (token.path("special").asBoolean() && !token.path("content").asText().equals(unknown)) {
        int id = token.path("id").asInt(-1);
        if (id < 0 || id > MOST_TOKENS) {
          throw UserError.of("The tokenizer's token \"%s\" has the id %s. Fetch the file anew.", token.path("content").asText(), token.path("id"));
        }
        control.set(id);
      }
    }
    return control;
  }
}
