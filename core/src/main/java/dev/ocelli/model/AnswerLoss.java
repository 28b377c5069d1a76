package dev.ocelli.model;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Cross-entropy of next tokens and its slope, in blocks: the logits of a block are gone before the next one's are made.
 *
 * @param loss summed over the tokens
 * @param slope by the residual stream at these tokens, fp32 {@code [tokens, hidden]}
 */
record AnswerLoss(double loss, Tensor slope) {
  /** Tokens at once. */
  static final int BLOCK = 512;

  /**
   * @param states residual stream after the last layer, fp32 {@code [tokens, hidden]}
   * @param labels the token to come after each
   * @param weight what the loss counts in the slope
   */
  static AnswerLoss of(LanguageModel model, Tensor states, long[] labels, double weight, Compute compute) {
    double[] loss = new double[1];
    List<Tensor> slopes = new ArrayList<>();
    for (int from = 0; from < labels.length; from += BLOCK) {
      int start = from;
      int n = Math.min(BLOCK, labels.length - from);
      slopes.add(
          Scope.of(
              () -> {
                Tensor x = states.narrow(0, start, n);
                Tensor inverse = model.norm().inverse(x);
                Tensor logits = torch.linear(model.norm().scale(x, inverse), model.head().to(model.type()));
                Tensor label = compute.place(Tensors.of(java.util.Arrays.copyOfRange(labels, start, start + n), n, 1));
                Tensor p = torch.softmax(logits, -1, new ScalarTypeOptional(ScalarType.Float));
                Tensor losses = losses(logits, p, label);
                loss[0] += losses.sum().item_double();
                // p - 1 at the label, by the loss: near 1 its difference from 1 would be lost.
                p.scatter_(1, label, losses.neg().expm1());
                Tensor normSlope = torch.mm(p.to(model.type()), model.head().to(model.type()));
                Tensor slope = torch.zeros_like(x);
                model.norm().addSlope(slope, normSlope, x, inverse);
                return slope.mul_(new Scalar(weight));
              }));
    }
    return new AnswerLoss(loss[0], torch.cat(new TensorVector(slopes.toArray(Tensor[]::new)), 0));
  }

  /** log(sum(exp(logits))) - logit of the label; the former from the likeliest token, whose probability can't have vanished. */
  private static Tensor losses(Tensor logits, Tensor p, Tensor label) {
    Tensor best = p.argmax(new org.bytedeco.pytorch.LongOptional(1), true);
    Tensor likeliest = logits.gather(1, best).to(ScalarType.Float).sub(p.gather(1, best).log());
    return likeliest.sub(logits.gather(1, label).to(ScalarType.Float));
  }
}
