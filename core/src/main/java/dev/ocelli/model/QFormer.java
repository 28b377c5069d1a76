package dev.ocelli.model;

import dev.ocelli.nn.Attention;
import dev.ocelli.nn.LayerNorm;
import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The Q-Former (Li et al. 2023, "BLIP-2", section 3.1): a BERT in which a few learnt query vectors stand before the text. Queries and text
 * share the self-attention; in every second layer, or in each, the queries also look at the image; each has feed-forward layers of its own.
 *
 * <pre>
 *   queries [batch, 32, hidden]    text [batch, tokens, hidden]
 *        └──── self-attention ─────────┘        shared weights; who sees whom is the objective's AttentionMask
 *   cross-attention to the image                queries only, in the layers that Config says
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
   * @param apart whether no query sees another one. Where they do, as in BLIP-2, each layer makes them more alike
   * @param glance whether a {@link Glance} stands beside the queries, which BLIP-2 hasn't
   * @param dropout of hidden states while training
   * @param wordDropout of the embedded words while training
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
      boolean apart,
      boolean glance,
      double epsilon,
      double dropout,
      double wordDropout) {
    /** How many vectors an image has: what the queries saw, and the glance. */
    public int vectors() {
      return queries + (glance ? 1 : 0);
    }

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
    /** Where there are fewer images than rows, several rows that follow one another share an image: its keys are read once for all of them. */
    Tensor apply(Tensor x, Tensor image, long heads, double dropout) {
      var kv = image.chunk(2, -1);
      Tensor own = query.apply(x).reshape(image.size(0), -1, x.size(2));
      Tensor seen = Attention.heads(own, kv.get(0), kv.get(1), heads, null).view(x.size(0), x.size(1), -1);
      return norm.apply(drop(out.apply(seen), dropout).add(x));
    }

    /** Which patches each query looks at, {@code [batch, heads, queries, patches]}. */
    Tensor looks(Tensor x, Tensor image, long heads) {
      return Attention.probabilities(Attention.split(query.apply(x), heads), Attention.split(image.chunk(2, -1).get(0), heads), null);
    }
  }

  /** {@code cross} is null where a layer has none, {@code textForward} where the text half was dropped. */
  private record Layer(
      Linear queryKeyValue, Linear out, LayerNorm norm, CrossAttention cross, FeedForward queryForward, FeedForward textForward) {
    Tensor selfAttention(Tensor x, Tensor query, Tensor keyValue, Tensor mask, long heads, double dropout) {
      var kv = keyValue.chunk(2, -1);
      return taken(x, Attention.heads(query, kv.get(0), kv.get(1), heads, mask), dropout);
    }

    /** @param seen by the self-attention; where positions see themselves alone it is their own values */
    Tensor taken(Tensor x, Tensor seen, double dropout) {
      return norm.apply(drop(out.apply(seen), dropout).add(x));
    }

    Tensor queries(Tensor x, Tensor image, long heads, double dropout) {
      return queryForward.apply(cross == null ? x : cross.apply(x, image, heads, dropout), dropout);
    }
  }

  /**
   * Images as the cross-attention sees them, computed once for all passes over them.
   *
   * @param keyValues keys and values side by side, {@code [images, patches, 2 * hidden]}, of each layer; null for layers without
   *     cross-attention
   * @param glance fp32 {@code [images, 1, hidden]}; null where there is none
   */
  public record Look(List<Tensor> keyValues, Tensor glance) {
    /** The images of these numbers, {@code [rows]}, which may come several times. */
    public Look rows(Tensor numbers) {
      return each(kv -> kv.index_select(0, numbers));
    }

    /** The first images. */
    public Look first(long images) {
      return each(kv -> kv.narrow(0, 0, images));
    }

    long images() {
      return keyValues.stream().filter(Objects::nonNull).findFirst().orElseThrow().size(0);
    }

    private Look each(UnaryOperator<Tensor> change) {
      // Not List.of: layers without cross-attention are null.
      UnaryOperator<Tensor> there = t -> t == null ? null : change.apply(t);
      return new Look(keyValues.stream().map(there).collect(Collectors.toList()), there.apply(glance));
    }
  }

  /**
   * What came out of the layers, and what text that comes later needs to look back at it.
   *
   * @param states of the positions that went through, and the glance where all of them are queries, fp32 {@code [batch, positions, hidden]}
   * @param keyValues keys and values side by side, {@code [batch, positions so far, 2 * hidden]}, of each layer's self-attention
   */
  public record Pass(Tensor states, List<Tensor> keyValues) {
    long positions() {
      return keyValues.get(0).size(1);
    }
  }

  private final Config config;
  private final ImageNorm imageNorm;
  private final Tensor queryTokens;
  private final Glance glance;
  private final Tensor words;
  private final Tensor positions;
  private final LayerNorm norm;
  private final List<Layer> layers = new ArrayList<>();

  /** As it stands in files: weights and biases make up for what was done to images. */
  public QFormer(Config config, Weights weights, boolean text) {
    this(config, weights, text, ImageNorm.NONE);
  }

  /**
   * @param text whether to build the text half, which only stage 1 needs
   * @param imageNorm what is done to images before they are looked at. What they have in common is most of what encoders give, and most of
   *     the rest lies in a few directions: training lost on these makes all queries say the same
   */
  public QFormer(Config config, Weights weights, boolean text, ImageNorm imageNorm) {
    this.config = config;
    this.imageNorm = imageNorm;
    int d = config.hidden();
    queryTokens = weights.get(Weights.Kind.TABLE, "query_tokens", 1, config.queries(), d);
    glance = config.glance() ? Glance.of(config, weights) : null;
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

  /** Table of the words' vectors {@code [vocabulary, hidden]}, which also scores the next word. */
  Tensor words() {
    return words;
  }

  /** The cross-attention's keys and values, and the glance; {@code image} is patch features {@code [images, patches, imageHidden]}. */
  public Look look(Tensor image) {
    List<Tensor> all = new ArrayList<>();
    Tensor own = imageNorm.apply(image);
    for (Layer layer : layers) {
      all.add(layer.cross() == null ? null : layer.cross().keyValue().apply(own));
    }
    return new Look(all, glance == null ? null : glance.apply(imageNorm.glance(image)));
  }

  /**
   * What the queries gather from the image, and behind it the glance where there is one. No text takes part, as under the unimodal mask.
   *
   * @param image patch features {@code [batch, patches, imageHidden]}
   * @param training whether dropout applies
   * @return fp32 {@code [batch, vectors, hidden]}
   */
  public Tensor queries(Tensor image, boolean training) {
    return Scope.of(() -> see(look(image), training).states());
  }

  /**
   * How the queries share out their looks: the mean of all layers that have cross-attention.
   *
   * @param image patch features {@code [batch, patches, imageHidden]}
   * @return {@code [batch, patches]}, each photo's sum being 1
   */
  public Tensor gaze(Tensor image) {
    return attention(look(image)).mean(1, 2);
  }

  /** As {@link #queries}, with the keys and values that {@link #tell} looks back at. */
  public Pass see(Look image, boolean training) {
    return see(image, training, null);
  }

  /** As {@link #queries} outside training, with a look at each cross-attention: which patches each query looks at. */
  public Tensor queries(Tensor image, AttentionWatch watch) {
    return Scope.of(() -> see(look(image), false, watch).states());
  }

  private Pass see(Look image, boolean training, AttentionWatch watch) {
    double dropout = training ? config.dropout() : 0;
    Pass pass = pass(queryVectors(image.images(), dropout), config.queries(), image, null, null, dropout, watch);
    return glance == null ? pass : new Pass(Tensors.cat(1, pass.states, image.glance()), pass.keyValues);
  }

  /**
   * Where the queries look: the weights of the cross-attention, the mean of its heads.
   *
   * @return fp32 {@code [images, layers with cross-attention, queries, patches]}; each row sums to 1
   */
  public Tensor attention(Look image) {
    return Scope.noGrad(
        () -> {
          List<Tensor> weights = new ArrayList<>();
          see(image, false, (layer, probabilities) -> weights.add(Scope.keep(probabilities.mean(1))));
          Tensor all = torch.stack(new TensorVector(weights.toArray(Tensor[]::new)), 1);
          weights.forEach(Tensor::close);
          return all;
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
    return Scope.of(() -> pass(textVectors(null, ids, 0, training), 0, null, real.unsqueeze(1).unsqueeze(1), null, dropout, null).states());
  }

  /**
   * Queries and text in one pass.
   *
   * @param image one row a text, or a row for each two, three and so on that follow one another
   * @param ids {@code [batch, tokens]}, padded with anything
   * @param real true where a token is none of the padding, {@code [batch, tokens]}
   * @return fp32 {@code [batch, queries + tokens, hidden]}
   */
  public Tensor together(Look image, Tensor ids, Tensor real, AttentionMask mask, boolean training) {
    double dropout = training ? config.dropout() : 0;
    return Scope.of(
        () -> {
          int queries = config.queries();
          Tensor x = Tensors.cat(1, queryVectors(ids.size(0), dropout), textVectors(null, ids, 0, training));
          Tensor there = Tensors.cat(1, torch.ones_like(real.narrow(1, 0, 1)).expand(-1, queries), real).unsqueeze(1).unsqueeze(1);
          Tensor who = mask.tensor(queries, (int) ids.size(1), config.apart()).to(ids.device(), ScalarType.Bool);
          return pass(x, queries, image, who.logical_and(there), null, dropout, null).states();
        });
  }

  /**
   * Text that sees the queries and its own past, as under the multimodal causal mask. The queries' keys and values are not computed again.
   *
   * @param start vector of the start token, {@code [1, hidden]}, to stand before the ids; null where the text goes on
   * @param ids {@code [batch, tokens]}, padded on the right with anything, where nobody looks
   * @param past from {@link #see}, or from this method where the text goes on
   */
  public Pass tell(Tensor start, Tensor ids, Pass past, boolean training) {
    double dropout = training ? config.dropout() : 0;
    int before = Math.toIntExact(past.positions()) - config.queries();
    int tokens = Math.toIntExact(ids.size(1)) + (start == null ? 0 : 1);
    Tensor whole = AttentionMask.MULTIMODAL_CAUSAL.tensor(config.queries(), before + tokens, config.apart());
    Tensor mask = whole.narrow(0, past.positions(), tokens).to(ids.device(), ScalarType.Bool);
    return pass(textVectors(start, ids, before, training), 0, null, mask, past.keyValues(), dropout, null);
  }

  /**
   * All layers.
   *
   * @param queries how many of the positions are queries: all, the first few, or none
   * @param image null where there are no queries
   * @param mask true where a position may look, broadcast to {@code [batch, heads, positions, positions so far]}; or null
   * @param past keys and values of positions before, or null
   * @param watch of the cross-attention, where all positions are queries; or null
   */
  private Pass pass(
      Tensor vectors, long queries, Look image, Tensor mask, List<Tensor> past, double dropout, AttentionWatch watch) {
    long hidden = config.hidden();
    boolean alone = config.apart() && queries == vectors.size(1);
    Tensor x = vectors;
    List<Tensor> keyValues = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      int index = i;
      Layer layer = layers.get(i);
      Tensor in = x;
      Tensor before = past == null ? null : past.get(i);
      Tensor patches = image == null ? null : image.keyValues().get(i);
      List<Tensor> out =
          Scope.all(
              () -> {
                Tensor all = layer.queryKeyValue().apply(in);
                Tensor own = all.narrow(2, hidden, 2 * hidden);
                Tensor keyValue = before == null ? own : Tensors.cat(1, before, own);
                Tensor seen =
                    alone
                        ? layer.taken(in, own.narrow(2, hidden, hidden), dropout)
                        : layer.selfAttention(in, all.narrow(2, 0, hidden), keyValue, mask, config.heads(), dropout);
                if (watch != null && layer.cross() != null) {
                  watch.layer(index, layer.cross().looks(seen, patches, config.heads()));
                }
                return List.of(forward(layer, seen, queries, patches, dropout), keyValue);
              });
      x = out.get(0);
      keyValues.add(out.get(1));
    }
    return new Pass(x, keyValues);
  }

  /** What follows the self-attention: queries and text go ways of their own. */
  private Tensor forward(Layer layer, Tensor x, long queries, Tensor patches, double dropout) {
    if (queries == 0) {
      return layer.textForward().apply(x, dropout);
    }
    if (queries == x.size(1)) {
      return layer.queries(x, patches, config.heads(), dropout);
    }
    return Tensors.cat(
        1,
        layer.queries(x.narrow(1, 0, queries), patches, config.heads(), dropout),
        layer.textForward().apply(x.narrow(1, queries, x.size(1) - queries), dropout));
  }

  private Tensor queryVectors(long batch, double dropout) {
    return drop(norm.apply(queryTokens.to(ScalarType.Float)), dropout).expand(batch, -1, -1);
  }

  /** Embedded tokens with their positions, the first of which is {@code position}. */
  private Tensor textVectors(Tensor start, Tensor ids, long position, boolean training) {
    Tensor embedded = torch.embedding(words, ids);
    Tensor all = start == null ? embedded : Tensors.cat(1, start.unsqueeze(0).expand(ids.size(0), -1, -1), embedded);
    Tensor normed = norm.apply(all.add(positions.narrow(0, position, all.size(1))).to(ScalarType.Float));
    return drop(normed, training ? config.wordDropout() : 0);
  }

  private static Tensor drop(Tensor x, double probability) {
    return probability == 0 ? x : torch.dropout(x, probability, true);
  }
}
