package dev.ocelli.model;

import dev.ocelli.nn.BlockFormat;
import dev.ocelli.nn.BlockKernel;
import dev.ocelli.nn.BlockMatrix;
import dev.ocelli.nn.Crew;
import dev.ocelli.nn.FloatLoops;
import dev.ocelli.nn.Linear;
import dev.ocelli.nn.RmsNorm;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.bytedeco.pytorch.Tensor;

/**
 * {@link LanguageModel} for one token of each of a few texts, in plain Java over a copy of the weights, quantised or not. With one row a
 * product is bound by the bytes of its weights, and a layer of libtorch by the thirty calls that it is; here a layer is six loops over
 * {@link Crew}.
 *
 * <p>The arithmetic is LanguageModel's, all of it in fp32. Rows lie {@link BlockKernel#stride} apart.
 */
final class TokenStep {
  /** Tiles that one thread does in a microsecond or so: fewer are not worth sharing. */
  private static final int TILES = 2;

  /**
   * Texts above which bf16 products of libtorch are faster, since they need fewer instructions: a token of each of 16 took 40 ms here and
   * 42 there, of 32 78 and 50. In fp32 with AVX2 products of 16 rows are about as fast either way.
   */
  private static final int MOST_AS_THEY_ARE = 16;

  private record Norm(float[] weight, float epsilon) {
    static Norm of(RmsNorm norm) {
      return norm == null ? null : new Norm(Tensors.floats(norm.weight()), (float) norm.epsilon());
    }

    void apply(float[] x, int at, float[] out, int outAt) {
      int size = weight.length;
      float inverse = (float) (1 / Math.sqrt(FloatLoops.dot(x, at, x, at, size) / size + epsilon));
      for (int i = 0; i < size; i++) {
        out[outAt + i] = x[at + i] * inverse * weight[i];
      }
    }
  }

  private record Layer(
      Norm before, BlockMatrix queryKeyValue, Norm query, Norm key, BlockMatrix out, Norm after, BlockMatrix gateUp, BlockMatrix down) {}

  /** One layer's adapters, null where there are none. */
  private record Branches(SideBranch queryKeyValue, SideBranch out, SideBranch gateUp, SideBranch down) {
    static final Branches NONE = new Branches(null, null, null, null);
  }

  /** What a layer writes into, the next one's again: fresh arrays for each would push a token's numbers out of the processor's cache. */
  private record Room(float[] normed, float[] queryKeyValue, float[] seen, float[] gateUp, float[] product) {}

  private final LanguageModel.Config config;
  private final Crew crew;
  private final List<Layer> layers;
  private final Norm norm;
  private final BlockMatrix head;
  private final boolean quantised;
  private final double[] frequencies;
  private final Map<Lora, List<Branches>> branches = new WeakHashMap<>();

  /** Adapters that always apply, or null. */
  private final Lora always;

  TokenStep(LanguageModel model, BlockFormat format, Crew crew) {
    config = model.config();
    this.crew = crew;
    quantised = format.quantised();
    always = null;
    layers = new ArrayList<>();
    for (LanguageModel.Layer layer : model.layers()) {
      layers.add(
          new Layer(
              Norm.of(layer.before()),
              quantise(layer.queryKeyValue(), format),
              Norm.of(layer.queryNorm()),
              Norm.of(layer.keyNorm()),
              quantise(layer.out(), format),
              Norm.of(layer.after()),
              quantise(layer.gateUp(), format),
              quantise(layer.down(), format)));
    }
    norm = Norm.of(model.norm());
    // Every word's score is at stake in the head: it keeps eight bits, as in the files of llama.cpp.
    head = BlockMatrix.of(model.head(), format == BlockFormat.INT4 ? BlockFormat.INT8 : format);
    frequencies = new double[config.headSize() / 2];
    for (int j = 0; j < frequencies.length; j++) {
      frequencies[j] = Math.pow(config.ropeBase(), -2.0 * j / config.headSize());
    }
  }

  private TokenStep(TokenStep base, Lora always) {
    config = base.config;
    crew = base.crew;
    quantised = base.quantised;
    layers = base.layers;
    norm = base.norm;
    head = base.head;
    frequencies = base.frequencies;
    this.always = always;
  }

  /** The same weights with adapters that apply where a caller names none. */
  TokenStep with(Lora lora) {
    return new TokenStep(this, lora);
  }

  private static BlockMatrix quantise(Linear linear, BlockFormat format) {
    if (linear.bias() != null) {
      throw new IllegalArgumentException("A decoder of the Llama family has no biases");
    }
    return BlockMatrix.of(linear.weight(), format);
  }

  /** Whether the scores of so many texts' words are to come from here. */
  boolean takes(long texts) {
    return quantised || texts <= MOST_AS_THEY_ARE;
  }

