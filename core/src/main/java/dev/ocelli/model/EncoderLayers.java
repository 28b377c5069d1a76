package dev.ocelli.model;

import dev.ocelli.nn.Tensors;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;

/**
 * Which layers of an encoder are looked at. Each goes through the encoder's last norm, as in DINOv2's own {@code get_intermediate_layers}
 * and in transformers' {@code Dinov2Backbone}.
 *
 * @param last so many, counted from the end
 * @param join how several become one
 */
public record EncoderLayers(int last, Join join) {
  /** The last layer alone. */
  public static final EncoderLayers LAST = new EncoderLayers(1, Join.HIDDEN);

  /** How several layers' features become one. */
  public enum Join {
    /** Longer vectors: {@code [batch, tokens, layers * hidden]}. */
    HIDDEN,
    /** More vectors: {@code [batch, layers * tokens, hidden]}. */
    TOKENS
  }

  /** @param layers each {@code [batch, tokens, hidden]}, the encoder's order */
  Tensor join(List<Tensor> layers) {
    return layers.size() == 1 ? layers.get(0) : Tensors.cat(join == Join.HIDDEN ? 2 : 1, layers.toArray(Tensor[]::new));
  }

  /** How many times longer vectors are. */
  int width() {
    return join == Join.HIDDEN ? last : 1;
  }

  /** How many times more vectors there are. */
  int rounds() {
    return join == Join.TOKENS ? last : 1;
  }

  /** What stores of features are told apart by; nothing for the last layer alone. */
  String fingerprint() {
    return last == 1 ? "" : "; layers=" + last + " join=" + join.name().toLowerCase(Locale.ROOT);
  }
}
