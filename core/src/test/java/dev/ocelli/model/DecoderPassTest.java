package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The decoder's gradients written by hand against autograd's, which the goldens compare with transformers' and PEFT's. */
class DecoderPassTest {
  private static final List<String> ALL = List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

  private record Gradients(double loss, List<String> names, List<float[]> values) {
    double error(Gradients other, int i) {
      double apart = 0;
      double whole = 0;
      for (int k = 0; k < values.get(i).length; k++) {
        apart += Math.pow(values.get(i)[k] - other.values.get(i)[k], 2);
        whole += Math.pow(other.values.get(i)[k], 2);
      }
      return Math.sqrt(apart / whole);
    }
  }

  private static LanguageModel.Config config(boolean headNorm) {
    return new LanguageModel.Config(97, 48, 3, 6, 2, 8, 80, 1e-5, 10_000, true, headNorm, 128);
  }

  /** Conversations with {@code shared} words in common before the picture; the rest of each has its own length. */
  private static List<Vlm.Example> examples(int shared) {
    List<Vlm.Example> examples = new ArrayList<>();
    for (int row = 0; row < 3; row++) {
      int r = row;
      int[] before = IntStream.range(0, shared + row).map(i -> i < shared ? 3 + i : 40 + 5 * r + i).toArray();
      int[] after = {7, 8 + row};
      int[] answer = IntStream.range(0, 2 + 3 * row).map(i -> (11 * i + 17 * r + 5) % 97).toArray();
      // One turn, two, and three.
      List<Vlm.Turn> more = IntStream.range(0, row).mapToObj(t -> new Vlm.Turn(new int[] {60 + t, 61 + r, 62}, new int[] {70 + t, 71})).toList();
      examples.add(new Vlm.Example(before, after, answer, more));
    }
    return examples;
  }

  /** By hand, or by autograd. */
  private static Gradients gradients(Compute compute, boolean byHand, boolean headNorm, Set<String> targets, List<Vlm.Example> examples) {
    return gradients(compute, byHand, headNorm, targets, examples, new int[] {0, 1, 2});
  }

  /** @param pictures which of the three each example is about */
  private static Gradients gradients(
      Compute compute, boolean byHand, boolean headNorm, Set<String> targets, List<Vlm.Example> examples, int[] pictures) {
    Gradients[] result = new Gradients[1];
    Scope.run(
        () -> {
          LanguageModel.Config config = config(headNorm);
          LanguageModel model = new LanguageModel(config, new RandomWeights(3, compute));
          Lora[] lora = new Lora[1];
          Lora.Config loraConfig = new Lora.Config(4, 8, 0, targets);
          try (Parameters parameters = new Parameters(compute, name -> "lora", w -> lora[0] = new Lora(loraConfig, config, w))) {
            lora[0] = new Lora(loraConfig, config, parameters.weights());
            parameters.initialise(5, name -> null);
            torch.manual_seed(1);
            parameters.master().copy_(torch.randn(parameters.master().numel()).mul_(new org.bytedeco.pytorch.Scalar(0.1)));
            parameters.refresh();
            Tensor picture = torch.randn(3, 5, 48).set_requires_grad(true);
            Tensor rows = picture.index_select(0, Tensors.of(pictures, pictures.length)).to(compute.type());
            Vlm vlm = new Vlm(null, null, model, lora[0], compute);
            double loss;
            if (byHand) {
              loss = vlm.backward(rows, examples, 0.25);
            } else {
              Tensor sum = vlm.loss(rows, examples, true);
              loss = sum.item_double();
              Tensors.scale(sum, 0.25).backward();
            }
            parameters.gatherGradients();
            List<String> names = new ArrayList<>(List.of("picture", "lora"));
            List<float[]> values = new ArrayList<>(List.of(Tensors.floats(picture.grad()), Tensors.floats(parameters.gradient())));
            result[0] = new Gradients(loss, names, values);
          }
        });
    return result[0];
  }

