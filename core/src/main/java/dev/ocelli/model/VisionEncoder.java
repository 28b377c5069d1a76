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

  /** Where the tokens of {@link #forward} lie in a picture of that size. */
  Grid grid(int height, int width);

  /**
   * Patches, row by row from the top left, which is the picture's.
   *
   * @param before tokens before them that stand for no place: a class token
   * @param side of each patch, in pixels
   */
  record Grid(int before, int rows, int columns, int side) {
    public int patches() {
      return rows * columns;
    }
  }
}
