package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The real stages through the real loop. */
class StagesTest {
  @TempDir Path folder;

  private static Stage<?> stage(TinyRun run, String name) {
    return name.equals("vlm") ? run.caption() : run.qformer();
  }

  /** Stage 1 with all objectives, in micro-batches. */
  private TinyRun run(String name, String precision, String... changes) {
    List<String> all = new ArrayList<>(List.of(changes));
    if (name.equals("mixture")) {
      all.addAll(List.of("stage1.objectives.itm=1", "stage1.objectives.itg=0.5", "stage1.batch=6", "stage1.micro_batch=4"));
      all.addAll(List.of("qformer.apart=true", "stage1.similarity=whole"));
    }
    return new TinyRun(folder, Compute.of(precision, "cpu"), all.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource({"qformer,fp32", "qformer,bf16", "mixture,fp32", "mixture,bf16", "vlm,fp32", "vlm,bf16"})
  void lossesGoDown(String name, String precision) {
    try (TinyRun run = run(name, precision, "stage1.passes=80", "stage2.passes=40", "stage1.evaluate=40", "stage2.evaluate=40");
        Stage<?> stage = stage(run, name)) {
      Trainer.Result result = run.train(stage, "down", () -> false);
      List<Double> losses = run.losses("down");
      double first = mean(losses.subList(0, 6));
      double last = mean(losses.subList(losses.size() - 6, losses.size()));
      System.out.printf("%s %s: loss from %.3f to %.3f in %d steps%n", name, precision, first, last, losses.size());
      assertThat(result.finished()).isTrue();
      assertThat(losses).hasSize((int) stage.settings().steps()).allMatch(Double::isFinite);
      assertThat(last).isLessThan(0.8 * first);
    }
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  /** With dropout, whose masks must be those of the uninterrupted run. */
  @ParameterizedTest
  @CsvSource({"qformer,fp32,1", "qformer,bf16,7", "mixture,fp32,5", "vlm,fp32,1", "vlm,bf16,7", "vlm,fp32,17"})
  void aStoppedRunGoesOnAsIfNothingHadHappened(String name, String precision, int stopAfter) {
    // What comes before the first step asks whether to stop, too (GlanceStartTest).
    try (TinyRun run = run(name, precision, "qformer.dropout=0.2", "stage2.lora.dropout=0.2", "stage1.glance.passes=0")) {
      float[] whole;
      try (Stage<?> stage = stage(run, name)) {
        Trainer.Result result = run.train(stage, "whole", () -> false);
        whole = Tensors.floats(stage.parameters().master());
        assertThat(result.finished()).isTrue();
      }
      try (Stage<?> stage = stage(run, name)) {
        AtomicInteger steps = new AtomicInteger();
        Trainer.Result result = run.train(stage, "halves", () -> steps.incrementAndGet() == stopAfter);
        assertThat(result.finished()).isFalse();
        assertThat(result.steps()).isEqualTo(stopAfter);
        assertThat(Tensors.floats(stage.parameters().master())).isNotEqualTo(whole);
      }
      try (Stage<?> stage = stage(run, name)) {
        assertThat(run.train(stage, "halves", () -> false).finished()).isTrue();
        assertThat(run.losses("halves")).isEqualTo(run.losses("whole"));
        assertThat(Tensors.floats(stage.parameters().master())).isEqualTo(whole);
      }
    }
  }

  /** One photo is always found among one, so every score is 100. */
  @Test
  void ofEqualScoresTheLastModelIsTheBest() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, "stage1.evaluate=2");
        QFormerStage stage = run.qformer(run.validation.with(run.validation.photos().subList(0, 1)))) {
      Trainer.Result result = run.train(stage, "one", () -> false);
      assertThat(result.bestScore()).isEqualTo(100);
      assertThat(result.bestStep()).isEqualTo(result.steps());
    }
  }