  /** Whether their next tokens are, too: keys and values of all their tokens must fit into a share of Java's memory. */
  boolean takes(KeyValueCache cache) {
    long token = 2L * Float.BYTES * config.layers() * config.keyValueHeads() * config.headSize();
    return takes(cache.rows()) && cache.tokens() * token < Runtime.getRuntime().maxMemory() / 8;
  }

  /**
   * @param embeddings {@code [rows, 1, hidden]}
   * @param lora or null, for those that always apply
   * @return hidden states after the last norm, fp32 {@code [rows, 1, hidden]}
   */
  Tensor forward(Tensor embeddings, Lora lora, KeyValueCache cache) {
    int rows = Math.toIntExact(embeddings.size(0));
    int hidden = config.hidden();
    float[] x = spread(Tensors.floats(embeddings), rows, hidden);
    List<TextCache> texts = cache.texts();
    for (TextCache text : texts) {
      text.append();
    }
    float[][] turns = new float[rows][];
    for (int row = 0; row < rows; row++) {
      turns[row] = turns(texts.get(row).length() - 1);
    }
    Lora adapters = lora == null ? always : lora;
    List<Branches> beside = adapters == null ? null : branches.computeIfAbsent(adapters, this::branches);
    Room room =
        new Room(
            room(rows, hidden),
            room(rows, (config.heads() + 2 * config.keyValueHeads()) * config.headSize()),
            room(rows, config.heads() * config.headSize()),
            room(rows, 2 * config.intermediate()),
            room(rows, config.intermediate()));
    for (int i = 0; i < layers.size(); i++) {
      layer(i, rows, x, room, turns, texts, beside == null ? Branches.NONE : beside.get(i));
    }
    cache.advance(1);
    float[] last = new float[rows * hidden];
    int stride = BlockKernel.stride(hidden);
    for (int row = 0; row < rows; row++) {
      norm.apply(x, row * stride, last, row * hidden);
    }
    return Tensors.of(last, rows, 1, hidden);
  }

  /** Hidden states {@code [..., hidden]} to scores, fp32 {@code [..., vocabulary]}. */
  Tensor logits(Tensor hidden) {
    long[] shape = Tensors.shape(hidden);
    int rows = Math.toIntExact(hidden.numel() / config.hidden());
    float[] y = room(rows, config.vocabulary());
    multiply(head, null, rows, spread(Tensors.floats(hidden), rows, config.hidden()), y, false);
    shape[shape.length - 1] = config.vocabulary();
    return Tensors.of(gather(y, rows, config.vocabulary()), shape);
  }

  private static float[] room(int rows, int size) {
    return new float[rows * BlockKernel.stride(size)];
  }

  private void layer(int index, int rows, float[] x, Room room, float[][] turns, List<TextCache> texts, Branches beside) {
    Layer layer = layers.get(index);
    normalise(layer.before, rows, x, room.normed);
    multiply(layer.queryKeyValue, beside.queryKeyValue, rows, room.normed, room.queryKeyValue, false);
    crew.run(rows, 1, (from, to) -> {
      for (int row = from; row < to; row++) {
        place(index, room.queryKeyValue, row, turns[row], texts.get(row));
      }
    });
    crew.run(rows * config.heads(), 1, (from, to) -> {
      for (int unit = from; unit < to; unit++) {
        attend(index, room.queryKeyValue, unit / config.heads(), unit % config.heads(), texts.get(unit / config.heads()), room.seen);
      }
    });
    multiply(layer.out, beside.out, rows, room.seen, x, true);
    normalise(layer.after, rows, x, room.normed);
    multiply(layer.gateUp, beside.gateUp, rows, room.normed, room.gateUp, false);
    int wide = config.intermediate();
    int from = BlockKernel.stride(2 * wide);
    int to = BlockKernel.stride(wide);
    crew.run(rows, 1, (first, end) -> {
      for (int row = first; row < end; row++) {
        FloatLoops.gated(room.gateUp, row * from, row * from + wide, room.product, row * to, wide);
      }
    });
    multiply(layer.down, beside.down, rows, room.product, x, true);
  }

  private void normalise(Norm norm, int rows, float[] x, float[] normed) {
    int stride = BlockKernel.stride(config.hidden());
    crew.run(rows, 1, (from, to) -> {
      for (int row = from; row < to; row++) {
        norm.apply(x, row * stride, normed, row * stride);
      }
    });
  }

