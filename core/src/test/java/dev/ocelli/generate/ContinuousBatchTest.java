package dev.ocelli.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ocelli.model.LanguageModel;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.BlockFormat;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Crew;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Answers written together are those that each prompt gets alone, whoever joins and leaves meanwhile. */
class ContinuousBatchTest {
  private static final int HIDDEN = 16;

  private static Tokenizer tokenizer;
  private static Vlm vlm;
  private static Tensor picture;

  @BeforeAll
  static void open() throws IOException {
    Path metadata = Path.of("src/test/resources/goldens/text/tiny_gguf.json");
    tokenizer = Tokenizer.fromGguf(new JsonMapper().readValue(metadata.toFile(), new TypeReference<Map<String, Object>>() {}));
    LanguageModel.Config config =
        new LanguageModel.Config(tokenizer.vocabularySize(), HIDDEN, 2, 4, 2, 4, 24, 1e-5, 10000, true, false, 256);
    RandomWeights random = new RandomWeights(5, Compute.FP32);
    LanguageModel language =
        new LanguageModel(
            config,
            (kind, shape, names, rows) -> {
              Tensor tensor = random.get(kind, shape, names, rows);
              // Far from the usual start, so that what is said depends on what was said; and numbers that bf16 has.
              Scope.run(() -> tensor.mul_(new Scalar(10.0)).copy_(tensor.to(ScalarType.BFloat16)));
              return tensor;
            });
    vlm = new Vlm(null, null, language, null, Compute.FP32);
    float[] seen = new float[3 * HIDDEN];
    for (int i = 0; i < seen.length; i++) {
      seen[i] = (float) Math.sin(i);
    }
    picture = Scope.keep(Tensors.of(seen, 1, 3, HIDDEN));
  }

  @AfterAll
  static void close() {
    picture.close();
    tokenizer.close();
  }

  private static final class Heard implements ContinuousBatch.Listener {
    final StringBuilder text = new StringBuilder();
    ContinuousBatch.End end;
    int tokens;

    @Override
    public void piece(String piece) {
      assertThat(end).isNull();
      text.append(piece);
    }

    @Override
    public void end(ContinuousBatch.End how, int count) {
      assertThat(end).isNull();
      end = how;
      tokens = count;
    }
  }

  private static SamplingSettings settings(int maxTokens, double temperature, List<String> stop) {
    return new SamplingSettings(maxTokens, temperature, 0, 1, 1, stop, 7);
  }

  /** Prompt i: of another length each, every second one with the picture in it. */
  private static ContinuousBatch.Prompt prompt(int i, SamplingSettings settings, Heard heard) {
    int[] words = new int[2 + i];
    for (int j = 0; j < words.length; j++) {
      words[j] = (7 + 13 * i + 5 * j) % tokenizer.vocabularySize();
    }
    return i % 2 == 0
        ? new ContinuousBatch.Prompt(List.of(words), List.of(), settings, heard)
        : new ContinuousBatch.Prompt(List.of(words, new int[] {3, 4}), List.of(picture), settings, heard);
  }

  /** Greedy, by the whole forward pass over everything for each token: no cache, no batch. */
  private static String plainly(ContinuousBatch.Prompt prompt, int end) {
    List<Integer> said = new ArrayList<>();
    Scope.run(
        () -> {
          List<Tensor> parts = new ArrayList<>();
          for (int i = 0; i < prompt.words().size(); i++) {
            int[] words = prompt.words().get(i);
            parts.add(vlm.language().embed(Tensors.of(words, 1, words.length)));
            if (i < prompt.pictures().size()) {
              parts.add(prompt.pictures().get(i));
            }
          }
          while (said.size() < prompt.settings().maxTokens()) {
            Tensor hidden = vlm.language().forward(Tensors.cat(1, parts.toArray(Tensor[]::new)), null, false, null);
            float[] scores = Tensors.floats(vlm.language().logits(hidden.select(1, hidden.size(1) - 1)));
            int best = 0;
            for (int t = 1; t < scores.length; t++) {
              best = scores[t] > scores[best] ? t : best;
            }
            said.add(best);
            if (best == end) {
              break;
            }
            parts.add(vlm.language().embed(Tensors.of(new int[] {best}, 1, 1)));
          }
        });
    return tokenizer.decode(said.stream().mapToInt(Integer::intValue).toArray(), true);
  }

  private static void run(ContinuousBatch batch) {
    while (batch.size() > 0) {
      batch.step();
    }
  }

  @Test
  void joiningAndLeavingChangesNoAnswer() {
    int end = tokenizer.id("<|im_end|>");
    try (ContinuousBatch batch = new ContinuousBatch(vlm, tokenizer, end)) {
      List<Heard> heard = new ArrayList<>();
      List<ContinuousBatch.Prompt> prompts = new ArrayList<>();
      for (int i = 0; i < 7; i++) {
        heard.add(new Heard());
        prompts.add(prompt(i, settings(4 + 5 * (i % 3), 0, List.of()), heard.get(i)));
      }
      batch.join(prompts.subList(0, 3));
      batch.step();
      batch.step();
      batch.join(prompts.subList(3, 4));
      batch.step();
      batch.drop(heard.get(1));
      batch.step();
      batch.join(prompts.subList(4, 7));
      run(batch);
      assertThat(batch.bytes()).isZero();
      for (int i = 0; i < 7; i++) {
        if (i == 1) {
          assertThat(heard.get(i).end).as("dropped").isNull();
        } else {
          assertThat(heard.get(i).text).as("prompt " + i).hasToString(plainly(prompts.get(i), end));
          assertThat(heard.get(i).end).isEqualTo(heard.get(i).tokens < prompts.get(i).settings().maxTokens()
              ? ContinuousBatch.End.STOP : ContinuousBatch.End.LENGTH);
        }
      }
      assertThat(heard.stream().map(h -> h.text.toString()).distinct().count()).as("answers that differ").isGreaterThan(4);
    }
  }

