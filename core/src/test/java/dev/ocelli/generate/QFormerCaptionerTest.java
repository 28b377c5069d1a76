package dev.ocelli.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.Objective;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The Q-Former's own captions, token by token, are those of looking at everything anew for each token. */
class QFormerCaptionerTest {
  private static final int TOKENS = 12;

  private final Tokenizer words = Tokenizer.open(Path.of("src/test/resources/goldens/text/tiny_wordpiece.json"));
  private final RandomWeights random = new RandomWeights(9, Compute.FP32);
  /** Far from their usual start, so that it has something to say. */
  private final Weights loud =
      (kind, shape, names, rows) -> {
        Tensor tensor = random.get(kind, shape, names, rows);
        Scope.run(() -> tensor.mul_(new Scalar(kind == Weights.Kind.MATRIX || kind == Weights.Kind.TABLE ? 25 : 1)));
        return tensor;
      };

  private final ImageTextModel model =
      ImageTextModel.of(
          new QFormer.Config(8, 3, 2, 12, words.vocabularySize(), 16, 3, 6, 2, 0, false, false, 1e-12, 0, 0), 4, Set.of(Objective.ITG), loud);
  private final QFormerCaptioner captioner = new QFormerCaptioner(model, words, Compute.FP32);

  @AfterEach
  void close() {
    words.close();
  }

  private static SamplingSettings greedy(int tokens) {
    return new SamplingSettings(tokens, 0, 0, 1, 1, List.of(), 0);
  }

  private static Tensor pictures() {
    torch.manual_seed(4);
    return torch.randn(4, 5, 6);
  }

  @Test
  void aCacheChangesNothing() {
    Scope.run(
        () -> {
          List<String> captions = captioner.captions(pictures(), greedy(TOKENS), 0, piece -> {});
          assertThat(captions).doesNotHaveDuplicates().allMatch(c -> !c.isBlank());
          for (int i = 0; i < 4; i++) {
            assertThat(captions.get(i)).isEqualTo(anew(pictures().narrow(0, i, 1)));
          }
        });
  }

  private String anew(Tensor picture) {
    int end = words.id("[SEP]");
    List<Integer> said = new ArrayList<>();
    for (int step = 0; step < TOKENS; step++) {
      Tensor ids = Tensors.of(said.stream().mapToInt(Integer::intValue).toArray(), 1, said.size());
      QFormer.Pass seen = model.qformer().see(model.qformer().look(picture), false);
      Tensor states = model.qformer().tell(model.words().start(), ids, seen, false).states();
      int next = (int) model.words().logits(states.select(1, step)).argmax().item_long();
      if (next == end) {
        break;
      }
      said.add(next);
    }
    return words.decode(said.stream().mapToInt(Integer::intValue).toArray(), true).strip();
  }

  @Test
  void oneAtATimeSaysTheSame() {
    Scope.run(
        () -> {
          List<String> together = captioner.captions(pictures(), greedy(TOKENS), 0, piece -> {});
          List<String> pieces = new ArrayList<>();
          String alone = captioner.captions(pictures().narrow(0, 2, 1), greedy(TOKENS), 0, pieces::add).get(0);
          assertThat(alone).isEqualTo(together.get(2));
          assertThat(String.join("", pieces).strip()).isEqualTo(alone);
        });
  }

  @Test
  void noMoreTokensThanThereArePositions() {
    Scope.run(() -> assertThat(captioner.captions(pictures(), greedy(16), 0, piece -> {})).hasSize(4));
    assertThatThrownBy(() -> captioner.captions(pictures(), greedy(17), 0, piece -> {}))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("16 positions");
  }
}
