package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.ocelli.eval.WordMaps;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** Watched attention, and the maps made of it, against the attentions that transformers gives out. */
class WordMapsTest {
  /** Six patches behind a class token. */
  private static final VisionEncoder.Grid GRID = new VisionEncoder.Grid(1, 2, 3, 14);

  private interface Work {
    void with(Golden golden, Vlm vlm);
  }

  /** @param other language model's weights, or null */
  private static void open(Compute compute, Golden other, Work work) {
    try (Golden maps = Golden.open("word-maps");
        Golden q = Golden.open("qformer");
        Golden l = Golden.open("llama")) {
      Golden language = other == null ? l : other;
      Scope.run(
          () -> {
            QFormer.Config c = QFormerTest.config(q);
            LanguageModel.Config lc = ModelConfigs.language(language.config());
            work.with(
                maps,
                new Vlm(
                    new QFormer(c, q.frozen(compute), false), new Projector(c.hidden(), lc.hidden(), maps.frozen(compute)),
                    new LanguageModel(lc, language.frozen(compute)), null, compute));
          });
    }
  }

  private static int[] ids(Golden golden, String name) {
    float[] values = Tensors.floats(golden.in(name).to(ScalarType.Float));
    int[] ids = new int[values.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) values[i];
    }
    return ids;
  }

  private static Map<String, Tensor> maps(Golden golden, Vlm vlm, Tensor image, int shift) {
    int[] answer = ids(golden, "answer");
    int[] moved = answer.clone();
    for (int i = 0; i < answer.length; i++) {
      moved[i] = answer[(i + shift) % answer.length];
    }
    WordMaps.Maps found =
        new WordMaps(vlm, GRID).of(vlm.compute().cast(image), ids(golden, "before"), ids(golden, "after"), moved);
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    outputs.put("tokens", Tensors.cat(0, Arrays.stream(found.tokens()).map(t -> Tensors.of(t, 1, t.length)).toArray(Tensor[]::new)));
    outputs.put("average", Tensors.of(found.average(), found.average().length));
    return outputs;
  }

  @Test
  void mapsAreTransformers() {
    open(Compute.FP32, null, (golden, vlm) -> golden.assertClose(golden.outputs(maps(golden, vlm, golden.in("image"), 0))));
  }

  /** Its slot tells of all patches, so a map stays one of where the model looked. */
  @Test
  void aGlanceLooksEverywhereAlike() {
    open(
        Compute.FP32, null,
        (golden, vlm) -> {
          float[] plain = Tensors.floats(maps(golden, vlm, golden.in("image"), 0).get("average"));
          try (Golden q = Golden.open("qformer")) {
            QFormer.Config c = QFormerTest.config(q);
            QFormer.Config glancing =
                new QFormer.Config(
                    c.hidden(), c.layers(), c.heads(), c.intermediate(), c.vocabulary(), c.positions(), c.queries(), c.imageHidden(),
                    c.crossEvery(), c.crossFirst(), c.apart(), true, c.epsilon(), 0, 0);
            RandomWeights random = new RandomWeights(5, Compute.FP32);
            Weights frozen = q.frozen(Compute.FP32);
            Weights weights = (kind, shape, names, rows) -> (names[0].startsWith("glance.") ? random : frozen).get(kind, shape, names, rows);
            Vlm with = new Vlm(new QFormer(glancing, weights, false), vlm.projector(), vlm.language(), null, vlm.compute());
            Map<String, Tensor> found = maps(golden, with, golden.in("image"), 0);
            float[] average = Tensors.floats(found.get("average"));
            for (int patch = 0; patch < 6; patch++) {
              assertThat(average[patch]).isCloseTo((5 * plain[patch] + 1 / 6f) / 6, offset(1e-6f));
            }
            for (float sum : Tensors.floats(found.get("tokens").sum(1))) {
              assertThat(sum).isCloseTo(1, offset(1e-5f));
            }
          }
        });
  }

  @Test
  void mapsInBf16AreClose() {
    open(
        Compute.BF16, null,
        (golden, vlm) ->
            assertThat(golden.outputs(maps(golden, vlm, golden.in("image"), 0))).hasSize(2)
                .allSatisfy(d -> assertThat(d.error()).as(d.toString()).isLessThan(1e-2)));
  }

  /** Each of the queries' and of the tokens' attentions, layer by layer and head by head. */
  @Test
  void watchedAttentionIsTransformers() {
    open(
        Compute.FP32, null,
        (golden, vlm) -> {
          List<Tensor> patches = new ArrayList<>();
          Tensor states = vlm.qformer().queries(golden.in("image"), (layer, p) -> patches.add(kept(p.narrow(3, 1, 6))));
          int[] before = ids(golden, "before");
          int[] answer = ids(golden, "answer");
          Tensor said = vlm.language().embed(Tensors.of(answer, 1, answer.length));
          Tensor all = Tensors.cat(1, vlm.prompt(vlm.projector().apply(states), before, ids(golden, "after")), said);
          List<Tensor> slots = new ArrayList<>();
          Tensor watched =
              vlm.language()
                  .forward(
                      all, null,
                      (layer, p) -> slots.add(kept(p.narrow(2, all.size(1) - answer.length, answer.length).narrow(3, before.length, 5))));
          Map<String, Tensor> outputs = new LinkedHashMap<>();
          outputs.put("patches", torch.stack(new TensorVector(patches.toArray(Tensor[]::new)), 0));
          outputs.put("slots", torch.stack(new TensorVector(slots.toArray(Tensor[]::new)), 0));
          golden.assertClose(golden.outputs(outputs));
          Tensor unwatched = vlm.language().forward(all, null, false, null);
          assertThat(watched.equal(unwatched)).as("watching changes nothing").isTrue();
        });
  }

  private static Tensor kept(Tensor p) {
    return Scope.keep(Scope.of(() -> p.select(0, 0).clone()));
  }

  @Test
  void swappedWeightsShow() {
    String at = "model.layers.1.self_attn.";
    try (Golden llama = Golden.open("llama")) {
      Golden swapped = llama.swapped(at + "k_proj.weight", at + "v_proj.weight");
      open(Compute.FP32, swapped, (golden, vlm) -> Golden.assertWrong("k_proj and v_proj", golden.outputs(maps(golden, vlm, golden.in("image"), 0))));
    }
  }

  @Test
  void tokensInAnotherOrderShow() {
    open(Compute.FP32, null, (golden, vlm) -> Golden.assertWrong("another answer", golden.outputs(maps(golden, vlm, golden.in("image"), 1))));
  }

  @Test
  void aClassTokenTakenForAPatchShows() {
    // The queries don't care in which order they see the vectors, but the map takes the first for the class token's.
    open(
        Compute.FP32, null,
        (golden, vlm) -> {
          Tensor shifted = golden.in("image").roll(new long[] {-1}, new long[] {1});
          Golden.assertWrong("shifted by one", golden.outputs(maps(golden, vlm, shifted, 0)));
        });
  }

  @Test
  void eachMapSumsToOneAndAWordsIsTheMeanOfItsTokens() {
    open(
        Compute.FP32, null,
        (golden, vlm) -> {
          WordMaps.Maps found =
              new WordMaps(vlm, GRID).of(golden.in("image"), ids(golden, "before"), ids(golden, "after"), ids(golden, "answer"));
          for (float[] map : found.tokens()) {
            double sum = 0;
            for (float v : map) {
              sum += v;
            }
            assertThat(sum).isCloseTo(1, offset(1e-5));
          }
          float[] mean = found.mean(1, 3);
          for (int i = 0; i < mean.length; i++) {
            assertThat(mean[i]).isCloseTo((found.tokens()[1][i] + found.tokens()[2][i]) / 2, offset(1e-6f));
          }
        });
  }
}
