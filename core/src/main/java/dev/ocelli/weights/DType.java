package dev.ocelli.weights;

/**
 * How the numbers of a tensor are stored. Plain types hold one number in a fixed count of bytes; block types (GGUF) hold 32 or 256
 * numbers of one row together with their scales. Names are those of the safetensors format, and of ggml for the blocks.
 */
public enum DType {
  F64(1, 8),
  F32(1, 4),
  F16(1, 2),
  BF16(1, 2),
  I64(1, 8),
  I32(1, 4),
  I16(1, 2),
  I8(1, 1),
  U8(1, 1),
  BOOL(1, 1),
  U16(1, 2),
  U32(1, 4),
  U64(1, 8),
  F8_E4M3(1, 1),
  F8_E5M2(1, 1),
  Q8_0(32, 34),
  Q4_0(32, 18),
  Q4_1(32, 20),
  Q5_0(32, 22),
  Q5_1(32, 24),
  Q4_K(256, 144),
  Q5_K(256, 176),
  Q6_K(256, 210);

  private final int blockElements;
  private final int blockBytes;

  DType(int blockElements, int blockBytes) {
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /** Numbers in one block: 1 for a plain type. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of one block, so of one number for a plain type. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Whether numbers share scales in blocks. */
  public boolean quantised() {
    return blockElements > 1;
  }

  /**
   * Bytes that this many numbers take.
   *
   * @throws ArithmeticException beyond 2^63 bytes
   * @throws IllegalArgumentException where the numbers don't fill whole blocks
   */
  public long byteSize(long elements) {
    if (elements < 0 || elements % blockElements != 0) {
      throw new IllegalArgumentException(this + " holds blocks of " + blockElements + " numbers, not " + elements + " numbers");
    }
    return Math.multiplyExact(elements / blockElements, (long) blockBytes);
  }
}
