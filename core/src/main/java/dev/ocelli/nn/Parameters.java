package dev.ocelli.nn;

import dev.ocelli.UserError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Everything that is trained, in a few flat buffers: clipping and the optimiser go through long stretches, and a checkpoint is one call.
 *
 * <pre>
 *   master    fp32       | matrices and biases, part by part  | norms and tables, part by part |
 *   shadow    bf16       | the same                           |
 *   shadow's gradient    | bf16                               |
 *   master's gradient    |                                    | fp32                           |
 *   earlier gradients    | fp32                               |
 * </pre>
 *
 * In bf16 the leaves of autograd are views of the shadow, where there is one, and of the master elsewhere; in fp32 there is no shadow. Between
 * micro-batches the shadow's gradient is added to earlier ones in fp32, so accumulation loses nothing; a step of one micro-batch has none.
 */
public final class Parameters implements AutoCloseable {
  /**
   * One named tensor of a file.
   *
   * @param part which rate it learns at
   * @param master its fp32 values, a view
   */
  public record Named(String name, String part, Tensor master) {}

  /** A stretch of the flat buffers that belongs to one part. */
  public record Range(String part, long start, long end) {}

  private static final long NORM_ROW = 4096;
  private static final long BLOCK = 1 << 18;

  private record Spec(Weights.Kind kind, long[] shape, String[] names, long[] rows, String part, long start, boolean shadowed) {
    long elements() {
      long n = 1;
      for (long d : shape) {
        n *= d;
      }
      return n;
    }
  }

  private final Compute compute;
  private final Map<String, Spec> specs = new LinkedHashMap<>();
  private final Map<String, Tensor> leaves = new LinkedHashMap<>();
  private final List<Range> ranges = new ArrayList<>();
  private final Tensor master;
  private final Tensor gradient; // of what has no shadow
  private final Tensor shadow; // null in fp32
  private final Tensor shadowGradient;
  private final long shadowed;
  private Tensor earlier; // gradients of the shadowed; null before a step has a second micro-batch
  private boolean gathered; // whether this step has earlier ones
  private final List<Tensor> owned = new ArrayList<>();

  /**
   * Learns from {@code constructors} which tensors there are (they run once here, with empty tensors) and lays out the buffers, zeroed.
   *
   * @param partOf the part of a name, such as "projector"
   */
  public Parameters(Compute compute, Function<String, String> partOf, Consumer<Weights> constructors) {
    this.compute = compute;
    List<Spec> recorded = new ArrayList<>();
    constructors.accept(
        (kind, shape, names, rows) -> {
          boolean shadowed = compute.type() == ScalarType.BFloat16 && switch (kind) {
                case MATRIX, BIAS, ZERO -> true;
                case SCALE, SHIFT, TABLE -> false;
              };
          recorded.add(new Spec(kind, shape.clone(), names.clone(), rows.clone(), partOf.apply(names[0]), 0, shadowed));
          return new Tensor();
        });
    List<String> parts = recorded.stream().map(Spec::part).distinct().toList();
    long end = 0;
    long shadowEnd = 0;
    for (boolean shadowed : new boolean[] {true, false}) {
      for (String part : parts) {
        long start = end;
        for (Spec s : recorded) {
          if (s.shadowed == shadowed && s.part.equals(part)) {
            specs.put(s.names[0], new Spec(s.kind, s.shape, s.names, s.rows, part, end, shadowed));
            end += s.elements();
          }
        }
        if (end > start) {
          ranges.add(new Range(part, start, end));
        }
      }
      shadowEnd = shadowed ? end : shadowEnd;
    }
    master = own(compute.place(Tensors.zeros(ScalarType.Float, end)));
    shadowed = shadowEnd;
    gradient = own(compute.place(Tensors.zeros(ScalarType.Float, end - shadowed)));
    shadow = shadowEnd == 0 ? null : own(compute.place(Tensors.zeros(ScalarType.BFloat16, shadowEnd)));
    shadowGradient = shadowEnd == 0 ? null : own(compute.place(Tensors.zeros(ScalarType.BFloat16, shadowEnd)));
    for (Spec s : specs.values()) {
      leaves.put(s.names[0], own(leaf(s)));
    }
  }

  /** What model constructors take: the leaves that autograd differentiates by. */
  public Weights weights() {
    return (kind, shape, names, rows) -> leaves.get(names[0]);
  }

  /**
   * Fills everything: from {@code source} where it has a tensor of that name (fp32, any shape with as many elements), else at random from
   * the seed, as {@link Weights.Kind} says.
   *
   * @return the names that {@code source} did not have
   */
  public List<String> initialise(long seed, Function<String, Tensor> source) {
    List<String> random = new ArrayList<>();
    Scope.run(
        () -> {
          for (Spec s : specs.values()) {
            for (int i = 0; i < s.names.length; i++) {
              String name = s.names[i];
              Tensor target = view(s, i).detach();
              Tensor given = source.apply(name);
              if (given == null) {
                RandomWeights.begin(target, s.kind, seed, name);
                random.add(name);
              } else if (given.numel() != target.numel()) {
                throw UserError.of(
                    "%s: the weights to begin from have shape %s, the model needs %s. Give it the sizes of their config.json.",
                    name, Arrays.toString(Tensors.shape(given)), Arrays.toString(Tensors.shape(target)));
              } else {
                target.copy_(given.reshape(Tensors.shape(target)));
              }
            }
          }
        });
    refresh();
    return random;
  }

