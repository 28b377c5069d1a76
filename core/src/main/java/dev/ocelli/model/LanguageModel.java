package dev.ocelli.model;

import dev.ocelli.UserError;
import dev.ocelli.nn.Attention;
import dev.ocelli.nn.BlockFormat;
import dev.ocelli.nn.Crew;
import dev.ocelli.nn.Linear;
import dev.ocelli.nn.RmsNorm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A decoder of the Llama family (Touvron et al. 2023): RMSNorm, rotary positions, grouped-query attention, SwiGLU. SmolLM, SmolLM2 and
 * TinyLlama are of it; Qwen3 adds a norm of each head's queries and keys. Names and arithmetic are those of transformers'
 * {@code LlamaForCausalLM} and {@code Qwen3ForCausalLM}.
 *
 * <pre>
 *   embeddings [batch, tokens, hidden] → layers → norm → hidden states → head → logits [batch, tokens, vocabulary]
 *   layer:  x += attention(norm(x));  x += down(silu(gate(norm(x))) * up(norm(x)))
 * </pre>
 *
 * The residual stream x is fp32, products are in the compute type. {@link DecoderPass} is the same for training, with a backward of its own.
 */
public final class LanguageModel {
  /**
   * @param tied whether the head is the embedding table
   * @param headNorm whether queries and keys are normed per head (Qwen3)
   * @param positions the longest sequence
   */
  public record Config(
      int vocabulary,
      int hidden,
      int layers,
      int heads,
      int keyValueHeads,
      int headSize,
      int intermediate,
      double epsilon,
      double ropeBase,
      boolean tied,
      boolean headNorm,
      int positions) {
    /** Refuses texts that are longer than the model can read. */
    public void checkRoom(long tokens) {
      if (tokens > positions) {
        throw UserError.of("%d tokens are asked for, but the language model has %d positions. Ask for fewer.", tokens, positions);
      }
    }
  }

  /** The head norms are null outside Qwen3. */
  record Layer(
      RmsNorm before, Linear queryKeyValue, RmsNorm queryNorm, RmsNorm keyNorm, Linear out, RmsNorm after, Linear gateUp, Linear down) {}

  private final Config config;
  private final long parameters;
  private final Tensor table;
  private final List<Layer> layers;
  private final RmsNorm norm;
  private final Tensor head;

  /** Single tokens go through this one, where it is not null. */
  private final TokenStep step;

