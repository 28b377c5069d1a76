package dev.ocelli.text;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.UserError;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * The tokenizer.json of a byte-level BPE that a GGUF file describes in its metadata.
 *
 * <p>The rule that cuts text into words isn't in the file; {@code tokenizer.ggml.pre} only names it. For "smollm" this is the rule of
 * SmolLM2's own tokenizer, and llama.cpp's: digits one by one, then GPT-2's. transformers (5.23) doesn't know the name when it reads a
 * GGUF and falls back on GPT-2's rule alone, so it differs where digits follow several spaces or line ends, or aren't ASCII. "qwen2" and
 * "llama-bpe" are as transformers reads them.
 *
 * <p>{@code tokenizer.ggml.add_space_prefix} is a matter of SentencePiece vocabularies: llama.cpp and transformers both pass over it for
 * byte-level ones, and so does this.
 */
final class GgufTokenizer {
  private static final String PREFIX = "tokenizer.ggml.";
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;

  private static final String QWEN2 =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String LLAMA3 = QWEN2.replace("|\\p{N}|", "|\\p{N}{1,3}|");

  private GgufTokenizer() {}

  static String toJson(Map<String, Object> metadata) {
    String model = text(metadata, "model");
    if (!model.equals("gpt2")) {
      throw UserError.of(
          "The GGUF file's tokenizer is \"%s\" (%smodel); only \"gpt2\" is known. Put the model's tokenizer.json beside it.",
          model, PREFIX);
    }
    List<?> tokens = list(metadata, "tokens");
    List<?> merges = list(metadata, "merges");
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    root.putNull("normalizer");
    root.set("pre_tokenizer", preTokenizer(metadata));
    root.set("post_processor", postProcessor(metadata, tokens));
    root.putObject("decoder").put("type", "ByteLevel").put("add_prefix_space", true).put("trim_offsets", true).put("use_regex", true);
    ObjectNode bpe = root.putObject("model");
    bpe.put("type", "BPE").putNull("dropout").putNull("unk_token");
    bpe.put("continuing_subword_prefix", "").put("end_of_word_suffix", "");
    bpe.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
    ObjectNode vocabulary = bpe.putObject("vocab");
    for (int id = 0; id < tokens.size(); id++) {
      vocabulary.put(ByteAlphabet.spell(tokens.get(id).toString()), id);
    }
    ArrayNode pairs = bpe.putArray("merges");
    for (int i = 0; i < merges.size(); i++) {
      String[] pair = merges.get(i).toString().split(" ", -1);
      if (pair.length != 2 || !vocabulary.has(pair[0]) || !vocabulary.has(pair[1]) || !vocabulary.has(pair[0] + pair[1])) {
        throw UserError.of("Merge %d of the GGUF file's tokenizer, \"%s\", isn't a pair of tokens. Fetch the file anew.", i, merges.get(i));
      }
      pairs.add(merges.get(i).toString());
    }
    addSpecial(added, tokens, metadata.get(PREFIX + "token_type"));
    return root.toString();
  }

  /** A control token that isn't spelled in the byte alphabet is a slip of the file's writer: it would make the vocabulary grow. */
  private static void addSpecial(ArrayNode added, List<?> tokens, Object types) {
    if (types == null) {
      return;
    }
    if (!(types instanceof List<?> kinds) || kinds.size() != tokens.size() || !kinds.stream().allMatch(Number.class::isInstance)) {
      throw new UserError("The GGUF file's " + PREFIX + "token_type doesn't go with its tokens. Fetch the file anew.");
    }
    for (int id = 0; id < tokens.size(); id++) {
      int kind = ((Number) kinds.get(id)).intValue();
      String token = tokens.get(id).toString();
      if ((kind == CONTROL || kind == USER_DEFINED) && token.equals(ByteAlphabet.spell(token))) {
        added
            .addObject()
            .put("id", id)
            .put("content", token)
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", kind == CONTROL);
      }
    }
  }

  private static ObjectNode preTokenizer(Map<String, Object> metadata) {
    String rule = metadata.getOrDefault(PREFIX + "pre", "default").toString();
    return switch (rule) {
      case "default", "gpt-2", "gpt2" -> byteLevel(true);
      case "smollm" -> sequence(node("Digits").put("individual_digits", true), byteLevel(true));
      case "qwen2" -> sequence(split(QWEN2), byteLevel(false));
      case "llama-bpe" -> sequence(split(LLAMA3), byteLevel(false));
      default ->
          throw UserError.of(
              "The GGUF file's %spre is \"%s\"; known are default, gpt-2, smollm, qwen2, llama-bpe. "
                  + "Put the model's tokenizer.json beside it.",
              PREFIX, rule);
    };
  }

