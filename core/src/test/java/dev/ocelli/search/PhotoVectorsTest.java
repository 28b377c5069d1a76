package dev.ocelli.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.eval.Querybank;
import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextHeads.Similarity;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhotoVectorsTest {
  @ParameterizedTest
  @CsvSource({"BEST, false", "MEAN, false", "WHOLE, false", "BEST, true", "MEAN, true", "WHOLE, true"})
  void theBestProductWithAPhotosVectorsIsItsSimilarity(Similarity similarity, boolean glance) {
    Scope.run(
        () -> {
          torch.manual_seed(3);
          QFormer.Config config = new QFormer.Config(8, 1, 2, 12, 17, 9, 4, 6, 1, 0, true, glance, 1e-12, 0, 0);
          ImageTextHeads heads = new ImageTextHeads(config, 6, new RandomWeights(1, Compute.FP32));
          Tensor images = heads.images(torch.randn(5, config.vectors(), 8));
          Tensor texts = heads.texts(torch.randn(3, 7, 8), torch.ones(3, 7).to(ScalarType.Bool));
          Tensor plain = heads.similarity(images, texts, similarity);
          ImageTextScores scores = new ImageTextScores(new ImageTextModel(null, heads, null, null), similarity, Compute.FP32, null, 0, null);
          holds(PhotoVectors.of(images, scores), plain, texts, similarity == Similarity.BEST ? 4 : 1);
          if (similarity != Similarity.BEST) {
            Tensor others = scores.compared(heads.images(torch.randn(40, config.vectors(), 8))).squeeze(1);
            Querybank bank = Querybank.of(others, heads.texts(torch.randn(40, 7, 8), torch.ones(40, 7).to(ScalarType.Bool)));
            ImageTextScores beyond = new ImageTextScores(scores.model(), similarity, Compute.FP32, null, 0, null, bank);
            Tensor asked = bank.texts(texts);
            Tensor usual = bank.photos(scores.compared(images).squeeze(1)).matmul(asked.t());
            assertThat(usual.sub(plain).abs().max().item_double()).isGreaterThan(1e-2);
            holds(PhotoVectors.of(images, beyond), usual, asked, 1);
          }
        });
  }

  private static void holds(List<PhotoVectors> photos, Tensor similarities, Tensor texts, int vectors) {
    float[] wanted = Tensors.floats(similarities);
    for (int p = 0; p < 5; p++) {
      assertThat(photos.get(p).text().length).isEqualTo(vectors);
      assertThat(RandomPhotos.product(photos.get(p).whole(), photos.get(p).whole())).isCloseTo(1, within(1e-5));
      for (int t = 0; t < 3; t++) {
        double score = RandomPhotos.score(photos.get(p), Tensors.floats(texts.select(0, t)));
        assertThat(score).isCloseTo(wanted[3 * p + t], within(1e-5));
      }
    }
  }
}
