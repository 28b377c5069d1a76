package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the Q-Former computes once and shares is what one pass over queries and text together gives, under each of the masks. */
class QFormerPassesTest {
  private static final RandomWeights RANDOM = new RandomWeights(3, Compute.FP32);
  /** Far from their usual start, so that who sees whom matters. */
  private static final Weights LOUD =
      (kind, shape, names, rows) -> {
        Tensor tensor = RANDOM.get(kind, shape, names, rows);
        Scope.run(() -> tensor.mul_(new Scalar(kind == Weights.Kind.MATRIX || kind == Weights.Kind.TABLE ? 20 : 1)));
        return tensor;
      };

  private static final QFormer MODEL = model(false, false);

  /**
   * @param apart whether no query sees another one
   * @param glance whether one stands beside the queries
   */
  private static QFormer model(boolean apart, boolean glance) {
    return new QFormer(new QFormer.Config(8, 4, 2, 12, 17, 9, 3, 6, 2, 1, apart, glance, 1e-12, 0, 0), LOUD, true);
  }

  private static Tensor image() {
    torch.manual_seed(1);
    return torch.randn(2, 5, 6);
  }

  private static Tensor ids() {
    return Tensors.of(new int[] {1, 4, 9, 12, 2, 1, 7, 2, 0, 0}, 2, 5);
  }

