package dev.ocelli.model;

import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Shelf;
import dev.ocelli.nn.Tensors;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A {@link Lora.Adapter}'s forward and backward by hand, over rows of tokens: with x' the input after dropout and s the scale, y += s B A x'.
 *
 * @param input x', {@code [rows, in]}
 * @param mask 1 where dropout let the input pass, 0 elsewhere; null without dropout
 * @param narrow A x', {@code [rows, adapted projections * rank]}
 * @param scale s, and what makes up for the dropped part
 */
record LoraBranch(Lora.Adapter adapter, Tensor input, Tensor mask, Tensor narrow, double scale) {
  /** Dropout's probability in steps of 2^-16: four draws out of each 64 random bits, several times faster than libtorch's own. */
  private static final int STEPS = 1 << 16;

  /**
   * Adds the adapter's part to {@code y}.
   *
   * @param y the frozen product {@code [rows, out]}, changed
   * @param x its input {@code [rows, in]}
   * @param shelf keeps what backward needs
   * @return null where there is no adapter
   */
  static LoraBranch add(Lora.Adapter adapter, Tensor y, Tensor x, boolean training, Shelf shelf) {
    if (adapter == null) {
      return null;
    }
    double dropout = training ? adapter.config().dropout() : 0;
    Tensor mask = dropout == 0 ? null : shelf.keep(mask(x, dropout));
    Tensor input = shelf.keep(mask == null ? x.alias() : x.mul(mask));
    Tensor narrow = shelf.keep(torch.linear(input, adapter.a()));
    LoraBranch branch = new LoraBranch(adapter, input, mask, narrow, adapter.config().scale() / (1 - dropout));
    branch.eachProjection(
        (b, row, rows, part) -> y.narrow(1, row, rows).addmm_(part, b.t(), new Scalar(1.0), new Scalar(branch.scale)));
    return branch;
  }

  /**
   * Adds the gradients of A and B to theirs.
   *
   * @param ySlope {@code [rows, out]}
   * @param xSlope slope by the input, to which this branch's part is added
   */
  void backward(Tensor ySlope, Tensor xSlope) {
    Scope.run(
        () -> {
          Tensor narrowSlope = torch.empty_like(narrow);
          int rank = adapter.config().rank();
          int[] used = new int[1];
          eachProjection(
              (b, row, rows, part) -> {
                Tensor slope = ySlope.narrow(1, row, rows);
                b.grad().addmm_(slope.t(), part, new Scalar(1.0), new Scalar(scale));
                narrowSlope.narrow(1, (long) used[0]++ * rank, rank).copy_(Tensors.scale(torch.mm(slope, b), scale));
              });
          adapter.a().grad().addmm_(narrowSlope.t(), input);
          Tensor inputSlope = torch.mm(narrowSlope, adapter.a());
          if (mask == null) {
            xSlope.add_(inputSlope);
          } else {
            xSlope.addcmul_(inputSlope, mask, new Scalar(1.0));
          }
        });
  }

  private interface Projection {
    /**
     * @param row first output of the projection
     * @param part what A made for it, {@code [tokens, rank]}
     */
    void with(Tensor b, long row, long rows, Tensor part);
  }

  private void eachProjection(Projection projection) {
    int rank = adapter.config().rank();
    long row = 0;
    int used = 0;
    for (int i = 0; i < adapter.rows().length; i++) {
      Tensor b = adapter.b().get(i);
      if (b != null) {
        projection.with(b, row, adapter.rows()[i], narrow.narrow(1, (long) used++ * rank, rank));
      }
      row += adapter.rows()[i];
    }
  }

  private static Tensor mask(Tensor like, double dropout) {
    return Scope.of(
        () -> {
          long n = like.numel();
          Tensor bits = Tensors.empty(Tensors.options(ScalarType.Long), (n + 3) / 4).random_(Long.MIN_VALUE, new LongOptional());
          Tensor draws = bits.view(ScalarType.Short).narrow(0, 0, n).view(Tensors.shape(like));
          long threshold = Math.round(dropout * STEPS) + Short.MIN_VALUE;
          return draws.ge(new Scalar(threshold)).to(like.device(), like.scalar_type());
        });
  }
}
