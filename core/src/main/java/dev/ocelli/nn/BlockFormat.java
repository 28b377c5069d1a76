package dev.ocelli.nn;

/** How {@link BlockMatrix} holds its numbers: in blocks of 32 along a row, as ggml's Q4_1 and Q8_0 do, or as they are. */
public enum BlockFormat {
  /** Four bits a number, with a scale and a least value a block: 5 bits in all. */
  INT4,
  /** Eight bits a number, with a scale a block: 8.5 bits in all. */
  INT8,
  /** Each number the nearest bf16. */
  BF16,
  /** Each number as it is, in fp32 or in the narrowest of the others that loses nothing: the form that a matrix was saved in. */
  FP32;

  /** Whether numbers are codes of a few bits, to be scaled. */
  public boolean quantised() {
    return this == INT4 || this == INT8;
  }
}