  public LanguageModel(Config config, Weights source) {
    this.config = config;
    CountedWeights weights = new CountedWeights(source);
    int d = config.hidden();
    table = weights.get(Weights.Kind.TABLE, "model.embed_tokens.weight", config.vocabulary(), d);
    layers = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      layers.add(layer("model.layers." + i + ".", weights));
    }
    norm = weights.rmsNorm("model.norm", d, config.epsilon());
    head = config.tied() ? table : weights.get(Weights.Kind.MATRIX, "lm_head.weight", config.vocabulary(), d);
    parameters = weights.total();
    step = null;
  }

  private LanguageModel(LanguageModel base, List<Layer> layers, TokenStep step) {
    config = base.config;
    parameters = base.parameters;
    table = base.table;
    this.layers = layers;
    norm = base.norm;
    head = base.head;
    this.step = step;
  }

  private Layer layer(String at, Weights weights) {
    int d = config.hidden();
    long q = (long) config.heads() * config.headSize();
    long kv = (long) config.keyValueHeads() * config.headSize();
    String self = at + "self_attn.";
    String mlp = at + "mlp.";
    return new Layer(
        weights.rmsNorm(at + "input_layernorm", d, config.epsilon()),
        weights.plainLinears(d, new long[] {q, kv, kv}, self + "q_proj", self + "k_proj", self + "v_proj"),
        config.headNorm() ? weights.rmsNorm(self + "q_norm", config.headSize(), config.epsilon()) : null,
        config.headNorm() ? weights.rmsNorm(self + "k_norm", config.headSize(), config.epsilon()) : null,
        weights.plainLinears(q, new long[] {d}, self + "o_proj"),
        weights.rmsNorm(at + "post_attention_layernorm", d, config.epsilon()),
        weights.plainLinears(d, new long[] {config.intermediate(), config.intermediate()}, mlp + "gate_proj", mlp + "up_proj"),
        weights.plainLinears(config.intermediate(), new long[] {d}, mlp + "down_proj"));
  }

  public Config config() {
    return config;
  }

  List<Layer> layers() {
    return layers;
  }

  RmsNorm norm() {
    return norm;
  }

  /** The matrix of the logits, {@code [vocabulary, hidden]}. */
  Tensor head() {
    return head;
  }

  /** How many numbers the model has learnt. */
  public long parameters() {
    return parameters;
  }

  /** Type of the hidden states: the compute type, though a trained embedding table is fp32. */
  public ScalarType type() {
    return Tensors.type(layers.get(0).out().weight());
  }

  /** Token ids, any shape {@code [...]}, to {@code [..., hidden]}. */
  public Tensor embed(Tensor ids) {
    return Scope.of(() -> torch.embedding(table, ids).to(type()));
  }

  /** Hidden states {@code [..., hidden]} to scores of the next token {@code [..., vocabulary]}. */
  public Tensor logits(Tensor hidden) {
    boolean few = step != null && step.takes(hidden.numel() / config.hidden());
    return Scope.of(() -> few ? step.logits(hidden) : torch.linear(hidden, head.to(hidden.scalar_type())));
  }

  /**
   * Every token sees itself and those before it. Shorter sequences of a batch are padded on the right, where nobody looks.
   *
   * @param embeddings {@code [batch, tokens, hidden]}
   * @param lora adapters on the projections, or null
   * @param training whether LoRA's dropout applies
   * @param cache keys and values of the tokens before, to which these tokens' are added; or null
   * @return hidden states after the last norm, {@code [batch, tokens, hidden]}
   */
  public Tensor forward(Tensor embeddings, Lora lora, boolean training, KeyValueCache cache) {
    if (step != null && cache != null && embeddings.size(1) == 1 && step.takes(cache)) {
      return Scope.of(() -> step.forward(embeddings, lora, cache));
    }
    return forward(embeddings, lora, training, cache, null);
  }

  /** The same outside training and without a cache, with a look at each layer's attention. */
  public Tensor forward(Tensor embeddings, Lora lora, AttentionWatch watch) {
    return forward(embeddings, lora, false, null, watch);
  }

  private Tensor forward(Tensor embeddings, Lora lora, boolean training, KeyValueCache cache, AttentionWatch watch) {
    long start = cache == null ? 0 : cache.length();
    return Scope.of(
        () -> {
          long tokens = embeddings.size(1);
          if (cache != null) {
            cache.settle();
          }
          KeyValueCache.Uneven uneven = cache == null ? null : cache.uneven();
          Tensor turns = uneven == null ? turns(start, tokens) : turns(uneven.positions()).view(-1, 1, 1, config.headSize() / 2);
          Tensor mask =
              uneven == null ? Attention.causal(tokens, start + tokens).to(embeddings.device(), ScalarType.Bool) : uneven.mask();
          Tensor x = embeddings.to(ScalarType.Float);
          for (int i = 0; i < layers.size(); i++) {
            Tensor in = x;
            int index = i;
            x = Scope.of(() -> layer(index, in, turns, mask, lora, training, cache, watch));
          }
          if (cache != null) {
            cache.advance(embeddings.size(1));
          }
          return norm.apply(x);
        });
  }

  private Tensor layer(
      int index, Tensor x, Tensor turns, Tensor mask, Lora lora, boolean training, KeyValueCache cache, AttentionWatch watch) {
    Layer layer = layers.get(index);
    Lora.LayerAdapters adapters = lora == null ? Lora.LayerAdapters.NONE : lora.layer(index);
    Tensor normed = layer.before().apply(x);
    Tensor qkv = Lora.add(adapters.queryKeyValue(), layer.queryKeyValue().apply(normed), normed, training);
    Tensor seen = attend(index, qkv, turns, mask, cache, watch);
    Tensor y = Lora.add(adapters.out(), layer.out().apply(seen), seen, training).add(x);
    Tensor in = layer.after().apply(y);
    var gateUp = Lora.add(adapters.gateUp(), layer.gateUp().apply(in), in, training).chunk(2, -1);
    Tensor product = torch.silu(gateUp.get(0)).mul(gateUp.get(1));
    return Lora.add(adapters.down(), layer.down().apply(product), product, training).add(y);
  }

  /** {@code [batch, tokens, (heads + 2 keyValueHeads) * headSize]} to {@code [batch, tokens, heads * headSize]}. */
  private Tensor attend(int index, Tensor qkv, Tensor turns, Tensor mask, KeyValueCache cache, AttentionWatch watch) {
    Layer layer = layers.get(index);
    long batch = qkv.size(0);
    long tokens = qkv.size(1);
    int group = config.heads() / config.keyValueHeads();
    long turning = config.heads() + (long) config.keyValueHeads();
    Tensor split = qkv.view(batch, tokens, turning + config.keyValueHeads(), config.headSize()).transpose(1, 2);
    Tensor qk = split.narrow(1, 0, turning);
    if (config.headNorm()) {
      Tensor q = layer.queryNorm().apply(split.narrow(1, 0, config.heads()));
      qk = Tensors.cat(1, q, layer.keyNorm().apply(split.narrow(1, config.heads(), config.keyValueHeads())));
    }
    Tensor turned = rotate(qk, turns).to(qkv.scalar_type());
    Tensor q = turned.narrow(1, 0, config.heads());
    Tensor k = turned.narrow(1, config.heads(), config.keyValueHeads());
    Tensor v = split.narrow(1, turning, config.keyValueHeads());
    if (cache != null) {
      cache.put(index, k, v);
      k = cache.keys(index, tokens);
      v = cache.values(index, tokens);
    }
    if (watch != null) {
      watch.layer(index, Attention.probabilities(q, repeat(k, group), mask));
    }
    if (tokens == 1) {
      // One token: the heads of a group are queries over the same keys.
      Tensor grouped = q.reshape(batch, config.keyValueHeads(), group, config.headSize());
      Tensor where = cache == null || cache.uneven() == null ? null : mask;
      return Attention.attend(grouped, k, v, where).reshape(batch, 1, (long) config.heads() * config.headSize());
    }
    return Attention.join(Attention.attend(q, repeat(k, group), repeat(v, group), mask));
  }

  /** {@code [batch, heads, keys, size]} to {@code [batch, heads * times, keys, size]}, each head several times in a row. */
  private static Tensor repeat(Tensor x, long times) {
    if (times == 1) {
      return x;
    }
    return x.unsqueeze(2).expand(-1, -1, times, -1, -1).reshape(x.size(0), x.size(1) * times, x.size(2), x.size(3));
  }

  /** e^(i position / base^(2j / size)) for each pair j: complex {@code [tokens, headSize / 2]} (Su et al. 2021). */
  Tensor turns(long start, long tokens) {
    return turns(LongStream.range(start, start + tokens).toArray());
  }

  private Tensor turns(long[] positions) {
    int half = config.headSize() / 2;
    float[] cosineSine = new float[Math.toIntExact((long) positions.length * half * 2)];
    int at = 0;
    for (long position : positions) {
      for (int j = 0; j < half; j++) {
        double angle = position * Math.pow(config.ropeBase(), -2.0 * j / config.headSize());
        cosineSine[at++] = (float) Math.cos(angle);
        cosineSine[at++] = (float) Math.sin(angle);
      }
    }
    Tensor plain = Tensors.of(cosineSine, positions.length, half, 2);
    return torch.view_as_complex(table.is_cuda() ? plain.to(table.device(), ScalarType.Float) : plain);
  }

  /**
   * Turns the pairs (x[j], x[j + size/2]) by their angles. The result has its pairs side by side instead of half a head apart: queries and
   * keys alike, so that their products are the same, with fewer passes over memory.
   */
  private static Tensor rotate(Tensor x, Tensor turns) {
    Tensor pairs = x.unflatten(3, 2, x.size(3) / 2).transpose(3, 4).to(ScalarType.Float).contiguous();
    return torch.view_as_real(torch.view_as_complex(pairs).mul(turns)).flatten(3, 4);
  }

  /** This model with the adapters added into copies of the weights they act on: the same answers, fewer products. */
  public LanguageModel merged(Lora lora) {
    List<Layer> merged = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      Layer l = layers.get(i);
      Lora.LayerAdapters a = lora.layer(i);
      merged.add(
          new Layer(
              l.before(),
              Lora.merge(a.queryKeyValue(), l.queryKeyValue()),
              l.queryNorm(),
              l.keyNorm(),
              Lora.merge(a.out(), l.out()),
              l.after(),
              Lora.merge(a.gateUp(), l.gateUp()),
              Lora.merge(a.down(), l.down())));
    }
    return new LanguageModel(this, merged, step == null ? null : step.with(lora));
  }

  /**
   * This model with a second copy of its weights beside its own: single tokens of a few texts, which come after a prompt, go through it,
   * and so do their scores of words. Prompts still go through the weights as they are. For use, not for training, and on the CPU.
   *
   * @param crew computes them; the caller closes it
   */
  public LanguageModel withTokenStep(BlockFormat format, Crew crew) {
    if (table.is_cuda()) {
      throw new UserError("A copy of the weights for single tokens is for the CPU.");
    }
    return new LanguageModel(this, layers, new TokenStep(this, format, crew));
  }
}