  @ParameterizedTest
  @CsvSource({"0,false,all", "6,false,all", "6,true,all", "6,false,attention", "1,false,q", "6,false,none"})
  void gradientsAreAutograds(int shared, boolean headNorm, String adapted) {
    Set<String> targets =
        switch (adapted) {
          case "all" -> Set.copyOf(ALL);
          case "attention" -> Set.copyOf(ALL.subList(0, 4));
          case "q" -> Set.of("q_proj", "down_proj");
          default -> Set.of("v_proj");
        };
    Gradients plain = gradients(Compute.FP32, false, headNorm, targets, examples(shared));
    Gradients byHand = gradients(Compute.FP32, true, headNorm, targets, examples(shared));
    assertThat(byHand.loss).isCloseTo(plain.loss, org.assertj.core.data.Percentage.withPercentage(1e-4));
    for (int i = 0; i < plain.names.size(); i++) {
      assertThat(byHand.error(plain, i)).as(plain.names.get(i)).isLessThan(1e-5);
    }
    Gradients narrow = gradients(Compute.BF16, true, headNorm, targets, examples(shared));
    Gradients narrowPlain = gradients(Compute.BF16, false, headNorm, targets, examples(shared));
    for (int i = 0; i < plain.names.size(); i++) {
      double autograd = narrowPlain.error(plain, i);
      assertThat(narrow.error(plain, i)).as("bf16 " + plain.names.get(i)).isLessThan(Math.max(1e-2, 1.25 * autograd));
    }
  }

  @Test
  void anotherWordInThePrefixShows() {
    List<Vlm.Example> examples = examples(6);
    examples.replaceAll(e -> new Vlm.Example(changed(e.before()), e.after(), e.answer(), e.more()));
    Gradients other = gradients(Compute.FP32, true, false, Set.copyOf(ALL), examples);
    Gradients plain = gradients(Compute.FP32, false, false, Set.copyOf(ALL), examples(6));
    for (int i = 0; i < plain.names.size(); i++) {
      assertThat(other.error(plain, i)).as(plain.names.get(i)).isGreaterThan(1e-3);
    }
  }

  /** One, two and four answers behind a picture, against a row for each of them. */
  @ParameterizedTest
  @CsvSource({"0,false", "6,false", "6,true"})
  void answersInOnePlaceAreAsIfEachWereAlone(int shared, boolean headNorm) {
    List<Vlm.Example> together = new ArrayList<>();
    List<Vlm.Example> alone = new ArrayList<>();
    int[] pictures = {0, 1, 1, 2, 2, 2, 2};
    // In front a row of one answer, with a turn behind it.
    Vlm.Example turns = new Vlm.Example(new int[] {3, 4, 5, 90}, new int[] {7}, new int[] {8, 9}, List.of(new Vlm.Turn(new int[] {10}, new int[] {11, 12})));
    for (Vlm.Example e : examples(shared).subList(1, 3)) {
      if (together.isEmpty()) {
        together.add(turns);
        alone.add(turns);
      }
      int row = together.size();
      int[] after = row == 1 ? new int[0] : e.after();
      List<int[]> others = IntStream.range(0, row * (row + 1) / 2).mapToObj(i -> IntStream.range(0, 1 + 2 * i).map(j -> 20 + 9 * i + j).toArray()).toList();
      together.add(new Vlm.Example(e.before(), after, e.answer(), others, List.of()));
      alone.addAll(together.get(row).apart());
    }
    Set<String> targets = Set.copyOf(ALL);
    Gradients plain = gradients(Compute.FP32, false, headNorm, targets, alone, pictures);
    Gradients byHand = gradients(Compute.FP32, true, headNorm, targets, together);
    assertThat(together.stream().mapToInt(Vlm.Example::answered).sum()).isEqualTo(alone.stream().mapToInt(Vlm.Example::answered).sum());
    assertThat(byHand.loss).isCloseTo(plain.loss, org.assertj.core.data.Percentage.withPercentage(1e-4));
    for (int i = 0; i < plain.names.size(); i++) {
      assertThat(byHand.error(plain, i)).as(plain.names.get(i)).isLessThan(1e-5);
    }
    // In four rows of one picture rounding errors partly cancel out; here the picture is rounded once for all four.
    Gradients narrow = gradients(Compute.BF16, true, headNorm, targets, together);
    Gradients narrowPlain = gradients(Compute.BF16, false, headNorm, targets, alone, pictures);
    for (int i = 0; i < plain.names.size(); i++) {
      double autograd = narrowPlain.error(plain, i);
      assertThat(narrow.error(plain, i)).as("bf16 " + plain.names.get(i)).isLessThan(Math.max(1e-2, 2 * autograd));
    }
  }