  @Test
  void dropoutMattersForTheTestAbove() {
    try (TinyRun plain = new TinyRun(folder, Compute.FP32);
        TinyRun dropping = new TinyRun(folder, Compute.FP32, "qformer.dropout=0.2");
        Stage<?> one = plain.qformer();
        Stage<?> other = dropping.qformer()) {
      plain.train(one, "plain", () -> false);
      dropping.train(other, "dropping", () -> false);
      assertThat(plain.losses("plain")).isNotEqualTo(plain.losses("dropping"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "bf16"})
  void theLanguageModelStaysAsItWas(String precision) {
    try (TinyRun run = new TinyRun(folder, Compute.of(precision, "cpu"));
        CaptionStage stage = run.caption()) {
      Map<String, float[]> before = values(run.frozen);
      float[] answer = answer(run);
      run.train(stage, "run", () -> false);
      values(run.frozen).forEach((name, after) -> assertThat(after).as(name).containsExactly(before.get(name)));
      assertThat(before).hasSizeGreaterThan(10);
      assertThat(answer(run)).containsExactly(answer);
    }
  }

  private static Map<String, float[]> values(Map<String, Tensor> tensors) {
    Map<String, float[]> values = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> values.put(name, Tensors.floats(tensor)));
    return values;
  }

  /** What the language model says to a few words, without adapters. */
  private static float[] answer(TinyRun run) {
    float[][] answer = new float[1][];
    Scope.run(
        () -> {
          Tensor words = run.language.model().embed(Tensors.of(new int[] {5, 9, 40, 2}, 1, 4));
          answer[0] = Tensors.floats(run.language.model().logits(run.language.model().forward(words, null, false, null)));
        });
    return answer[0];
  }

  @Test
  void aPartAtRateNothingStaysAsItWas() {
    // Where queries are kept apart, stage 2 has no use for what their self-attention asks and is asked.
    String[] settings = {"stage2.rates.projector=0", "stage1.learn_temperature=false", "qformer.apart=false"};
    try (TinyRun run = new TinyRun(folder, Compute.FP32, settings);
        CaptionStage caption = run.caption();
        QFormerStage qformer = run.qformer()) {
      changes(run, caption, "caption").forEach(
          (name, changed) -> assertThat(changed).as(name).isEqualTo(!name.startsWith("projector.")));
      changes(run, qformer, "qformer").forEach((name, changed) -> assertThat(changed).as(name).isEqualTo(!name.equals("logit_scale")));
    }
  }

  private static <B> Map<String, Boolean> changes(TinyRun run, Stage<B> stage, String name) {
    Map<String, float[]> before = StepGolden.values(stage.parameters());
    run.train(stage, name, () -> false);
    Map<String, Boolean> changed = new LinkedHashMap<>();
    StepGolden.values(stage.parameters()).forEach((tensor, after) -> changed.put(tensor, !Arrays.equals(before.get(tensor), after)));
    return changed;
  }

  /** Clipping must not see what isn't trained: with a fixed temperature nothing pulls at it. */
  @Test
  void aFixedTemperatureHasNoGradient() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, "stage1.learn_temperature=false");
        QFormerStage stage = run.qformer()) {
      Scope.run(() -> stage.run(stage.prepare(0), 0));
      Parameters.Range fixed = stage.parameters().ranges().stream().filter(r -> r.part().equals(QFormerStage.FIXED)).findFirst().orElseThrow();
      float[] gradient = Tensors.floats(stage.parameters().gradient());
      assertThat(Arrays.copyOfRange(gradient, (int) fixed.start(), (int) fixed.end())).containsOnly(0f);
      assertThat(stage.parameters().gradientNorm()).isPositive();
    }
  }

  @Test
  void batchesDoNotDependOnWhatWasPreparedBefore() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, "stage2.prompt_per=pair");
        QFormerStage qformer = run.qformer();
        CaptionStage caption = run.caption()) {
      sameInAnyOrder(qformer, b -> Arrays.toString(b.photos()) + Arrays.toString(b.text().ids()) + b.features().flip().hashCode());
      sameInAnyOrder(caption, batches -> batches.stream().map(b -> text(b.examples()) + b.features().flip().hashCode()).toList().toString());
    }
  }

  @Test
  void allCaptionsOfAPhotoMayBeSaidAtOnce() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, "stage2.captions_at_once=2");
        TinyRun single = new TinyRun(folder, Compute.FP32, "stage2.captions_at_once=1");
        CaptionStage two = run.caption();
        CaptionStage one = single.caption()) {
      assertThat(two.settings().steps()).isEqualTo(one.settings().steps());
      sameInAnyOrder(two, batches -> batches.stream().map(b -> text(b.examples())).toList().toString());
      Function<int[], String> ids = Arrays::toString;
      Set<Set<String>> captions = new HashSet<>();
      run.train.photos().forEach(p -> captions.add(p.captions().stream().map(run.language::answer).map(ids).collect(Collectors.toSet())));
      for (CaptionStage.Batch batch : two.prepare(0)) {
        batch.examples().forEach(e -> assertThat(e.others()).hasSize(1));
        batch.examples().forEach(e -> assertThat(captions).contains(Set.of(ids.apply(e.answer()), ids.apply(e.others().get(0)))));
      }
      int answered = two.prepare(0).stream().flatMap(b -> b.examples().stream()).mapToInt(Vlm.Example::answered).sum();
      assertThat(answered).isGreaterThan(one.prepare(0).stream().flatMap(b -> b.examples().stream()).mapToInt(Vlm.Example::answered).sum());
    }
  }

  private static <B> void sameInAnyOrder(Stage<B> stage, Function<B, String> text) {
    int steps = (int) stage.settings().steps();
    String[] forward = new String[steps];
    for (int step = 0; step < steps; step++) {
      forward[step] = text.apply(stage.prepare(step));
    }
    for (int step = steps - 1; step >= 0; step--) {
      assertThat(text.apply(stage.prepare(step))).isEqualTo(forward[step]);
    }
    assertThat(forward).doesNotHaveDuplicates();
  }

  private static String text(List<Vlm.Example> examples) {
    StringBuilder text = new StringBuilder();
    for (Vlm.Example e : examples) {
      text.append(Arrays.toString(e.before())).append(Arrays.toString(e.after())).append(Arrays.toString(e.answer()));
      e.others().forEach(other -> text.append(Arrays.toString(other)));
      e.more().forEach(turn -> text.append(Arrays.toString(turn.words())).append(Arrays.toString(turn.answer())));
    }
    return text.toString();
  }

  @Test
  void aCheckpointOfAnotherLayoutIsRefused() throws Exception {
    try (TinyRun run = new TinyRun(folder, Compute.FP32);
        TinyRun wider = new TinyRun(folder, Compute.FP32, "stage2.lora.rank=4");
        TinyRun lower = new TinyRun(folder, Compute.BF16)) {
      try (Stage<?> stage = run.caption()) {
        run.train(stage, "run", () -> true);
      }
      for (TinyRun other : List.of(wider, lower)) {
        try (Stage<?> stage = other.caption()) {
          assertThatThrownBy(() -> other.train(stage, "run", () -> false)).isInstanceOf(UserError.class).hasMessageContaining("another shape");
        }
      }
      Path state = folder.resolve("run/state.safetensors");
      Files.write(state, Arrays.copyOf(Files.readAllBytes(state), (int) Files.size(state) / 2));
      try (Stage<?> stage = run.caption()) {
        assertThatThrownBy(() -> run.train(stage, "run", () -> false)).isInstanceOf(UserError.class).hasMessageContaining("state.safetensors");
      }
    }
  }

  @Test
  void aBrokenDownRunSaysSo() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, "stage2.rates.projector=1e30", "stage2.rates.lora=1e30", "stage2.warmup=0");
        Stage<?> stage = run.caption()) {
      assertThatThrownBy(() -> run.train(stage, "run", () -> false)).isInstanceOf(UserError.class).hasMessageContaining("broke down at step");
    }
  }
}
