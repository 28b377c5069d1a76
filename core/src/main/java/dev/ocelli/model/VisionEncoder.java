package dev.ocelli.model;

import org.bytedeco.pytorch.Tensor;

/** What turns a photo into feature vectors. Frozen: Ocelli never trains it. */
public sealed interface VisionEncoder permits Vit, ResNet {
  /** Size of each feature vector. */
  int hidden();

  /** Which layers the features are of. */
  EncoderLayers layers();

  /**
   * What falls on the patches of the picture, row by row, of what falls on the tokens: of a class token nothing does, and several layers'
   * shares add up.
   *
   * @param tokens {@code [tokens]}
   */
  float[] onPatches(float[] tokens);

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
