package dev.ocelli.model;

import dev.ocelli.nn.Attention;
import dev.ocelli.nn.RmsNorm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Shelf;
import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Causal, rotary, grouped-query attention of rows that stand behind a common prefix, and may branch, forward and backward by hand. The heads
 * of a group are queries over the same keys, so that keys and values are never repeated and their slopes need no sums.
 */
final class DecoderAttention {
  /**
   * What one block's backward needs.
   *
   * @param q turned queries {@code [batch * keyValueHeads, group * tokens, headSize]}
   * @param k turned keys, the prefix's before the own {@code [batch * keyValueHeads, prefix + tokens, headSize]}
   * @param v values, likewise
   * @param probabilities {@code [batch * keyValueHeads, group * tokens, prefix + tokens]}
   */
  record Heads(Tensor q, Tensor k, Tensor v, Tensor probabilities) {}

  /** Slopes by the prefix's turned keys and values, {@code [1, keyValueHeads, prefix, headSize]}. */
  record PrefixSlopes(Tensor k, Tensor v) {}

  private final int heads;
  private final int keyValueHeads;
  private final int headSize;
  private final long prefix;
  private final long batch;
  private final long tokens;
  private final double scale;
  private final Tensor cosine;
  private final Tensor sine;
  private final Tensor mask;

  /**
   * @param prefix tokens that every row sees
   * @param tokens further ones in each row
   * @param branches of the rows, or null: each token sees all before it
   */
  DecoderAttention(LanguageModel model, long prefix, long batch, long tokens, Sequences.Branches branches) {
    LanguageModel.Config c = model.config();
    heads = c.heads();
    keyValueHeads = c.keyValueHeads();
    headSize = c.headSize();
    this.prefix = prefix;
    this.batch = batch;
    this.tokens = tokens;
    scale = 1 / Math.sqrt(headSize);
    Tensor line = torch.view_as_real(model.turns(0, prefix + tokens)).to(model.type());
    Tensor own = branches == null ? line.narrow(0, prefix, tokens) : line.index_select(0, positions(branches, line));
    Tensor turns = own.view(-1, tokens, 1, headSize / 2, 2);
    cosine = turns.select(4, 0).contiguous();
    sine = turns.select(4, 1).contiguous();
    Tensor seen = Attention.causal(tokens, tokens).unsqueeze(0);
    if (branches != null) {
      Tensor branch = Tensors.of(branches.numbers(), batch, tokens);
      Tensor looked = branch.unsqueeze(1);
      Tensor same = looked.eq(branch.unsqueeze(2));
      seen = seen.logical_and(same.logical_or(looked.eq(new Scalar(Sequences.Branches.TRUNK))));
    }
    Tensor hidden = Tensors.zeros(ScalarType.Float, seen.size(0), tokens, tokens);
    hidden = hidden.masked_fill_(seen.logical_not(), new Scalar(Double.NEGATIVE_INFINITY));
    Tensor all = Tensors.cat(2, Tensors.zeros(ScalarType.Float, seen.size(0), tokens, prefix), hidden);
    mask = all.view(-1, 1, 1, tokens, prefix + tokens).to(turns.device(), turns.scalar_type());
  }

  private static Tensor positions(Sequences.Branches branches, Tensor like) {
    return Tensors.of(branches.positions(), branches.positions().length).to(like.device(), ScalarType.Long);
  }

  /**
   * @param qkv {@code [batch * tokens, (heads + 2 keyValueHeads) * headSize]}
   * @param before the prefix's own pass, null where there is no prefix
   * @param seen gets the result, {@code [batch * tokens, heads * headSize]}
   */
  Heads forward(LanguageModel.Layer layer, Tensor qkv, Heads before, Tensor seen, Shelf shelf) {
    Tensor q = empty(qkv, heads, tokens);
    Tensor k = empty(qkv, keyValueHeads, prefix + tokens);
    Tensor v = empty(qkv, keyValueHeads, prefix + tokens);
    Scope.run(
        () -> {
          turn(normed(layer.queryNorm(), part(qkv, 0, heads)), q.transpose(1, 2), 1, 1);
          turn(normed(layer.keyNorm(), part(qkv, heads, keyValueHeads)), k.narrow(2, prefix, tokens).transpose(1, 2), 1, 1);
          v.narrow(2, prefix, tokens).copy_(part(qkv, heads + keyValueHeads, keyValueHeads).transpose(1, 2));
          if (before != null) {
            k.narrow(2, 0, prefix).copy_(before.k.unsqueeze(0));
            v.narrow(2, 0, prefix).copy_(before.v.unsqueeze(0));
          }
        });
    Heads all =
        new Heads(
            shelf.keep(q.view(batch * keyValueHeads, -1, headSize)),
            shelf.keep(k.view(batch * keyValueHeads, -1, headSize)),
            shelf.keep(v.view(batch * keyValueHeads, -1, headSize)),
            shelf.keep(probabilities(q, k)));
    Scope.run(
        () ->
            seen.view(batch, tokens, heads, headSize)
                .copy_(torch.bmm(all.probabilities, all.v).view(batch, heads, tokens, headSize).transpose(1, 2)));
    return all;
  }