  private static ObjectNode postProcessor(Map<String, Object> metadata, List<?> tokens) {
    ObjectNode template = node("TemplateProcessing");
    ArrayNode single = template.putArray("single");
    ArrayNode pair = template.putArray("pair");
    ObjectNode special = template.putObject("special_tokens");
    boolean bos = Boolean.TRUE.equals(metadata.get(PREFIX + "add_bos_token"));
    boolean eos = Boolean.TRUE.equals(metadata.get(PREFIX + "add_eos_token"));
    for (int text = 0; text < 2; text++) {
      List<ArrayNode> templates = text == 0 ? List.of(single, pair) : List.of(pair);
      for (ArrayNode pieces : templates) {
        if (bos) {
          pieces.add(special(metadata, "bos_token_id", tokens, special, text));
        }
        pieces.addObject().putObject("Sequence").put("id", text == 0 ? "A" : "B").put("type_id", text);
        if (eos) {
          pieces.add(special(metadata, "eos_token_id", tokens, special, text));
        }
      }
    }
    return template;
  }

  private static ObjectNode special(Map<String, Object> metadata, String key, List<?> tokens, ObjectNode table, int text) {
    if (!(metadata.get(PREFIX + key) instanceof Number number) || number.intValue() < 0 || number.intValue() >= tokens.size()) {
      throw UserError.of("The GGUF file's %s%s is %s: no such token. Fetch the file anew.", PREFIX, key, metadata.get(PREFIX + key));
    }
    String token = tokens.get(number.intValue()).toString();
    ObjectNode entry = table.putObject(token).put("id", token);
    entry.putArray("ids").add(number.intValue());
    entry.putArray("tokens").add(token);
    ObjectNode piece = new ObjectMapper().createObjectNode();
    piece.putObject("SpecialToken").put("id", token).put("type_id", text);
    return piece;
  }

  private static ObjectNode split(String regex) {
    ObjectNode split = node("Split").put("behavior", "Isolated").put("invert", false);
    split.putObject("pattern").put("Regex", regex);
    return split;
  }

  private static ObjectNode byteLevel(boolean useRegex) {
    return node("ByteLevel").put("add_prefix_space", false).put("trim_offsets", true).put("use_regex", useRegex);
  }

  private static ObjectNode sequence(ObjectNode first, ObjectNode second) {
    ObjectNode sequence = node("Sequence");
    sequence.putArray("pretokenizers").add(first).add(second);
    return sequence;
  }

  private static ObjectNode node(String type) {
    return new ObjectMapper().createObjectNode().put("type", type);
  }

  private static String text(Map<String, Object> metadata, String key) {
    if (metadata.get(PREFIX + key) instanceof String value) {
      return value;
    }
    throw UserError.of("The GGUF file has no %s%s, so it brings no tokenizer. Put the model's tokenizer.json beside it.", PREFIX, key);
  }

  private static List<?> list(Map<String, Object> metadata, String key) {
    if (metadata.get(PREFIX + key) instanceof List<?> values && !values.isEmpty()) {
      return values;
    }
    throw UserError.of("The GGUF file has no %s%s, so it brings no tokenizer. Put the model's tokenizer.json beside it.", PREFIX, key);
  }

  /** GPT-2's spelling of the 256 bytes by printable characters: those that print stand for themselves, the rest follow from U+0100. */
  private static final class ByteAlphabet {
    private static final String LETTERS = letters();

    /** The token as it is where all its characters are of the alphabet, otherwise its UTF-8 bytes spelled out. */
    static String spell(String token) {
      if (token.chars().allMatch(c -> LETTERS.indexOf(c) >= 0)) {
        return token;
      }
      StringBuilder spelled = new StringBuilder();
      for (byte b : token.getBytes(StandardCharsets.UTF_8)) {
        spelled.append(LETTERS.charAt(b & 0xFF));
      }
      return spelled.toString();
    }

    private static String letters() {
      StringBuilder letters = new StringBuilder();
      int next = 0x100;
      for (int b = 0; b < 256; b++) {
        boolean prints = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
        letters.append((char) (prints ? b : next++));
      }
      return letters.toString();
    }
  }
}