  /**
   * W x, and what the adapters add.
   *
   * @param add to what stands in y
   */
  private void multiply(BlockMatrix w, SideBranch beside, int rows, float[] x, float[] y, boolean add) {
    int stride = BlockKernel.stride(w.columns());
    int sumsStride = BlockKernel.sumsStride(w.columns());
    float[] sums = new float[rows * sumsStride];
    if (w.format() == BlockFormat.INT4) {
      crew.run(rows, 1, (from, to) -> {
        for (int row = from; row < to; row++) {
          BlockKernel.sums(x, row * stride, sumsStride / 2, sums, row * sumsStride);
        }
      });
    }
    float[] z = beside == null ? null : room(rows, beside.a().rows());
    if (beside != null) {
      multiply(beside.a(), null, rows, x, z, false);
    }
    int out = BlockKernel.stride(w.rows());
    crew.run(w.tiles(), TILES, (from, to) -> {
      BlockKernel.multiply(w, from, to, rows, x, sums, y, add);
      for (int tile = from; beside != null && tile < to; tile++) {
        beside.add(tile, rows, z, y, out);
      }
    });
  }

  /** Turns queries and keys by their angles, pairs side by side as {@link LanguageModel} keeps them, and puts keys and values away. */
  private void place(int layer, float[] qkv, int row, float[] turns, TextCache text) {
    int size = config.headSize();
    int turning = config.heads() + config.keyValueHeads();
    int at = row * BlockKernel.stride((turning + config.keyValueHeads()) * size);
    int token = text.length() - 1;
    float[] turned = new float[size];
    for (int head = 0; head < turning; head++, at += size) {
      boolean query = head < config.heads();
      if (config.headNorm()) {
        (query ? layers.get(layer).query : layers.get(layer).key).apply(qkv, at, qkv, at);
      }
      turn(qkv, at, turns, turned);
      if (query) {
        System.arraycopy(turned, 0, qkv, at, size);
      } else {
        int first = (head - config.heads()) * size;
        for (int i = 0; i < size; i++) {
          text.keys[layer][text.keyAt(token, first + i)] = turned[i];
        }
      }
    }
    System.arraycopy(qkv, at, text.values[layer], text.at(token), config.keyValueHeads() * size);
  }

  private static void turn(float[] x, int at, float[] turns, float[] turned) {
    int half = turned.length / 2;
    for (int j = 0; j < half; j++) {
      float a = x[at + j];
      float b = x[at + half + j];
      turned[2 * j] = a * turns[2 * j] - b * turns[2 * j + 1];
      turned[2 * j + 1] = a * turns[2 * j + 1] + b * turns[2 * j];
    }
  }

  /** Cosine and sine of each pair's angle. */
  private float[] turns(int position) {
    float[] turns = new float[2 * frequencies.length];
    for (int j = 0; j < frequencies.length; j++) {
      turns[2 * j] = (float) Math.cos(position * frequencies[j]);
      turns[2 * j + 1] = (float) Math.sin(position * frequencies[j]);
    }
    return turns;
  }

  private void attend(int layer, float[] qkv, int row, int head, TextCache text, float[] seen) {
    int size = config.headSize();
    int at = row * BlockKernel.stride((config.heads() + 2 * config.keyValueHeads()) * size) + head * size;
    int shift = head / (config.heads() / config.keyValueHeads()) * size;
    int tokens = text.length();
    float scale = (float) (1 / Math.sqrt(size));
    float[] shares = new float[tokens + TextCache.TOGETHER];
    for (int t = 0; t < tokens; t += TextCache.TOGETHER) {
      FloatLoops.dots(qkv, at, size, text.keys[layer], text.keyAt(t, shift), TextCache.TOGETHER, shares, t, false);
    }
    for (int t = 0; t < tokens; t++) {
      shares[t] *= scale;
    }
    FloatLoops.softmax(shares, tokens);
    int to = row * BlockKernel.stride(config.heads() * size) + head * size;
    FloatLoops.mix(shares, tokens, text.values[layer], shift, text.at(1), seen, to, size);
  }

  private List<Branches> branches(Lora lora) {
    List<Branches> all = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      Lora.LayerAdapters a = lora.layer(i);
      all.add(new Branches(branch(a.queryKeyValue()), branch(a.out()), branch(a.gateUp()), branch(a.down())));
    }
    return all;
  }

  private static SideBranch branch(Lora.Adapter adapter) {
    return adapter == null ? null : new SideBranch(adapter);
  }

  private static float[] spread(float[] values, int rows, int size) {
    int stride = BlockKernel.stride(size);
    if (stride == size) {
      return values;
    }
    float[] spread = new float[rows * stride];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(values, row * size, spread, row * stride, size);
    }
    return spread;
  }

  private static float[] gather(float[] values, int rows, int size) {
    int stride = BlockKernel.stride(size);
    if (stride == size) {
      return values;
    }
    float[] gathered = new float[rows * size];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(values, row * stride, gathered, row * size, size);
    }
    return gathered;
  }
}
