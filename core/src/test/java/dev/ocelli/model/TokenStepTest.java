package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.nn.BlockFormat;
import dev.ocelli.nn.BlockMatrix;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Crew;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.Set;
import java.util.function.BiConsumer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Decoding over quantised weights against the plain model over the numbers that they stand for. Those quantise to themselves, so that
 * prompts, which go through plain weights, fit too.
 */
class TokenStepTest {
  @ParameterizedTest
  @CsvSource({"llama,INT4", "llama-tied,INT4", "qwen3,INT4", "llama,INT8", "llama-tied,INT8", "qwen3,INT8", "llama,BF16", "llama-tied,BF16", "qwen3,BF16",
      "llama,FP32", "llama-tied,FP32", "qwen3,FP32"})
  void decodingIsThatOfTheDequantisedModel(String name, BlockFormat format) {
    each(name, format, (plain, quantised) -> {
      for (int prompt : new int[] {1, 3, 6}) {
        LanguageModelTest.assertCachedIsWhole(quantised, ids, scores(plain, null), prompt);
      }
    });
  }

  @ParameterizedTest
  @CsvSource({"llama,INT4", "llama-tied,INT8", "qwen3,INT4", "llama,BF16", "llama,FP32"})
  void textsOfDifferentLengthsDecodeTogether(String name, BlockFormat format) {
    each(name, format, (plain, quantised) -> LanguageModelTest.assertTogetherIsAlone(quantised, ids, scores(plain, null)));
  }

  @ParameterizedTest
  @CsvSource({"llama,INT4", "qwen3,INT8", "llama-tied,BF16", "qwen3,FP32"})
  void adaptersActBesideQuantisedWeights(String name, BlockFormat format) {
    each(name, format, (plain, quantised) -> {
      Set<String> targets = Set.of("q_proj", "v_proj", "o_proj", "up_proj", "down_proj");
      Lora lora = new Lora(new Lora.Config(3, 6, 0, targets), plain.config(), filled());
      Tensor whole = scores(plain, lora).narrow(0, 0, 1);
      assertThat(error(whole, scores(plain, null).narrow(0, 0, 1))).isGreaterThan(1e-2);
      assertThat(error(tokenByToken(quantised, lora), whole)).isLessThan(1e-5);
      // Merged into what prompts go through, beside what single tokens go through.
      assertThat(error(tokenByToken(quantised.merged(lora), null), whole)).isLessThan(1e-5);
      assertThat(error(tokenByToken(quantised, null), scores(plain, null).narrow(0, 0, 1))).isLessThan(1e-5);
    });
  }

  @ParameterizedTest
  @CsvSource({"llama,INT4", "llama,INT8", "llama,BF16", "llama,FP32"})
  void anotherCodeShows(String name, BlockFormat format) {
    each(name, format, (plain, quantised) -> {
      Tensor before = tokenByToken(quantised, null);
      plain.layers().get(0).down().weight().select(0, 1).select(0, 2).mul_(new org.bytedeco.pytorch.Scalar(-1.0));
      try (Crew crew = new Crew(2)) {
        assertThat(error(tokenByToken(plain.withTokenStep(format, crew), null), before)).isGreaterThan(1e-4);
      }
    });
  }

  private Tensor ids;

  private void each(String name, BlockFormat format, BiConsumer<LanguageModel, LanguageModel> test) {
    try (Golden golden = Golden.open(name);
        Crew crew = new Crew(2)) {
      Scope.run(
          () -> {
            ids = golden.in("ids");
            LanguageModel plain = LanguageModelTest.model(golden.config(), dequantised(golden.frozen(Compute.FP32), format));
            test.accept(plain, plain.withTokenStep(format, crew));
          });
    }
  }

  private static Weights dequantised(Weights source, BlockFormat format) {
    return (kind, shape, names, rows) -> {
      Tensor exact = source.get(kind, shape, names, rows);
      boolean head = kind == Weights.Kind.TABLE || names[0].startsWith("lm_head");
      if (kind != Weights.Kind.MATRIX && !head) {
        return exact;
      }
      return Tensors.of(BlockMatrix.of(exact, head && format == BlockFormat.INT4 ? BlockFormat.INT8 : format).values(), shape);
    };
  }

  /** Adapters that do something: B is filled too. */
  private static Weights filled() {
    Weights random = new RandomWeights(4, Compute.FP32);
    return (kind, shape, names, rows) -> Tensors.scale(random.get(Weights.Kind.MATRIX, shape, names, rows), 10);
  }

  private Tensor scores(LanguageModel model, Lora lora) {
    return model.logits(model.forward(model.embed(ids), lora, false, null));
  }

  private Tensor tokenByToken(LanguageModel model, Lora lora) {
    Tensor text = model.embed(ids).narrow(0, 0, 1);
    Tensor[] steps = new Tensor[(int) text.size(1)];
    try (KeyValueCache cache = new KeyValueCache(model.config(), Compute.FP32, 1, steps.length)) {
      for (int i = 0; i < steps.length; i++) {
        steps[i] = model.forward(text.narrow(1, i, 1), lora, false, cache);
      }
    }
    return model.logits(Tensors.cat(1, steps));
  }

  private static double error(Tensor seen, Tensor right) {
    return seen.sub(right).norm().item_double() / right.norm().item_double();
  }
}
