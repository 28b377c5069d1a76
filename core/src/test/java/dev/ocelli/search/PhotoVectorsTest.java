package dev.ocelli.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextHeads.Similarity;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PhotoVectorsTest {
  @ParameterizedTest
  @EnumSource(Similarity.class)
  void theBestProductWithAPhotosVectorsIsItsSimilarity(Similarity similarity) {
    Scope.run(
        () -> {
          torch.manual_seed(3);
          Tensor images = unit(torch.randn(5, 4, 6));
          Tensor texts = unit(torch.randn(3, 6));
          float[] wanted = Tensors.floats(ImageTextHeads.similarity(images, texts, similarity));
          List<PhotoVectors> photos = PhotoVectors.of(images, similarity);
          for (int p = 0; p < 5; p++) {
            assertThat(photos.get(p).text().length).isEqualTo(similarity == Similarity.BEST ? 4 : 1);
            assertThat(RandomPhotos.product(photos.get(p).whole(), photos.get(p).whole())).isCloseTo(1, within(1e-5));
            for (int t = 0; t < 3; t++) {
              double score = RandomPhotos.score(photos.get(p), Tensors.floats(texts.select(0, t)));
              assertThat(score).isCloseTo(wanted[3 * p + t], within(1e-5));
            }
          }
        });
  }

  private static Tensor unit(Tensor x) {
    return x.div(x.norm(new ScalarOptional(new Scalar(2.0)), new long[] {-1}, true));
  }
}
