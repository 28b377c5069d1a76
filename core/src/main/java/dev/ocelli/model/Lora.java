package dev.ocelli.model;

import dev.ocelli.UserError;
import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Low-rank adapters (Hu et al. 2021, "LoRA"): beside a frozen product y = x Wᵀ runs a trained one through a narrow middle.
 *
 * <pre>
 *        x ──────── W (frozen) ────────────── + ── y
 *        └─ dropout ── A [rank, in] ── B [out, rank] ── × alpha / rank ──┘        B begins at zero
 * </pre>
 *
 * Projections that share their input (q, k and v; gate and up) share one product with all their A's; their dropout is drawn once. Names are
 * PEFT's.
 */
public final class Lora {
  /** Names of the projections that can be adapted. */
  public static final Set<String> PROJECTIONS = Set.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

  /**
   * @param alpha strength: the branch is scaled by alpha / rank
   * @param dropout of the branch's input while training
   * @param targets names out of {@link #PROJECTIONS}
   */
  public record Config(int rank, double alpha, double dropout, Set<String> targets) {
    public Config {
      for (String target : targets) {
        if (!PROJECTIONS.contains(target)) {
          throw UserError.of("LoRA can't adapt \"%s\"; it can adapt %s.", target, new java.util.TreeSet<>(PROJECTIONS));
        }
      }
      if (rank < 1) {
        throw UserError.of("LoRA's rank is %d; it must be at least 1.", rank);
      }
    }

    double scale() {
      return alpha / rank;
    }
  }

  /**
   * The adapters on one (perhaps stacked) product.
   *
   * @param a {@code [adapted projections * rank, in]}
   * @param b {@code [out of this projection, rank]} each; null for a projection of the stack that is not adapted
   * @param rows each projection's outputs
   */
  record Adapter(Config config, Tensor a, List<Tensor> b, long[] rows) {}

  /** One layer's adapters, null where there are none. */
  record LayerAdapters(Adapter queryKeyValue, Adapter out, Adapter gateUp, Adapter down) {
    static final LayerAdapters NONE = new LayerAdapters(null, null, null, null);
  }

  private final Config config;
  private final List<LayerAdapters> layers = new ArrayList<>();

  public Lora(Config config, LanguageModel.Config model, Weights weights) {
    this.config = config;
    long d = model.hidden();
    long q = (long) model.heads() * model.headSize();
    long kv = (long) model.keyValueHeads() * model.headSize();
    long wide = model.intermediate();
    for (int i = 0; i < model.layers(); i++) {
      String at = "base_model.model.model.layers." + i + ".";
      layers.add(
          new LayerAdapters(
              adapter(weights, at + "self_attn.", d, new String[] {"q_proj", "k_proj", "v_proj"}, new long[] {q, kv, kv}),
              adapter(weights, at + "self_attn.", q, new String[] {"o_proj"}, new long[] {d}),
              adapter(weights, at + "mlp.", d, new String[] {"gate_proj", "up_proj"}, new long[] {wide, wide}),
              adapter(weights, at + "mlp.", wide, new String[] {"down_proj"}, new long[] {d})));
    }
  }

  private Adapter adapter(Weights weights, String at, long in, String[] projections, long[] rows) {
    List<String> names = new ArrayList<>();
    List<Tensor> b = new ArrayList<>();
    for (int i = 0; i < projections.length; i++) {
      boolean adapted = config.targets().contains(projections[i]);
      b.add(adapted ? weights.get(Weights.Kind.ZERO, at + projections[i] + ".lora_B.weight", rows[i], config.rank()) : null);
      if (adapted) {
        names.add(at + projections[i] + ".lora_A.weight");
      }
    }
    if (names.isEmpty()) {
      return null;
    }
    long[] ranks = new long[names.size()];
    java.util.Arrays.fill(ranks, config.rank());
    Tensor a =
        weights.get(Weights.Kind.MATRIX, new long[] {(long) names.size() * config.rank(), in}, names.toArray(String[]::new), ranks);
    return new Adapter(config, a, b, rows);
  }

  public Config config() {
    return config;
  }

  LayerAdapters layer(int index) {
    return layers.get(index);
  }

  /**
   * @param adapter or null, for none
   * @param y the frozen product {@code [batch, tokens, out]}
   * @param x its input {@code [batch, tokens, in]}
   */
  static Tensor add(Adapter adapter, Tensor y, Tensor x, boolean training) {
    if (adapter == null) {
      return y;
    }
    return Scope.of(
        () -> {
          double dropout = adapter.config.dropout();
          Tensor narrow = torch.linear(training && dropout > 0 ? torch.dropout(x, dropout, true) : x, adapter.a);
          Tensor[] deltas = new Tensor[adapter.b.size()];
          int used = 0;
          for (int i = 0; i < deltas.length; i++) {
            Tensor b = adapter.b.get(i);
            deltas[i] =
                b == null
                    ? torch.zeros(new long[] {y.size(0), y.size(1), adapter.rows[i]}, y.options())
                    : torch.linear(narrow.narrow(-1, (long) used++ * adapter.config.rank(), adapter.config.rank()), b);
          }
          Tensor delta = deltas.length == 1 ? deltas[0] : Tensors.cat(-1, deltas);
          return y.add(delta, new org.bytedeco.pytorch.Scalar(adapter.config.scale()));
        });
  }

  /** W + scale B A in the type of W. */
  static Linear merge(Adapter adapter, Linear linear) {
    if (adapter == null) {
      return linear;
    }
    return new Linear(
        Scope.keep(
            Scope.noGrad(
                () -> {
                  Tensor whole = linear.weight().to(ScalarType.Float).clone();
                  long row = 0;
                  int used = 0;
                  for (int i = 0; i < adapter.rows.length; i++) {
                    Tensor b = adapter.b.get(i);
                    if (b != null) {
                      Tensor a = adapter.a.narrow(0, (long) used++ * adapter.config.rank(), adapter.config.rank());
                      Tensor delta = torch.mm(b.to(ScalarType.Float), a.to(ScalarType.Float));
                      whole.narrow(0, row, adapter.rows[i]).add_(Tensors.scale(delta, adapter.config.scale()));
                    }
                    row += adapter.rows[i];
                  }
                  return whole.to(linear.weight().scalar_type());
                })),
        linear.bias());
  }
}
