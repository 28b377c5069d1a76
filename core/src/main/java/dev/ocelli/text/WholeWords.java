package dev.ocelli.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A tokenizer whose tokens are the words of some texts, in lower case, and punctuation marks: enough for a small language of its own. Other
 * words are all "[UNK]". It is written as a tokenizer.json that transformers opens too.
 */
public final class WholeWords {
  public static final String END = "<|im_end|>";
  private static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<|im_start|>", END);

  /** As {@code BertPreTokenizer} cuts: letters and digits together, punctuation marks one by one. */
  private static final Pattern TOKEN = Pattern.compile("[\\p{L}\\p{M}\\p{N}]+|[^\\s\\p{L}\\p{M}\\p{N}]");

  /** A conversation as these words can say it: Jinja. */
  public static final String TEMPLATE =
      "{% for m in messages %}<|im_start|>{{ m['role'] }} {{ m['content'] }}<|im_end|>{% endfor %}"
          + "{% if add_generation_prompt %}<|im_start|>assistant {% endif %}";

  private final Map<String, Integer> vocabulary = new LinkedHashMap<>();

  /** @param texts all that is to be said or heard */
  public WholeWords(Collection<String> texts) {
    TreeSet<String> words = new TreeSet<>(List.of("user", "system", "assistant"));
    for (String text : texts) {
      Matcher token = TOKEN.matcher(text.toLowerCase(Locale.ROOT));
      while (token.find()) {
        words.add(token.group());
      }
    }
    SPECIAL.forEach(word -> vocabulary.put(word, vocabulary.size()));
    words.forEach(word -> vocabulary.put(word, vocabulary.size()));
  }

  public int size() {
    return vocabulary.size();
  }

  /** The id of {@link #END}. */
  public int end() {
    return vocabulary.get(END);
  }

  /**
   * Writes {@code tokenizer.json}, and {@code tokenizer_config.json} with a chat template.
   *
   * @param framed whether a text is put between [CLS] and [SEP], as for a BERT
   */
  public void write(Path folder, boolean framed) {
    Map<String, Object> tokenizer = new LinkedHashMap<>();
    tokenizer.put("version", "1.0");
    tokenizer.put("added_tokens", SPECIAL.stream().map(WholeWords::added).toList());
    tokenizer.put("normalizer", Map.of("type", "Lowercase"));
    tokenizer.put("pre_tokenizer", Map.of("type", "BertPreTokenizer"));
    if (framed) {
      tokenizer.put("post_processor", frame());
    }
    tokenizer.put("decoder", Map.of("type", "WordPiece", "prefix", "##", "cleanup", true));
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "WordPiece");
    model.put("unk_token", "[UNK]");
    model.put("continuing_subword_prefix", "##");
    model.put("max_input_chars_per_word", 100);
    model.put("vocab", vocabulary);
    tokenizer.put("model", model);
    json(folder.resolve("tokenizer.json"), tokenizer);
    json(folder.resolve("tokenizer_config.json"), Map.of("chat_template", TEMPLATE));
  }

  private static Map<String, Object> added(String word) {
    Map<String, Object> token = new LinkedHashMap<>();
    token.put("id", SPECIAL.indexOf(word));
    token.put("content", word);
    for (String no : List.of("single_word", "lstrip", "rstrip", "normalized")) {
      token.put(no, false);
    }
    token.put("special", true);
    return token;
  }

  private static Map<String, Object> frame() {
    Map<String, Object> cls = Map.of("SpecialToken", Map.of("id", "[CLS]", "type_id", 0));
    Map<String, Object> sep = Map.of("SpecialToken", Map.of("id", "[SEP]", "type_id", 0));
    Map<String, Object> text = Map.of("Sequence", Map.of("id", "A", "type_id", 0));
    Map<String, Object> other = Map.of("Sequence", Map.of("id", "B", "type_id", 1));
    Map<String, Object> frame = new LinkedHashMap<>();
    frame.put("type", "TemplateProcessing");
    frame.put("single", List.of(cls, text, sep));
    frame.put("pair", List.of(cls, text, sep, other, sep));
    frame.put(
        "special_tokens",
        Map.of(
            "[CLS]", Map.of("id", "[CLS]", "ids", List.of(SPECIAL.indexOf("[CLS]")), "tokens", List.of("[CLS]")),
            "[SEP]", Map.of("id", "[SEP]", "ids", List.of(SPECIAL.indexOf("[SEP]")), "tokens", List.of("[SEP]"))));
    return frame;
  }

  private static void json(Path file, Object value) {
    try {
      AtomicFile.write(file, new ObjectMapper().writeValueAsString(value) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