  private static Tensor real() {
    return Tensors.of(new float[] {1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, 2, 5).to(ScalarType.Bool);
  }

  private static Tensor together(AttentionMask mask) {
    return together(MODEL, mask);
  }

  private static Tensor together(QFormer model, AttentionMask mask) {
    return model.together(model.look(image()), ids(), real(), mask, false);
  }

  /** Rows of padding say nothing. */
  private static float[] text(Tensor states) {
    return Tensors.floats(states.masked_fill(real().logical_not().unsqueeze(2), new Scalar(0)));
  }

  private static void same(float[] ours, float[] theirs) {
    assertThat(ours).hasSameSizeAs(theirs);
    for (int i = 0; i < ours.length; i++) {
      assertThat(ours[i]).as("element " + i).isCloseTo(theirs[i], org.assertj.core.data.Offset.offset(2e-5f));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void oneByOneAndTogetherAreTheSameUnderTheUnimodalMask(boolean apart) {
    QFormer model = model(apart, apart);
    Scope.run(
        () -> {
          Tensor both = together(model, AttentionMask.UNIMODAL);
          same(Tensors.floats(both.narrow(1, 0, 3)), Tensors.floats(model.queries(image(), false).narrow(1, 0, 3)));
          same(text(both.narrow(1, 3, 5)), text(model.text(ids(), real(), false)));
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void textThatLooksBackIsTextUnderTheCausalMask(boolean apart) {
    QFormer model = model(apart, apart);
    Scope.run(
        () -> {
          Tensor both = together(model, AttentionMask.MULTIMODAL_CAUSAL);
          QFormer.Pass seen = model.see(model.look(image()), false);
          same(Tensors.floats(both.narrow(1, 0, 3)), Tensors.floats(seen.states().narrow(1, 0, 3)));
          same(text(both.narrow(1, 3, 5)), text(model.tell(null, ids(), seen, false).states()));
        });
  }

  @Test
  void wordByWordIsAllAtOnce() {
    Scope.run(
        () -> {
          Tensor start = LOUD.get(Weights.Kind.TABLE, "decoder_start", 1, 8);
          QFormer.Pass past = MODEL.see(MODEL.look(image()), false);
          float[] whole = Tensors.floats(MODEL.tell(start, ids(), past, false).states().select(1, 5));
          past = MODEL.tell(start, ids().narrow(1, 0, 0), past, false);
          for (int i = 0; i < 5; i++) {
            past = MODEL.tell(null, ids().narrow(1, i, 1), past, false);
          }
          same(Tensors.floats(past.states().select(1, 0)), whole);
          assertThat(past.positions()).isEqualTo(3 + 1 + 5);
        });
  }

  /** One query among others gives what it gives alone; where they see each other, it doesn't. */
  @Test
  void queriesThatAreKeptApartKnowNothingOfEachOther() {
    Weights first =
        (kind, shape, names, rows) ->
            names[0].equals("query_tokens") ? LOUD.get(kind, new long[] {1, 3, 8}, names, rows).narrow(1, 0, 1) : LOUD.get(kind, shape, names, rows);
    Scope.run(
        () -> {
          for (boolean apart : new boolean[] {true, false}) {
            QFormer alone = new QFormer(new QFormer.Config(8, 4, 2, 12, 17, 9, 1, 6, 2, 1, apart, false, 1e-12, 0, 0), first, true);
            float[] ours = Tensors.floats(model(apart, false).queries(image(), false).narrow(1, 0, 1));
            float[] theirs = Tensors.floats(alone.queries(image(), false));
            if (apart) {
              same(ours, theirs);
            } else {
              assertThat(distance(ours, theirs)).isGreaterThan(0.1);
            }
          }
        });
  }

  @Test
  void masksMatter() {
    Scope.run(
        () -> {
          float[][] all = new float[3][];
          for (AttentionMask mask : AttentionMask.values()) {
            all[mask.ordinal()] = text(together(mask).narrow(1, 3, 5));
          }
          float[] queries = Tensors.floats(together(AttentionMask.BIDIRECTIONAL).narrow(1, 0, 3));
          assertThat(distance(all[0], all[1])).isGreaterThan(0.1);
          assertThat(distance(all[0], all[2])).isGreaterThan(0.1);
          assertThat(distance(all[1], all[2])).isGreaterThan(0.1);
          assertThat(distance(queries, Tensors.floats(MODEL.queries(image(), false)))).isGreaterThan(0.1);
        });
  }

  @Test
  void paddingIsNotSeen() {
    Scope.run(
        () -> {
          Tensor other = Tensors.of(new int[] {1, 4, 9, 12, 2, 1, 7, 2, 13, 5}, 2, 5);
          for (AttentionMask mask : AttentionMask.values()) {
            Tensor states = MODEL.together(MODEL.look(image()), other, real(), mask, false);
            assertThat(Tensors.floats(states.narrow(1, 0, 3))).isEqualTo(Tensors.floats(together(mask).narrow(1, 0, 3)));
            assertThat(text(states.narrow(1, 3, 5))).isEqualTo(text(together(mask).narrow(1, 3, 5)));
          }
        });
  }

  @Test
  void aLookServesImagesInAnyOrder() {
    Scope.run(
        () -> {
          QFormer.Look look = MODEL.look(image());
          Supplier<Tensor> straight = () -> MODEL.see(look, false).states();
          float[] second = Tensors.floats(straight.get().select(0, 1));
          Tensor chosen = MODEL.see(look.rows(Tensors.of(new int[] {1, 0, 1}, 3)), false).states();
          same(Tensors.floats(chosen.select(0, 0)), second);
          same(Tensors.floats(chosen.select(0, 1)), Tensors.floats(straight.get().select(0, 0)));
          same(Tensors.floats(chosen.select(0, 2)), second);
          same(Tensors.floats(MODEL.see(look.first(1), false).states()), Tensors.floats(straight.get().narrow(0, 0, 1)));
        });
  }

  /** Texts one after another about the same image: the image stands once, and each text has what it has with an image of its own. */
  @Test
  void anImageServesSeveralTexts() {
    Scope.run(
        () -> {
          QFormer.Look look = MODEL.look(image());
          Tensor twice = Tensors.of(new int[] {0, 0, 1, 1}, 4);
          Tensor texts = Tensors.of(new int[] {0, 1, 1, 0}, 4);
          Tensor ids = ids().index_select(0, texts);
          Tensor real = real().index_select(0, texts);
          float[] shared = Tensors.floats(MODEL.together(look, ids, real, AttentionMask.BIDIRECTIONAL, false));
          same(shared, Tensors.floats(MODEL.together(look.rows(twice), ids, real, AttentionMask.BIDIRECTIONAL, false)));
        });
  }

  private static double distance(float[] one, float[] other) {
    double most = 0;
    for (int i = 0; i < one.length; i++) {
      most = Math.max(most, Math.abs(one[i] - other[i]));
    }
    return most;
  }

  @Test
  void theGazeIsSharedOut() {
    Scope.run(
        () -> {
          float[] shares = Tensors.floats(MODEL.gaze(image()));
          for (int photo = 0; photo < 2; photo++) {
            float sum = 0;
            for (int patch = 0; patch < 5; patch++) {
              assertThat(shares[5 * photo + patch]).isPositive();
              sum += shares[5 * photo + patch];
            }
            assertThat(sum).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-5f));
          }
          assertThat(java.util.Arrays.copyOf(shares, 5)).isNotEqualTo(java.util.Arrays.copyOfRange(shares, 5, 10));
        });
  }

  @Test
  void aPatchLikeAnotherGetsAsMuchOfTheGaze() {
    Scope.run(
        () -> {
          Tensor image = image();
          image.select(1, 3).copy_(image.select(1, 1));
          float[] shares = Tensors.floats(MODEL.gaze(image));
          assertThat(shares[3]).isEqualTo(shares[1]).isNotEqualTo(shares[2]);
        });
  }
}
