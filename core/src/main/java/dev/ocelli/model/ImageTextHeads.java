package dev.ocelli.model;

import dev.ocelli.nn.Linear;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.util.List;
import java.util.stream.Stream;
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

  private final int size;
  private final Linear image;
  private final Linear text;
  private final Linear glance;
  private final Linear glanceText;
  private final Tensor logScale;

  /**
   * @param qformer its size, and whether it has a {@link Glance}. That is compared in a space of its own, with the mean of a text's tokens:
   *     vectors then have two halves, and their cosine is the mean of those of both
   * @param size of the space, or of each of both
   */
  public ImageTextHeads(QFormer.Config qformer, int size, Weights weights) {
    this.size = size;
    int hidden = qformer.hidden();
    image = weights.linear("vision_projection", hidden, size);
    text = weights.linear("text_projection", hidden, size);
    glance = qformer.glance() ? weights.linear("glance_projection", hidden, size) : null;
    glanceText = qformer.glance() ? weights.linear("glance_text_projection", hidden, size) : null;
    logScale = weights.get(Weights.Kind.TABLE, "logit_scale", 1);
  }

  /** {@code [batch, vectors, hidden]} to unit vectors {@code [batch, queries, size]}, with a glance {@code [batch, queries, 2 * size]}, fp32. */
  public Tensor images(Tensor states) {
    if (glance == null) {
      return unit(image.apply(states));
    }
    long queries = states.size(1) - 1;
    Tensor seen = unit(image.apply(states.narrow(1, 0, queries)));
    return halves(seen, looked(states.narrow(1, queries, 1)).expand(-1, queries, -1));
  }

  /**
   * The first token's state, and beside it with a glance the mean of all real ones'.
   *
   * @param states {@code [batch, tokens, hidden]}
   * @param real true where a token is none of the padding, {@code [batch, tokens]}
   * @return unit vectors {@code [batch, size]}, with a glance {@code [batch, 2 * size]}, fp32
   */
  public Tensor texts(Tensor states, Tensor real) {
    Tensor first = unit(text.apply(states.select(1, 0)));
    if (glanceText == null) {
      return first;
    }
    return halves(first, told(mean(states, real)));
  }

  /** A glance's half alone: {@code [..., hidden]} to unit vectors {@code [..., size]}, fp32. */
  public Tensor looked(Tensor seen) {
    return unit(glance.apply(seen));
  }

  /** What it is compared with: {@link #mean} of a text, {@code [batch, hidden]}, to unit vectors {@code [batch, size]}, fp32. */
  public Tensor told(Tensor mean) {
    return unit(glanceText.apply(mean));
  }

  /** Of the real tokens' states: {@code [batch, tokens, hidden]} to {@code [batch, hidden]}, fp32. */
  public static Tensor mean(Tensor states, Tensor real) {
    Tensor counts = real.unsqueeze(2).to(ScalarType.Float);
    return states.mul(counts).sum(1).div(counts.sum(1));
  }

  private static Tensor halves(Tensor first, Tensor second) {
    return Tensors.scale(Tensors.cat(-1, first, second), Math.sqrt(0.5));
  }

  /**
   * Cosines of what queries, and of what the glance saw, each by itself: contrast has each of them learn as if there were no other, since two
   * that only have to be right together make the same mistakes.
   *
   * @param images as {@link #images} gives
   * @param texts as {@link #texts} gives
   * @return one or two of {@code [images, texts]}
   */
  public List<Tensor> apart(Tensor images, Tensor texts, Similarity kind) {
    if (glance == null) {
      return List.of(cosines(images, texts, kind));
    }
    return Stream.of(0, size).map(from -> cosines(half(images, from), half(texts, from), kind)).toList();
  }

  private Tensor half(Tensor vectors, int from) {
    return Tensors.scale(vectors.narrow(-1, from, size), Math.sqrt(2));
  }

  /**
   * Photos as a whole: the direction of their vectors' mean, of each half by itself.
   *
   * @param images as {@link #images} gives
   * @return unit vectors {@code [images, size]}, with a glance {@code [images, 2 * size]}
   */
  public Tensor whole(Tensor images) {
    if (glance == null) {
      return unit(images.mean(1));
    }
    return halves(unit(half(images, 0).mean(1)), half(images, size).select(1, 0));
  }

  /** Of how many parts a vector is, each of which has a cosine of its own. */
  public int halves() {
    return glance == null ? 1 : 2;
  }

  /** How many numbers a vector has. */
  public int width() {
    return halves() * size;
  }

  /** A temperature as {@code logit_scale} keeps it, {@code [1]}. */
  public static Tensor logScale(double temperature) {
    return Tensors.of(new float[] {(float) Math.log(1 / temperature)}, 1);
  }

  /** What cosines are multiplied with, one over the temperature; at most 100. */
  public Tensor scale() {
    return logScale.exp().clamp_max(new Scalar(100.0));
  }

  /**
   * Cosines of all photos with all texts.
   *
   * @param images as {@link #images} gives
   * @param texts as {@link #texts} gives
   * @return {@code [images, texts]}
   */
  public Tensor similarity(Tensor images, Tensor texts, Similarity kind) {
    return kind == Similarity.WHOLE ? Scope.of(() -> torch.matmul(whole(images), texts.t())) : cosines(images, texts, kind);
  }

  private static Tensor cosines(Tensor images, Tensor texts, Similarity kind) {
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
