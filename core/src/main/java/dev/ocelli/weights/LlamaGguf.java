package dev.ocelli.weights;

import dev.ocelli.UserError;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Language models in GGUF under the names and row order of transformers. Read are the architectures {@code llama} (SmolLM2, Llama 2,
 * Mistral) and {@code qwen3}.
 *
 * <p>Rotary positions turn pairs of numbers of a head. transformers pairs number j with j + d/2 (halves); llama.cpp pairs 2j with
 * 2j + 1 for {@code llama}, so its converter reordered the rows of q and k, head by head. {@link #asTransformers} orders them back; for
 * {@code qwen3} both pair halves and rows stay.
 */
public final class LlamaGguf {
  private static final Map<String, String> OUTER =
      Map.of("token_embd", "model.embed_tokens", "output_norm", "model.norm", "output", "lm_head");
  private static final Map<String, String> LAYER =
      Map.ofEntries(
          Map.entry("attn_norm", "input_layernorm"),
          Map.entry("attn_q", "self_attn.q_proj"),
          Map.entry("attn_k", "self_attn.k_proj"),
          Map.entry("attn_v", "self_attn.v_proj"),
          Map.entry("attn_output", "self_attn.o_proj"),
          Map.entry("attn_q_norm", "self_attn.q_norm"),
          Map.entry("attn_k_norm", "self_attn.k_norm"),
          Map.entry("ffn_norm", "post_attention_layernorm"),
          Map.entry("ffn_gate", "mlp.gate_proj"),
          Map.entry("ffn_up", "mlp.up_proj"),
          Map.entry("ffn_down", "mlp.down_proj"));

  private LlamaGguf() {}

  /**
   * A view of the file; closing it closes the file. Matrices are {@code [out, in]}: q_proj {@code [heads * head_dim, hidden]}, k_proj and
   * v_proj {@code [key-value heads * head_dim, hidden]}, embed_tokens {@code [vocabulary, hidden]}. lm_head is absent where tied.
   *
   * @throws UserError for another architecture or a tensor without a counterpart
   */
  public static TensorFile asTransformers(Gguf file) {
    String architecture = architecture(file);
    long heads = file.integer(architecture + ".attention.head_count");
    long keyHeads = keyHeads(file, architecture, heads);
    Map<String, TensorView.Entry> entries = new LinkedHashMap<>();
    for (String name : file.names()) {
      String ours = rename(file, name);
      TensorView.Entry entry = TensorView.Entry.renamed(file, name, ours);
      if (architecture.equals("llama") && (ours.contains(".q_proj.") || ours.contains(".k_proj."))) {
        entry = halves(file, entry, ours.contains(".q_proj.") ? heads : keyHeads);
      }
      entries.put(ours, entry);
    }
    return new TensorView(file.path(), entries, file.metadata(), List.of(file));
  }

  /**
   * A config as transformers' {@code config.json} would hold it; whole numbers are Integer.
   *
   * @throws UserError for another architecture, a missing key, or scaled rotary positions, which aren't read
   */
  public static Map<String, Object> config(Gguf file) {
    String architecture = architecture(file);
    String prefix = architecture + ".";
    String scaling = prefix + "rope.scaling.type";
    if (file.has(scaling) && !file.string(scaling).equals("none")) {
      throw UserError.of("%s scales rotary positions (%s: %s); models without it are read.", file.path(), scaling, file.string(scaling));
    }
    int hidden = whole(file, prefix + "embedding_length");
    int heads = whole(file, prefix + "attention.head_count");
    if (hidden < 1 || heads < 1) {
      throw UserError.of("%s has %d heads for %d numbers; both must be above 0.", file.path(), heads, hidden);
    }
    String headSize = prefix + "attention.key_length";
    String base = prefix + "rope.freq_base";
    int perHead = file.has(headSize) ? whole(file, headSize) : hidden / heads;
    String turned = prefix + "rope.dimension_count";
    if (file.has(turned) && whole(file, turned) != perHead) {
      throw UserError.of("%s turns %d of a head's %d numbers by position; models that turn all are read.", file.path(), whole(file, turned), perHead);
    }
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("model_type", architecture);
    out.put("hidden_size", hidden);
    out.put("intermediate_size", whole(file, prefix + "feed_forward_length"));
    out.put("num_hidden_layers", whole(file, prefix + "block_count"));
    out.put("num_attention_heads", heads);
    out.put("num_key_value_heads", (int) keyHeads(file, architecture, heads));
    out.put("head_dim", perHead);
    out.put("rms_norm_eps", file.number(prefix + "attention.layer_norm_rms_epsilon"));
    out.put("rope_theta", file.has(base) ? file.number(base) : 10000.0);
    long[] embeddings = file.info("token_embd.weight").shape();
    if (embeddings.length != 2 || embeddings[0] > Integer.MAX_VALUE) {
      throw UserError.of("%s: tensor %s is no table of [vocabulary, hidden].", file.path(), file.info("token_embd.weight"));
    }
    out.put("vocab_size", (int) embeddings[0]);
    out.put("max_position_embeddings", whole(file, prefix + "context_length"));
    out.put("tie_word_embeddings", !file.names().contains("output.weight"));
    out.put("hidden_act", "silu");
    putToken(file, "bos", out);
    putToken(file, "eos", out);
    return out;
  }

  private static String architecture(Gguf file) {
    String architecture = file.string("general.architecture");
    if (!architecture.equals("llama") && !architecture.equals("qwen3")) {
      throw UserError.of("%s holds the architecture %s; llama and qwen3 are read. Choose another model.", file.path(), architecture);
    }
    return architecture;
  }

  private static long keyHeads(Gguf file, String architecture, long heads) {
    String key = architecture + ".attention.head_count_kv";
    return file.has(key) ? file.integer(key) : heads;
  }

  private static int whole(Gguf file, String key) {
    long value = file.integer(key);
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw UserError.of("%s has %d for %s; 0 to %d is allowed.", file.path(), value, key, Integer.MAX_VALUE);
    }
    return (int) value;
  }

  private static void putToken(Gguf file, String token, Map<String, Object> out) {
    String key = "tokenizer.ggml." + token + "_token_id";
    if (file.has(key)) {
      out.put(token + "_token_id", whole(file, key));
    }
  }

  /** {@code blk.3.attn_q.weight} to {@code model.layers.3.self_attn.q_proj.weight}. */
  private static String rename(Gguf file, String name) {
    String[] parts = name.split("\\.");
    String end = parts.length == 0 ? "" : parts[parts.length - 1];
    boolean known = end.equals("weight");
    if (known && parts.length == 2 && OUTER.containsKey(parts[0])) {
      return OUTER.get(parts[0]) + "." + end;
    }
    if (known && parts.length == 4 && parts[0].equals("blk") && LAYER.containsKey(parts[2])) {
      return "model.layers." + parts[1] + "." + LAYER.get(parts[2]) + "." + end;
    }
    throw UserError.of("%s holds tensor %s, which a plain llama or qwen3 hasn't got. Choose another model.", file.path(), name);
  }

  /**
   * Row {@code 2j + s} of each head goes to row {@code s * d/2 + j}, s in {0, 1}. Rows are moved as stored bytes, so that blocks, which
   * never cross a row, stay blocks.
   */
  private static TensorView.Entry halves(Gguf file, TensorView.Entry entry, long heads) {
    TensorInfo info = entry.info();
    long rows = info.shape().length == 0 ? 0 : info.shape()[0];
    if (heads < 1 || heads > rows || rows % (2 * heads) != 0) {
      throw UserError.of("%s: tensor %s has %d rows; %d heads need a multiple of %d.", file.path(), info.name(), rows, heads, 2 * heads);
    }
    int half = (int) (rows / heads / 2);
    Supplier<ByteBuffer> bytes = () -> {
      ByteBuffer source = entry.bytes().get();
      int row = (int) (source.limit() / rows);
      ByteBuffer out = ByteBuffer.allocate(source.limit());
      for (int head = 0; head < heads; head++) {
        for (int side = 0; side < 2; side++) {
          for (int j = 0; j < half; j++) {
            out.put(source.slice((head * 2 * half + 2 * j + side) * row, row));
          }
        }
      }
      return out.flip().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    };
    return new TensorView.Entry(info, bytes, () -> Floats.decode(file.path(), info, bytes.get()));
  }
}
