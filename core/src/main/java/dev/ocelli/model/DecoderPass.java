package dev.ocelli.model;

import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Shelf;
import dev.ocelli.nn.Tensors;
import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * One forward and backward pass through the frozen {@link LanguageModel} with its adapters, for training: the same function, with gradients
 * written by hand. Autograd would keep what only slopes of frozen weights need, and split each step into several small ones.
 *
 * <pre>
 *   prefix [1, prefix]    tokens that all rows begin with: computed once, seen by every row
 *   rows   [batch, own]   the rest of each row: sees the prefix, and itself up to each token, other branches left out
 * </pre>
 *
 * Everything but attention knows only one matrix with all these tokens below each other, {@code [prefix + batch * own, hidden]}. Call
 * {@link #forward} and then {@link #backward}, once each and without autograd.
 */
final class DecoderPass implements AutoCloseable {
  /** What a layer's backward needs of its forward. A branch is null where the layer has no adapter there, {@code prefix} where there is none. */
  private record Kept(
      Shelf shelf,
      Tensor x,
      Tensor inverse,
      Tensor queryKeyValue,
      LoraBranch queryKeyValueBranch,
      DecoderAttention.Heads prefix,
      DecoderAttention.Heads rows,
      LoraBranch outBranch,
      Tensor y,
      Tensor inverseAfter,
      LoraBranch gateUpBranch,
      Tensor gateUp,
      LoraBranch downBranch) {}

  private final LanguageModel model;
  private final Lora lora;
  private final long prefix;
  private final long rows;
  private final DecoderAttention prefixAttention;
  private final DecoderAttention rowAttention;
  private final Deque<Kept> kept = new ArrayDeque<>();

  /**
   * @param lora the adapters, whose gradients {@link #backward} adds to; or null
   * @param sequences which tokens see which
   */
  DecoderPass(LanguageModel model, Lora lora, Sequences sequences) {
    this.model = model;
    this.lora = lora;
    prefix = sequences.prefix();
    rows = (long) sequences.batch() * sequences.own();
    prefixAttention = prefix == 0 ? null : new DecoderAttention(model, 0, 1, prefix, null);
    rowAttention = new DecoderAttention(model, prefix, sequences.batch(), sequences.own(), sequences.branches());
  }

  /**
   * @param embeddings {@code [prefix + batch * own, hidden]}
   * @param training whether LoRA's dropout applies
   * @return the residual stream after the last layer, before the last norm: fp32, same shape
   */
  Tensor forward(Tensor embeddings, boolean training) {
    return Scope.of(
        () -> {
          Tensor x = embeddings.to(ScalarType.Float);
          for (int i = 0; i < model.layers().size(); i++) {
            Tensor in = x;
            int index = i;
            x = Scope.of(() -> layer(model.layers().get(index), adapters(index), in, training));
          }
          return x;
        });
  }

  private Lora.LayerAdapters adapters(int layer) {
    return lora == null ? Lora.LayerAdapters.NONE : lora.layer(layer);
  }

  private Tensor layer(LanguageModel.Layer layer, Lora.LayerAdapters adapters, Tensor in, boolean training) {
    Shelf shelf = new Shelf();
    Tensor x = shelf.keep(in.alias());
    Tensor inverse = shelf.keep(layer.before().inverse(x));
    Tensor normed = layer.before().scale(x, inverse);
    Tensor qkv = shelf.keep(layer.queryKeyValue().apply(normed));
    LoraBranch qkvBranch = LoraBranch.add(adapters.queryKeyValue(), qkv, normed, training, shelf);

    Tensor seen = Tensors.empty(qkv.options(), qkv.size(0), layer.out().weight().size(1));
    DecoderAttention.Heads first =
        prefix == 0 ? null : prefixAttention.forward(layer, qkv.narrow(0, 0, prefix), null, seen.narrow(0, 0, prefix), shelf);
    DecoderAttention.Heads rest =
        rowAttention.forward(layer, qkv.narrow(0, prefix, rows), first, seen.narrow(0, prefix, rows), shelf);
    Tensor attended = layer.out().apply(seen);
    LoraBranch outBranch = LoraBranch.add(adapters.out(), attended, seen, training, shelf);
    Tensor y = shelf.keep(x.add(attended));

    Tensor inverseAfter = shelf.keep(layer.after().inverse(y));
    Tensor normedAfter = layer.after().scale(y, inverseAfter);
    Tensor gateUp = shelf.keep(layer.gateUp().apply(normedAfter));
    LoraBranch gateUpBranch = LoraBranch.add(adapters.gateUp(), gateUp, normedAfter, training, shelf);
    Tensor product = torch.silu(gate(gateUp)).mul_(up(gateUp));
    Tensor down = layer.down().apply(product);
    LoraBranch downBranch = LoraBranch.add(adapters.down(), down, product, training, shelf);
    kept.push(new Kept(shelf, x, inverse, qkv, qkvBranch, first, rest, outBranch, y, inverseAfter, gateUpBranch, gateUp, downBranch));
    return y.add(down);
  }

  /**
   * Adds to the adapters' gradients.
   *
   * @param slope by what {@link #forward} gave, fp32; changed
   * @return slope by the embeddings, fp32 {@code [prefix + batch * own, hidden]}: the same tensor
   */
  Tensor backward(Tensor slope) {
    for (int i = model.layers().size() - 1; i >= 0; i--) {
      LanguageModel.Layer layer = model.layers().get(i);
      Kept k = kept.pop();
      Scope.run(
          () -> {
            feedForwardBackward(layer, k, slope);
            attentionBackward(layer, k, slope);
          });
      k.shelf.close();
    }
    return slope;
  }

  private void feedForwardBackward(LanguageModel.Layer layer, Kept k, Tensor slope) {
    Tensor down = slope.to(model.type());
    Tensor product = torch.mm(down, layer.down().weight());
    if (k.downBranch != null) {
      k.downBranch.backward(down, product);
    }
    Tensor gateUp = torch.empty_like(k.gateUp);
    torch.mul_out(up(gateUp), product, torch.silu(gate(k.gateUp)));
    torch.silu_backward_out(gate(gateUp), product.mul_(up(k.gateUp)), gate(k.gateUp));
    Tensor normed = torch.mm(gateUp, layer.gateUp().weight());
    if (k.gateUpBranch != null) {
      k.gateUpBranch.backward(gateUp, normed);
    }
    layer.after().addSlope(slope, normed, k.y, k.inverseAfter);
  }

  private void attentionBackward(LanguageModel.Layer layer, Kept k, Tensor slope) {
    Tensor attended = slope.to(model.type());
    Tensor seen = torch.mm(attended, layer.out().weight());
    if (k.outBranch != null) {
      k.outBranch.backward(attended, seen);
    }
    Tensor qkv = torch.empty_like(k.queryKeyValue);
    DecoderAttention.PrefixSlopes earlier =
        rowAttention.backward(
            layer, k.rows, seen.narrow(0, prefix, rows), k.queryKeyValue.narrow(0, prefix, rows), null, qkv.narrow(0, prefix, rows));
    if (prefix > 0) {
      prefixAttention.backward(
          layer, k.prefix, seen.narrow(0, 0, prefix), k.queryKeyValue.narrow(0, 0, prefix), earlier, qkv.narrow(0, 0, prefix));
    }
    Tensor normed = torch.mm(qkv, layer.queryKeyValue().weight());
    if (k.queryKeyValueBranch != null) {
      k.queryKeyValueBranch.backward(qkv, normed);
    }
    layer.before().addSlope(slope, normed, k.x, k.inverse);
  }

  private static Tensor gate(Tensor gateUp) {
    return gateUp.narrow(1, 0, gateUp.size(1) / 2);
  }

  private static Tensor up(Tensor gateUp) {
    return gateUp.narrow(1, gateUp.size(1) / 2, gateUp.size(1) / 2);
  }

  @Override
  public void close() {
    kept.forEach(k -> k.shelf.close());
    kept.clear();
  }
}
