package dev.ocelli.train;

import dev.ocelli.UserError;
import dev.ocelli.model.LanguageModel;
import dev.ocelli.nn.BlockFormat;
import dev.ocelli.nn.BlockKernel;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.VectorRegisters;
import java.util.Locale;

/** In what form answers read the language model's weights: the fewer bits, the faster. */
public enum DecodingWeights {
  /** As they are, in the run's precision. */
  BF16,
  INT8,
  INT4;

  /** By its name in a recipe. */
  static DecodingWeights of(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }

  /** How single tokens read the weights of {@code model}; null where they are libtorch's matter, like whole prompts. */
  BlockFormat format(LanguageModel model, Compute compute) {
    BlockFormat format = format(compute);
    if (this != BF16) {
      return format;
    }
    // A second copy, in Java's memory: only where it leaves most of that free. Other runs in this process may have theirs already.
    Runtime java = Runtime.getRuntime();
    long free = java.maxMemory() - (java.totalMemory() - java.freeMemory());
    return model.parameters() * (format == BlockFormat.BF16 ? 2 : 4) < free / 3 && possible(compute) ? format : null;
  }

  /** Before the model is read: single tokens will probably go through {@link BlockKernel}. */
  void expect(Compute compute) {
    if (possible(compute)) {
      BlockKernel.warmUp(format(compute));
    }
  }

  private BlockFormat format(Compute compute) {
    return switch (this) {
      case BF16 -> compute.precision().equals("bf16") ? BlockFormat.BF16 : BlockFormat.FP32;
      case INT8 -> BlockFormat.INT8;
      case INT4 -> BlockFormat.INT4;
    };
  }

  private static boolean possible(Compute compute) {
    return compute.device().equals("cpu") && VectorRegisters.wide();
  }

  /** Refuses what can't be had here. */
  void check(Compute compute) {
    if (this == BF16) {
      return;
    }
    if (!compute.device().equals("cpu")) {
      throw UserError.of("Weights in %s are for the CPU, but the run's device is %s. Choose bf16.", this, compute.device());
    }
    if (!VectorRegisters.wide()) {
      throw UserError.of(
          "Weights in %s need a processor with AVX2 or better, and java's option --add-modules jdk.incubator.vector, which ./ocelli gives."
              + " Choose bf16.",
          this);
    }
  }

  /** Itself, or plain weights where it can't be had: what a recipe says must work on other machines too. */
  DecodingWeights orPlain(Compute compute) {
    return possible(compute) ? this : BF16;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
