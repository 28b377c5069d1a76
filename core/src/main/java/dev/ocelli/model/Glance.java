package dev.ocelli.model;

import dev.ocelli.nn.LayerNorm;
import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * One more vector beside what the queries saw: a linear map of a photo's first vector, which is the class token where the encoder has one, and
 * of the mean of the others. Not in BLIP-2. From few thousand photos such a map learns what they show as well as all queries do, in seconds,
 * and makes other mistakes than they (docs/objectives.md).
 */
public record Glance(Linear dense, LayerNorm norm) {
  public static Glance of(QFormer.Config config, Weights weights) {
    return new Glance(
        weights.linear("glance.dense", 2L * config.imageHidden(), config.hidden()),
        weights.layerNorm("glance.LayerNorm", config.hidden(), config.epsilon()));
  }

  /**
   * What is mapped.
   *
   * @param image features, two or more vectors of each image, {@code [images, patches, imageHidden]}
   * @return fp32 {@code [images, 2 * imageHidden]}
   */
  public static Tensor input(Tensor image) {
    return Scope.of(
        () -> {
          // Sums of bf16 in fp32: what tells photos apart is small beside what they have in common.
          Tensor others = image.narrow(1, 1, image.size(1) - 1).to(ScalarType.Float).mean(1);
          return Tensors.cat(1, image.select(1, 0).to(ScalarType.Float), others);
        });
  }

  /**
   * @param input fp32 {@code [images, 2 * imageHidden]}, with or without what all have in common
   * @return fp32 {@code [images, 1, hidden]}
   */
  public Tensor apply(Tensor input) {
    return norm.apply(dense.apply(input).to(ScalarType.Float)).unsqueeze(1);
  }
}