  @Test
  void severalTurnsAreOneConversation() {
    Vlm.Example both = new Vlm.Example(new int[] {3, 4}, new int[] {5}, new int[] {6, 7}, List.of(new Vlm.Turn(new int[] {8, 9}, new int[] {10, 11, 12})));
    Vlm.Example first = new Vlm.Example(new int[] {3, 4}, new int[] {5}, new int[] {6, 7});
    Vlm.Example second = new Vlm.Example(new int[] {3, 4}, new int[] {5, 6, 7, 8, 9}, new int[] {10, 11, 12});
    double[] losses = new double[3];
    Scope.run(
        () -> {
          LanguageModel model = new LanguageModel(config(false), new RandomWeights(3, Compute.FP32));
          Vlm vlm = new Vlm(null, null, model, null, Compute.FP32);
          Tensor picture = torch.randn(1, 5, 48);
          int i = 0;
          for (Vlm.Example example : List.of(both, first, second)) {
            losses[i++] = vlm.loss(picture, List.of(example), false).item_double();
          }
        });
    assertThat(losses[0]).isCloseTo(losses[1] + losses[2], org.assertj.core.data.Percentage.withPercentage(1e-3));
    assertThat(both.answered()).isEqualTo(5);
    assertThat(both.tokens(5)).isEqualTo(5 + 10);
  }

  @Test
  void severalAnswersHaveNoTurnAfterThemAndNoPlainLoss() {
    int[] words = {3};
    List<Vlm.Turn> turns = List.of(new Vlm.Turn(words, words));
    assertThatThrownBy(() -> new Vlm.Example(words, words, words, List.of(words), turns)).isInstanceOf(IllegalArgumentException.class);
    Vlm.Example two = new Vlm.Example(words, words, words, List.of(words), List.of());
    Scope.run(
        () -> {
          LanguageModel model = new LanguageModel(config(false), new RandomWeights(3, Compute.FP32));
          Vlm vlm = new Vlm(null, null, model, null, Compute.FP32);
          assertThatThrownBy(() -> vlm.loss(torch.randn(1, 5, 48), List.of(two), false)).isInstanceOf(IllegalArgumentException.class);
        });
  }

  @Test
  void wordsOnlyLearnsEachOfSeveralAnswersAlone() {
    Vlm.Example three = new Vlm.Example(new int[] {3, 4}, new int[] {5}, new int[] {6, 7}, List.of(new int[] {8, 9, 10}, new int[] {11}), List.of());
    double[] losses = new double[2];
    Scope.run(
        () -> {
          WordsOnly words = new WordsOnly(new LanguageModel(config(false), new RandomWeights(3, Compute.FP32)), Compute.FP32);
          losses[0] = words.loss(List.of(three)).item_double() * three.answered();
          for (Vlm.Example alone : three.apart()) {
            losses[1] += words.loss(List.of(alone)).item_double() * alone.answered();
          }
        });
    assertThat(three.apart()).hasSize(3);
    assertThat(losses[0]).isCloseTo(losses[1], org.assertj.core.data.Percentage.withPercentage(1e-3));
  }

  /** More tokens to say than have their logits at once. */
  @Test
  void manyAnswersLoseWhatEachLoses() {
    List<Vlm.Example> three = examples(6);
    List<Vlm.Example> many = IntStream.range(0, 120).mapToObj(row -> three.get(row * row % 3)).toList();
    assertThat(many.stream().mapToInt(Vlm.Example::answered).sum()).isGreaterThan(AnswerLoss.BLOCK);
    double[] losses = new double[2];
    Scope.run(
        () -> {
          LanguageModel model = new LanguageModel(config(false), new RandomWeights(3, Compute.FP32));
          Vlm vlm = new Vlm(null, null, model, null, Compute.FP32);
          Tensor picture = torch.randn(1, 5, 48);
          Tensor pictures = picture.expand(many.size(), -1, -1).contiguous();
          losses[0] = vlm.loss(pictures, many, false).item_double();
          for (Vlm.Example example : many) {
            losses[1] += vlm.loss(picture, List.of(example), false).item_double();
          }
        });
    assertThat(losses[0]).isCloseTo(losses[1], org.assertj.core.data.Percentage.withPercentage(1e-3));
  }

  private static int[] changed(int[] words) {
    int[] changed = words.clone();
    changed[2]++;
    return changed;
  }
}
