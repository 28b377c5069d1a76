package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Vectors of two halves, where a glance stands beside the queries. */
class ImageTextHeadsTest {
  private static final QFormer.Config CONFIG = new QFormer.Config(8, 1, 2, 12, 17, 9, 3, 6, 1, 0, true, true, 1e-12, 0, 0);
  private static final ImageTextHeads HEADS = new ImageTextHeads(CONFIG, 5, new RandomWeights(1, Compute.FP32));

  private static float[] lengths(Tensor vectors) {
    return Tensors.floats(vectors.norm(new ScalarOptional(new Scalar(2.0)), new long[] {-1}, false));
  }

  @ParameterizedTest
  @EnumSource
  void theCosineIsThatOfBothHalves(ImageTextHeads.Similarity kind) {
    torch.manual_seed(3);
    Scope.run(
        () -> {
          Tensor states = torch.randn(4, 4, 8);
          Tensor images = HEADS.images(states);
          Tensor texts = HEADS.texts(torch.randn(6, 7, 8), torch.ones(6, 7).to(ScalarType.Bool));
          assertThat(Tensors.shape(images)).containsExactly(4, 3, 10);
          assertThat(Tensors.shape(texts)).containsExactly(6, 10);
          for (Tensor vectors : List.of(images, texts)) {
            for (float length : lengths(vectors)) {
              assertThat(length).isCloseTo(1, within(1e-6f));
            }
          }
          float[] whole = Tensors.floats(HEADS.similarity(images, texts, kind));
          List<Tensor> apart = HEADS.apart(images, texts, kind);
          assertThat(apart).hasSize(2);
          float[] queries = Tensors.floats(apart.get(0));
          float[] glance = Tensors.floats(apart.get(1));
          for (int i = 0; i < whole.length; i++) {
            assertThat(whole[i]).isCloseTo((queries[i] + glance[i]) / 2, within(1e-6f));
          }
          Tensor other = states.clone();
          other.select(1, 3).copy_(torch.randn(4, 8));
          List<Tensor> looked = HEADS.apart(HEADS.images(other), texts, kind);
          assertThat(Tensors.floats(looked.get(0))).as("the glance is no query").containsExactly(queries);
          assertThat(Tensors.floats(looked.get(1))).isNotEqualTo(glance);
        });
  }
}
