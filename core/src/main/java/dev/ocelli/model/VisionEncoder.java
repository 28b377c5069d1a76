package dev.ocelli.model;

import org.bytedeco.pytorch.Tensor;

/** What turns a photo into feature vectors. Frozen: Ocelli never trains it. */
public sealed interface VisionEncoder permits Vit, ResNet {
  /** Size of each feature vector. */
  int hidden();

  /** How many numbers the encoder has learnt. */
  long parameters();

  /**
   * @param pixels normalised as the encoder's preprocessing says, {@code [batch, 3, height, width]}
   * @return {@code [batch, tokens, hidden]}
   */
  Tensor forward(Tensor pixels);
}
