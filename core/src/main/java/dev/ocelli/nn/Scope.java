package dev.ocelli.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * Frees native memory block by block. Every tensor handle made inside a scope is released at its end, except what the block returns, which
 * passes to the scope around it. What autograd still needs stays alive inside libtorch; only the Java handles go.
 *
 * <p>Without a scope a handle lives until the garbage collector happens to run, which doesn't know how much native memory hangs on it.
 */
public final class Scope {
  private Scope() {}

  /** Runs {@code body} in a scope of its own and hands its result to the scope around it (or to the caller, where there is none). */
  public static Tensor of(Supplier<Tensor> body) {
    return all(() -> List.of(body.get())).get(0);
  }

  /** As {@link #of}, for several results. */
  public static List<Tensor> all(Supplier<List<Tensor>> body) {
    PointerScope outer = PointerScope.getInnerScope();
    try (PointerScope scope = new PointerScope()) {
      List<Tensor> results = new ArrayList<>();
      for (Tensor found : body.get()) {
        // A handle of its own: what a tuple or vector hands out is only a reference into it, and dies with it.
        Tensor result = new Tensor(found);
        if (outer != null) {
          outer.attach(result);
        } else {
          result.retainReference();
        }
        results.add(result);
      }
      return results;
    }
  }

  /** Runs {@code body} in a scope of its own. */
  public static void run(Runnable body) {
    try (PointerScope scope = new PointerScope()) {
      body.run();
    }
  }

  /** As {@link #of}, without recording anything for a backward pass. */
  public static Tensor noGrad(Supplier<Tensor> body) {
    return of(
        () -> {
          try (AutoGradMode mode = new AutoGradMode(false)) {
            return body.get();
          }
        });
  }

  /** Takes a tensor out of all scopes, once: its owner closes it by {@link Tensor#close()}. */
  public static Tensor keep(Tensor tensor) {
    // Outside of all scopes, what came by of() counts its one reference already.
    if (PointerScope.getInnerScope() != null || tensor.referenceCount() == 0) {
      tensor.retainReference();
    }
    return tensor;
  }
}
