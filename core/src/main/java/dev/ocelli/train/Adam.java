package dev.ocelli.train;

import dev.ocelli.nn.Operators;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Adam or AdamW over the flat buffers of {@link Parameters}, one fused call a block. Gradients are clipped in the same call. */
public final class Adam implements AutoCloseable {
  private final Parameters parameters;
  private final boolean decoupled;
  private final double decay;
  private final Map<String, Double> rates;
  private final Tensor first;
  private final Tensor second;
  private long steps;

  /**
   * @param kind adam or adamw
   * @param rates of each part
   */
  public Adam(Parameters parameters, String kind, double decay, Map<String, Double> rates) {
    this.parameters = parameters;
    this.decoupled = kind.equals("adamw");
    this.decay = decay;
    this.rates = rates;
    first = Scope.keep(parameters.compute().place(Tensors.zeros(ScalarType.Float, parameters.master().numel())));
    second = Scope.keep(parameters.compute().place(Tensors.zeros(ScalarType.Float, parameters.master().numel())));
  }

  /**
   * Moves all parameters along their gradients.
   *
   * @param factor on all rates
   * @param limit gradients whose norm is longer count as if it were this; 0 for none
   * @param norm of all gradients
   */
  public void step(double factor, double limit, double norm) {
    steps++;
    double scale = limit > 0 && norm > limit ? limit / (norm + 1e-6) : 1;
    Scope.run(
        () -> {
          // The fused kernel wants them where the parameters are.
          Tensor count = scalar(steps);
          Tensor divisor = scale == 1 ? null : scalar(1 / scale);
          for (Parameters.Range block : parameters.blocks()) {
            Scope.run(() -> step(block, count, divisor, rates.get(block.part()) * factor));
            // While it is in the cache.
            parameters.refresh(block.start(), block.end());
          }
        });
  }

  private void step(Parameters.Range block, Tensor count, Tensor divisor, double rate) {
    Operators.adam(
        decoupled,
        List.of(part(parameters.master(), block)),
        List.of(parameters.gradient(block.start(), block.end())),
        List.of(part(first, block)),
        List.of(part(second, block)),
        List.of(count),
        rate,
        0.9,
        0.999,
        decay,
        1e-8,
        divisor);
  }

  private Tensor scalar(double value) {
    return parameters.compute().place(Tensors.zeros(ScalarType.Float).fill_(new Scalar(value)));
  }

  /** Running mean of the gradients, fp32, as long as all parameters. */
  Tensor first() {
    return first;
  }

  /** Running mean of their squares. */
  Tensor second() {
    return second;
  }

  long steps() {
    return steps;
  }

  void resumeAt(long step) {
    steps = step;
  }

  private static Tensor part(Tensor whole, Parameters.Range range) {
    return whole.narrow(0, range.start(), range.end() - range.start());
  }

  @Override
  public void close() {
    first.close();
    second.close();
  }
}