  /** The words before the first picture are read once where they are all alike. */
  @Test
  void commonBeginningsChangeNoAnswer() {
    int end = tokenizer.id("<|im_end|>");
    try (ContinuousBatch batch = new ContinuousBatch(vlm, tokenizer, end)) {
      for (int begin : new int[] {5, 9, 5}) {
        int[] common = {begin, 30, 12, 44};
        List<Heard> heard = List.of(new Heard(), new Heard(), new Heard());
        List<ContinuousBatch.Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          int[] after = java.util.Arrays.copyOf(new int[] {3, 4, 50, 21}, 2 + i);
          prompts.add(new ContinuousBatch.Prompt(List.of(common, after), List.of(picture), settings(8, 0, List.of()), heard.get(i)));
        }
        batch.join(prompts);
        run(batch);
        for (int i = 0; i < 3; i++) {
          assertThat(heard.get(i).text).hasToString(plainly(prompts.get(i), end));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void togetherIsAloneInFewBitsToo(BlockFormat format) {
    int end = tokenizer.id("<|im_end|>");
    try (Crew crew = new Crew(2)) {
      Vlm quantised = new Vlm(null, null, vlm.language().withTokenStep(format, crew), null, Compute.FP32);
      List<Heard> alone = new ArrayList<>();
      List<Heard> together = new ArrayList<>();
      for (int i = 0; i < 7; i++) {
        alone.add(new Heard());
        together.add(new Heard());
        try (ContinuousBatch batch = new ContinuousBatch(quantised, tokenizer, end)) {
          batch.join(List.of(prompt(i, settings(4 + 5 * (i % 3), 0, List.of()), alone.get(i))));
          run(batch);
        }
      }
      try (ContinuousBatch batch = new ContinuousBatch(quantised, tokenizer, end)) {
        for (int from : new int[] {0, 2, 6}) {
          List<ContinuousBatch.Prompt> prompts = new ArrayList<>();
          for (int i = from; i < Math.min(7, from == 0 ? 2 : from + 4); i++) {
            prompts.add(prompt(i, settings(4 + 5 * (i % 3), 0, List.of()), together.get(i)));
          }
          batch.join(prompts);
          batch.step();
        }
        run(batch);
      }
      for (int i = 0; i < 7; i++) {
        assertThat(together.get(i).text).as("prompt " + i).hasToString(alone.get(i).text.toString());
      }
    }
  }

  /** Above some number libtorch goes on, with what the few have left behind, and the other way round. */
  @Test
  void fewAndManyTakeTurns() {
    int end = tokenizer.id("<|im_end|>");
    try (Crew crew = new Crew(2)) {
      Vlm bf16 = new Vlm(null, null, vlm.language().withTokenStep(BlockFormat.BF16, crew), null, Compute.FP32);
      List<Heard> heard = new ArrayList<>();
      List<ContinuousBatch.Prompt> prompts = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        heard.add(new Heard());
        prompts.add(prompt(i, settings(6 + 5 * (i % 3), 0, List.of()), heard.get(i)));
      }
      try (ContinuousBatch batch = new ContinuousBatch(bf16, tokenizer, end)) {
        batch.join(prompts.subList(0, 9));
        batch.step();
        batch.step();
        batch.join(prompts.subList(9, 24));
        run(batch);
      }
      for (int i = 0; i < 24; i++) {
        assertThat(heard.get(i).text).as("prompt " + i).hasToString(plainly(prompts.get(i), end));
      }
    }
  }

  @Test
  void drawsFollowTheSeedWhoeverElseIsThere() {
    try (ContinuousBatch batch = new ContinuousBatch(vlm, tokenizer, tokenizer.id("<|im_end|>"))) {
      Heard alone = new Heard();
      batch.join(List.of(prompt(2, settings(20, 3, List.of()), alone)));
      run(batch);
      Heard together = new Heard();
      batch.join(List.of(prompt(5, settings(9, 3, List.of()), new Heard())));
      batch.step();
      batch.join(List.of(prompt(2, settings(20, 3, List.of()), together), prompt(1, settings(20, 3, List.of()), new Heard())));
      run(batch);
      assertThat(together.text).hasToString(alone.text.toString());
      assertThat(alone.text.length()).isGreaterThan(10);
    }
  }

  @Test
  void stopTextsEndAnAnswer() {
    try (ContinuousBatch batch = new ContinuousBatch(vlm, tokenizer, tokenizer.id("<|im_end|>"))) {
      Heard whole = new Heard();
      batch.join(List.of(prompt(2, settings(20, 3, List.of()), whole)));
      run(batch);
      String stop = whole.text.substring(5, 8);
      Heard cut = new Heard();
      batch.join(List.of(prompt(2, settings(20, 3, List.of(stop)), cut)));
      run(batch);
      assertThat(cut.text).hasToString(whole.text.substring(0, whole.text.indexOf(stop)));
      assertThat(cut.end).isEqualTo(ContinuousBatch.End.STOP);
      assertThat(cut.tokens).isLessThan(20);
    }
  }
}
