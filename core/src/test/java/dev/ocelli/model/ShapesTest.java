package dev.ocelli.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.nn.Compute;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** The sizes of the models people use, from a photo to the language model's embeddings. */
class ShapesTest {
  private static final Weights RANDOM = new RandomWeights(1, Compute.FP32);

  @Test
  void vitBaseToQFormerToProjector() {
    Scope.run(
        () ->
            Scope.noGrad(
                () -> {
                  Vit vit = new Vit(new Vit.Config(Vit.Family.VIT, 768, 12, 12, 3072, 224, 16, 1e-12), EncoderLayers.LAST, RANDOM);
                  Tensor features = vit.forward(torch.randn(1, 3, 224, 224));
                  assertThat(Tensors.shape(features)).containsExactly(1, 197, 768);
                  assertQueriesAndEmbeddings(features, 12, 0); // as BERT and BLIP-2
                  assertQueriesAndEmbeddings(features, 6, 1); // as DistilBERT and the article
                  return features;
                }));
  }

  private static void assertQueriesAndEmbeddings(Tensor features, int layers, int crossFirst) {
    QFormer.Config config = new QFormer.Config(768, layers, 12, 3072, 30522, 512, 32, 768, 2, crossFirst, false, false, 1e-12, 0.1, 0.1);
    Tensor queries = new QFormer(config, RANDOM, false).queries(features, false);
    assertThat(Tensors.shape(queries)).containsExactly(1, 32, 768);
    assertThat(Tensors.shape(new Projector(768, 576, RANDOM).apply(queries))).containsExactly(1, 32, 576);
  }

  @Test
  void dinov2SmallInterpolatesItsPositionsTo224() {
    // Trained at 518: 37 x 37 positions.
    assertShape(new Vit(new Vit.Config(Vit.Family.DINOV2, 384, 12, 6, 1536, 518, 14, 1e-6), EncoderLayers.LAST, RANDOM), 257, 384);
  }

  @Test
  void resNet50HasAVectorForEachOf49Places() {
    assertShape(new ResNet(new ResNet.Config(64, new int[] {256, 512, 1024, 2048}, new int[] {3, 4, 6, 3}), RANDOM), 49, 2048);
  }

  private static void assertShape(VisionEncoder encoder, long tokens, long hidden) {
    Scope.run(
        () ->
            Scope.noGrad(
                () -> {
                  Tensor features = encoder.forward(torch.randn(1, 3, 224, 224));
                  assertThat(Tensors.shape(features)).containsExactly(1, tokens, hidden);
                  assertThat(features.isfinite().all().item_bool()).isTrue();
                  assertThat(encoder.hidden()).isEqualTo((int) hidden);
                  return features;
                }));
  }
}
