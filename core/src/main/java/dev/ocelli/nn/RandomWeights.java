package dev.ocelli.nn;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Weights from a seed, for models whose real ones can't be had, and for tests. Every tensor depends on the seed and its own name only. */
public record RandomWeights(long seed, Compute compute) implements Weights {
  @Override
  public Tensor get(Kind kind, long[] shape, String[] names, long[] rows) {
    return Scope.keep(
        Scope.noGrad(
            () -> {
              Tensor tensor = torch.empty(shape);
              fill(tensor, kind, seed, names[0]);
              return compute.cast(tensor);
            }));
  }

  /** Fills a tensor that will be trained as {@link Weights.Kind} says. */
  static void begin(Tensor tensor, Kind kind, long seed, String name) {
    if (kind != Kind.MATRIX) {
      fill(tensor, kind, seed, name);
      return;
    }
    seed(seed, name);
    double bound = 1 / Math.sqrt(tensor.numel() / (double) tensor.size(0));
    torch.uniform_(tensor, -bound, bound);
  }

  private static void seed(long seed, String name) {
    torch.manual_seed(seed * 0x9E3779B97F4A7C15L + name.hashCode());
  }

  /** Fills a tensor that stays as it is. */
  static void fill(Tensor tensor, Kind kind, long seed, String name) {
    seed(seed, name);
    switch (kind) {
      case MATRIX, TABLE -> torch.normal_(tensor, 0.0, 0.02);
      case BIAS, ZERO, SHIFT -> tensor.zero_();
      case SCALE -> tensor.fill_(new Scalar(1.0));
    }
  }
}