  private Tensor probabilities(Tensor q, Tensor k) {
    return Scope.of(
        () -> {
          Tensor scores =
              torch.bmm(q.view(batch * keyValueHeads, -1, headSize), k.view(batch * keyValueHeads, -1, headSize).transpose(1, 2));
          Tensor masked = mask.add(scores.view(batch, keyValueHeads, -1, tokens, prefix + tokens), new Scalar(scale));
          return torch.softmax(masked, -1).view(batch * keyValueHeads, -1, prefix + tokens);
        });
  }

  /**
   * @param seenSlope {@code [batch * tokens, heads * headSize]}
   * @param qkv the forward's, which only head norms need
   * @param later what later rows' backward gave for this block as their prefix, or null
   * @param qkvSlope gets the result, shaped as {@code qkv}
   * @return slopes for the prefix's pass, null where there is no prefix
   */
  PrefixSlopes backward(
      LanguageModel.Layer layer, Heads all, Tensor seenSlope, Tensor qkv, PrefixSlopes later, Tensor qkvSlope) {
    long rows = batch * keyValueHeads;
    Tensor out = seenSlope.view(batch, tokens, heads, headSize).transpose(1, 2).reshape(rows, -1, headSize);
    Tensor v = torch.bmm(all.probabilities.transpose(1, 2), out).view(batch, keyValueHeads, -1, headSize);
    Tensor weighted = torch.bmm(out, all.v.transpose(1, 2)).mul_(all.probabilities);
    Tensor sums = weighted.sum(new long[] {-1}, true, new ScalarTypeOptional());
    Tensor scores = weighted.addcmul_(all.probabilities, sums, new Scalar(-1.0));
    Tensor q = torch.bmm(scores, all.k).view(batch, heads, tokens, headSize);
    Tensor k = torch.bmm(scores.transpose(1, 2), all.q).view(batch, keyValueHeads, -1, headSize);
    PrefixSlopes earlier = null;
    if (prefix > 0) {
      earlier = new PrefixSlopes(sum(k.narrow(2, 0, prefix)).mul_(new Scalar(scale)), sum(v.narrow(2, 0, prefix)));
    }
    Tensor ownK = k.narrow(2, prefix, tokens);
    Tensor ownV = v.narrow(2, prefix, tokens);
    if (later != null) {
      ownK.add_(later.k, new Scalar(1 / scale));
      ownV.add_(later.v);
    }
    part(qkvSlope, heads + keyValueHeads, keyValueHeads).copy_(ownV.transpose(1, 2));
    unturn(layer.queryNorm(), q, part(qkv, 0, heads), part(qkvSlope, 0, heads));
    unturn(layer.keyNorm(), ownK, part(qkv, heads, keyValueHeads), part(qkvSlope, heads, keyValueHeads));
    return earlier;
  }

  private static Tensor sum(Tensor slopes) {
    return slopes.sum(new long[] {0}, true, new ScalarTypeOptional());
  }

  /** Slope by turned and perhaps normed heads to slope by what came from the product. */
  private void unturn(RmsNorm norm, Tensor slope, Tensor input, Tensor target) {
    if (norm == null) {
      turn(slope.transpose(1, 2), target, -1, scale);
      return;
    }
    Tensor turned = torch.empty_like(slope.transpose(1, 2));
    turn(slope.transpose(1, 2), turned, -1, scale);
    Tensor x = input.to(ScalarType.Float);
    Tensor sum = torch.zeros_like(x);
    norm.addSlope(sum, turned, x, norm.inverse(x));
    target.copy_(sum);
  }

  private static Tensor normed(RmsNorm norm, Tensor x) {
    return norm == null ? x : norm.scale(x, norm.inverse(x));
  }

  /**
   * Turns the pairs (x[j], x[j + size/2]) by their positions' angles (Su et al. 2021).
   *
   * @param x {@code [batch, tokens, heads, headSize]}
   * @param target gets the result
   * @param direction -1 to turn back
   */
  private void turn(Tensor x, Tensor target, int direction, double factor) {
    int half = headSize / 2;
    Tensor cos = factor == 1 ? cosine : Tensors.scale(cosine, factor);
    Tensor sin = factor == 1 ? sine : Tensors.scale(sine, factor);
    Tensor first = x.narrow(3, 0, half);
    Tensor second = x.narrow(3, half, half);
    Tensor firstTarget = target.narrow(3, 0, half);
    Tensor secondTarget = target.narrow(3, half, half);
    torch.mul_out(firstTarget, first, cos).addcmul_(second, sin, new Scalar((double) -direction));
    torch.mul_out(secondTarget, second, cos).addcmul_(first, sin, new Scalar((double) direction));
  }

  private Tensor part(Tensor qkv, long head, long count) {
    return qkv.view(batch, tokens, -1, headSize).narrow(2, head, count);
  }

  private Tensor empty(Tensor like, long headCount, long length) {
    return Tensors.empty(like.options(), batch, headCount, length, headSize);
  }
}