  /** All tensors under their names in files. */
  public List<Named> named() {
    List<Named> all = new ArrayList<>();
    for (Spec s : specs.values()) {
      for (int i = 0; i < s.names.length; i++) {
        all.add(new Named(s.names[i], s.part, view(s, i)));
      }
    }
    return all;
  }

  public List<Range> ranges() {
    return List.copyOf(ranges);
  }

  /**
   * The ranges cut into stretches that a CPU's cache holds, with all that the optimiser has of them, so that what is done to one by several calls
   * goes through memory once. A GPU gets the ranges whole.
   */
  public List<Range> blocks() {
    List<Range> blocks = new ArrayList<>();
    for (Range range : ranges) {
      long size = compute.device().equals("cpu") ? BLOCK : range.end - range.start;
      for (long start = range.start; start < range.end; start += size) {
        blocks.add(new Range(range.part, start, Math.min(range.end, start + size)));
      }
    }
    return blocks;
  }

  /** All values, fp32 {@code [elements]}. */
  public Tensor master() {
    return master;
  }

  /** All gradients of this step, fp32 {@code [elements]}, a copy. */
  public Tensor gradient() {
    return shadow == null ? gradient.clone() : Tensors.cat(0, gradient(0, shadowed), gradient);
  }

  /** Those of a stretch within a {@link Range}, fp32 {@code [end - start]}. What is done to it ends with the step. */
  public Tensor gradient(long start, long end) {
    if (start >= shadowed) {
      return gradient.narrow(0, start - shadowed, end - start);
    }
    Tensor last = shadowGradient.narrow(0, start, end - start).to(ScalarType.Float);
    return gathered ? last.add_(earlier.narrow(0, start, end - start)) : last;
  }

  /** Between the micro-batches of a step: puts the bf16 gradients so far aside, in fp32. */
  public void gatherGradients() {
    if (shadow != null) {
      if (earlier == null) {
        earlier = own(compute.place(Tensors.zeros(ScalarType.Float, shadowed)));
      }
      Scope.run(
          () -> {
            if (gathered) {
              earlier.add_(shadowGradient);
            } else {
              earlier.copy_(shadowGradient);
            }
            shadowGradient.zero_();
          });
      gathered = true;
    }
  }

  /** Begins a step. */
  public void zeroGradients() {
    gathered = false;
    Scope.run(
        () -> {
          gradient.zero_();
          if (shadow != null) {
            shadowGradient.zero_();
          }
        });
  }

  /**
   * The Euclidean norm of all gradients, from norms of short rows: over one long fp32 buffer libtorch adds so many squares to the same few sums
   * that the small ones are lost, and the norm of 24 million numbers comes out 1% low.
   */
  public double gradientNorm() {
    double[] squares = new double[1];
    for (Range block : blocks()) {
      Scope.run(() -> squares[0] += Math.pow(norm(gradient(block.start, block.end)).item_double(), 2));
    }
    return Math.sqrt(squares[0]);
  }

  private static Tensor norm(Tensor flat) {
    long whole = flat.numel() / NORM_ROW * NORM_ROW;
    Tensor rows = flat.narrow(0, 0, whole).view(-1, NORM_ROW).norm(new ScalarOptional(new Scalar(2.0)), new long[] {1}, false);
    return Tensors.cat(0, rows, flat.narrow(0, whole, flat.numel() - whole).norm().view(1)).norm();
  }

  /** Casts the master values into the shadow; to be called whenever the master has changed. */
  public void refresh() {
    refresh(0, master.numel());
  }

  /** The same for a stretch of them, of which all, a part or nothing has a shadow. */
  public void refresh(long start, long end) {
    long count = Math.min(end, shadowed) - start;
    if (count > 0) {
      Scope.run(() -> shadow.narrow(0, start, count).copy_(master.narrow(0, start, count)));
    }
  }

  public Compute compute() {
    return compute;
  }

  @Override
  public void close() {
    owned.forEach(Tensor::close);
  }

  private Tensor leaf(Spec s) {
    return Scope.of(
        () -> {
          Tensor values = (s.shadowed ? shadow : master).narrow(0, s.start, s.elements()).view(s.shape).detach();
          Tensor slope = (s.shadowed ? shadowGradient.narrow(0, s.start, s.elements()) : gradient.narrow(0, s.start - shadowed, s.elements())).view(s.shape);
          values.set_requires_grad(true);
          values.mutable_grad().put(slope);
          return values;
        });
  }

  private Tensor view(Spec s, int index) {
    long before = 0;
    for (int i = 0; i < index; i++) {
      before += s.rows[i];
    }
    return master.narrow(0, s.start, s.elements()).view(s.shape).narrow(0, before, s.rows[index]);
  }

  private Tensor own(Tensor tensor) {
    owned.add(Scope.keep(tensor));
    return tensor;
  }
}
