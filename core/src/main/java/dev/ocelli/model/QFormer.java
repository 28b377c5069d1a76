package dev.ocelli.model;

import dev.ocelli.nn.Attention;
import dev.ocelli.nn.LayerNorm;
import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The Q-Former (Li et al. 2023, "BLIP-2", section 3.1): a BERT in which a few learnt query vectors stand before the text. Queries and text
 * share the self-attention; in every second layer the queries also look at the image; each has feed-forward layers of its own.
 *
 * <pre>
 *   queries [batch, 32, hidden]    text [batch, tokens, hidden]
 *        └──── self-attention ─────────┘        shared weights, who sees whom is the objective's choice
 *   cross-attention to the image                every second layer, queries only
 *   feed-forward (queries)         feed-forward (text)
 * </pre>
 *
 * Names and arithmetic are those of transformers' {@code Blip2QFormerModel}; the embedding norm is shared by queries and text. Products are
 * in the compute type, but the residual stream is fp32 throughout: at the start all photos' queries are nearly alike, and what tells them
 * apart would drown in bf16's rounding.
 */
public final class QFormer {
  /**
   * @param queries how many query vectors
   * @param imageHidden size of the encoder's features
   * @param crossEvery cross-attention in every so many layers
   * @param crossFirst the first layer that has it: 0 as in BLIP-2, 1 as in the article
   * @param dropout of hidden states while training
   */
  public record Config(
      int hidden,
      int layers,
      int heads,
      int intermediate,
      int vocabulary,
      int positions,
      int queries,
      int imageHidden,
      int crossEvery,
      int crossFirst,
      double epsilon,
      double dropout) {
    boolean crosses(int layer) {
      return layer >= crossFirst && (layer - crossFirst) % crossEvery == 0;
    }
  }

  private record FeedForward(Linear in, Linear out, LayerNorm norm) {
    Tensor apply(Tensor x, double dropout) {
      return norm.apply(drop(out.apply(torch.gelu(in.apply(x))), dropout).add(x));
    }
  }

  private record CrossAttention(Linear query, Linear keyValue, Linear out, LayerNorm norm) {
    Tensor apply(Tensor x, Tensor image, long heads, double dropout) {
      var kv = keyValue.apply(image).chunk(2, -1);
      Tensor seen = Attention.heads(query.apply(x), kv.get(0), kv.get(1), heads, null);
      return norm.apply(drop(out.apply(seen), dropout).add(x));
    }
  }

  /** {@code cross} is null where a layer has none, {@code textForward} where the text half was dropped. */
  private record Layer(
      Linear queryKeyValue, Linear out, LayerNorm norm, CrossAttention cross, FeedForward queryForward, FeedForward textForward) {
    Tensor selfAttention(Tensor x, Tensor mask, long heads, double dropout) {
      var qkv = queryKeyValue.apply(x).chunk(3, -1);
      Tensor seen = Attention.heads(qkv.get(0), qkv.get(1), qkv.get(2), heads, mask);
      return norm.apply(drop(out.apply(seen), dropout).add(x));
    }
  }

  private final Config config;
  private final Tensor queryTokens;
  private final Tensor words;
  private final Tensor positions;
  private final LayerNorm norm;
  private final List<Layer> layers = new ArrayList<>();

  /**
   * @param text whether to build the text half, which only stage 1 needs
   */
  public QFormer(Config config, Weights weights, boolean text) {
    this.config = config;
    int d = config.hidden();
    queryTokens = weights.get(Weights.Kind.TABLE, "query_tokens", 1, config.queries(), d);
    norm = weights.layerNorm("layernorm", d, config.epsilon());
    words = text ? weights.get(Weights.Kind.TABLE, "embeddings.word_embeddings.weight", config.vocabulary(), d) : null;
    positions = text ? weights.get(Weights.Kind.TABLE, "embeddings.position_embeddings.weight", config.positions(), d) : null;
    for (int i = 0; i < config.layers(); i++) {
      layers.add(layer("encoder.layer." + i, weights, config.crosses(i), text));
    }
  }

  private Layer layer(String at, Weights weights, boolean crosses, boolean text) {
    int d = config.hidden();
    String self = at + ".attention.attention.";
    String cross = at + ".crossattention.attention.";
    return new Layer(
        weights.linears(d, new long[] {d, d, d}, self + "query", self + "key", self + "value"),
        weights.linear(at + ".attention.output.dense", d, d),
        weights.layerNorm(at + ".attention.output.LayerNorm", d, config.epsilon()),
        crosses
            ? new CrossAttention(
                weights.linear(cross + "query", d, d),
                weights.linears(config.imageHidden(), new long[] {d, d}, cross + "key", cross + "value"),
                weights.linear(at + ".crossattention.output.dense", d, d),
                weights.layerNorm(at + ".crossattention.output.LayerNorm", d, config.epsilon()))
            : null,
        feedForward(at + ".intermediate_query", at + ".output_query", weights),
        text ? feedForward(at + ".intermediate", at + ".output", weights) : null);
  }

  private FeedForward feedForward(String in, String out, Weights weights) {
    return new FeedForward(
        weights.linear(in + ".dense", config.hidden(), config.intermediate()),
        weights.linear(out + ".dense", config.intermediate(), config.hidden()),
        weights.layerNorm(out + ".LayerNorm", config.hidden(), config.epsilon()));
  }

  public Config config() {
    return config;
  }

  /**
   * What the queries gather from the image. No text takes part, as under the unimodal mask.
   *
   * @param image patch features {@code [batch, patches, imageHidden]}
   * @param training whether dropout applies
   * @return fp32 {@code [batch, queries, hidden]}
   */
  public Tensor queries(Tensor image, boolean training) {
    double dropout = training ? config.dropout() : 0;
    ScalarType type = Tensors.type(layers.get(0).out().weight());
    return Scope.of(
        () -> {
          Tensor features = image.to(type);
          Tensor x = drop(norm.apply(queryTokens.to(ScalarType.Float)), dropout).expand(image.size(0), -1, -1);
          for (Layer layer : layers) {
            Tensor in = x;
            x =
                Scope.of(
                    () -> {
                      Tensor q = layer.selfAttention(in, null, config.heads(), dropout);
                      q = layer.cross() == null ? q : layer.cross().apply(q, features, config.heads(), dropout);
                      return layer.queryForward().apply(q, dropout);
                    });
          }
          return x;
        });
  }

  /**
   * The text alone, as under the unimodal mask: each token sees all tokens of its own text.
   *
   * @param ids {@code [batch, tokens]}, padded with anything
   * @param real true where a token is none of the padding, {@code [batch, tokens]}
   * @return fp32 {@code [batch, tokens, hidden]}
   */
  public Tensor text(Tensor ids, Tensor real, boolean training) {
    double dropout = training ? config.dropout() : 0;
    return Scope.of(
        () -> {
          Tensor mask = real.unsqueeze(1).unsqueeze(1);
          Tensor x = drop(norm.apply(embed(ids).to(ScalarType.Float)), dropout);
          for (Layer layer : layers) {
            Tensor in = x;
            x = Scope.of(() -> layer.textForward().apply(layer.selfAttention(in, mask, config.heads(), dropout), dropout));
          }
          return x;
        });
  }

  private Tensor embed(Tensor ids) {
    return torch.embedding(words, ids).add(positions.narrow(0, 0, ids.size(1)));
  }

  private static Tensor drop(Tensor x, double probability) {
    return probability == 0 ? x : torch.dropout(x, probability, true);
  }
}
