package dev.ocelli.model;

import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Weights;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Brings query outputs and texts to one space in which their cosine says how well they fit (BLIP-2, section 3.1). Used by stage 1 and by
 * search; the language model never sees it. Names are those of transformers' {@code Blip2ForImageTextRetrieval}.
 */
public final class ImageTextHeads {
  /** How a photo's many queries make one similarity. */
  public enum Similarity {
    /** The best fitting query's (the paper). */
    BEST,
    /** The mean over the queries. */
    MEAN,
    /** That of the photo's vector as a whole, the direction of the queries' mean: queries needn't each say the same for it. */
    WHOLE
  }

  private final Linear image;
  private final Linear text;
  private final Tensor logScale;

  /**
   * @param hidden size of the Q-Former
   * @param size of the space
   */
  public ImageTextHeads(int hidden, int size, Weights weights) {
    image = weights.linear("vision_projection", hidden, size);
    text = weights.linear("text_projection", hidden, size);
    logScale = weights.get(Weights.Kind.TABLE, "logit_scale", 1);
  }

  /** {@code [batch, queries, hidden]} to unit vectors {@code [batch, queries, size]}, fp32. */
  public Tensor images(Tensor queries) {
    return unit(image.apply(queries));
  }

  /** {@code [batch, tokens, hidden]}, of which the first token counts, to unit vectors {@code [batch, size]}, fp32. */
  public Tensor texts(Tensor states) {
    return unit(text.apply(states.select(1, 0)));
  }

  /** What cosines are multiplied with, one over the temperature; at most 100. */
  public Tensor scale() {
    return logScale.exp().clamp_max(new Scalar(100.0));
  }

  /**
   * Cosines of all photos with all texts.
   *
   * @param images unit vectors {@code [images, queries, size]}
   * @param texts unit vectors {@code [texts, size]}
   * @return {@code [images, texts]}
   */
  public static Tensor similarity(Tensor images, Tensor texts, Similarity kind) {
    return Scope.of(
        () ->
            switch (kind) {
              case BEST ->
                  torch.matmul(images.flatten(0, 1), texts.t())
                      .view(images.size(0), images.size(1), texts.size(0))
                      .amax(new long[] {1}, false);
              // The mean of products is the product with the mean.
              case MEAN -> torch.matmul(images.mean(1), texts.t());
              case WHOLE -> torch.matmul(unit(images.mean(1)), texts.t());
            });
  }

  private static Tensor unit(Tensor x) {
    Tensor wide = x.to(ScalarType.Float);
    Tensor norm = wide.norm(new ScalarOptional(new Scalar(2.0)), new long[] {-1}, true).clamp_min(new Scalar(1e-12));
    return wide.div(norm);
  }
}
