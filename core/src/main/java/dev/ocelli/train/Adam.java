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

/** Adam or AdamW over the flat buffers of {@link Parameters}: one fused call a part and step. */
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

  /** Moves all parameters along their gradients. */
  public void step(double factor) {
    steps++;
    Scope.run(
        () -> {
          // The fused kernel wants it where the parameters are.
          Tensor count = parameters.compute().place(Tensors.zeros(ScalarType.Float).fill_(new Scalar((double) steps)));
          for (Parameters.Range range : parameters.ranges()) {
            Operators.adam(
                decoupled,
                List.of(part(parameters.master(), range)),
                List.of(part(parameters.gradient(), range)),
                List.of(part(first, range)),
                List.of(part(second, range)),
                List.of(count),
                rates.get(range.part()) * factor,
                0.9,
                0.999,
                decay,
                1e-8);
          }
        });
    parameters.refresh();
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
