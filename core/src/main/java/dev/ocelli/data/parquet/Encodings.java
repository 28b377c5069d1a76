package dev.ocelli.data.parquet;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Parquet's encodings of numbers and of byte arrays. Damaged bytes give BufferUnderflow-, IndexOutOfBounds- or IllegalArgumentException. */
final class Encodings {
  private Encodings() {}

  /**
   * Runs of one value and bit-packed groups of eight, mixed (RLE): levels, and places in a dictionary.
   *
   * @param width bits a value
   */
  static int[] runs(ByteBuffer in, int width, int count) {
    int[] values = new int[count];
    if (width == 0) {
      return values;
    }
    for (int at = 0; at < count; ) {
      long head = Thrift.varint(in);
      if ((head & 1) == 0) {
        int value = 0;
        for (int i = 0; i < (width + 7) / 8; i++) {
          value |= (in.get() & 255) << 8 * i;
        }
        int end = (int) Math.min(count, at + (head >>> 1));
        if (end == at) {
          throw new IllegalArgumentException("an empty run");
        }
        Arrays.fill(values, at, end, value);
        at = end;
      } else {
        int packed = (int) Math.min(count - at, (head >>> 1) * 8);
        if (packed <= 0) {
          throw new IllegalArgumentException("an empty run");
        }
        int end = (int) Math.min(in.limit(), in.position() + (head >>> 1) * width);
        unpack(in, width, values, at, packed);
        in.position(end);
        at += packed;
      }
    }
    return values;
  }

  private static void unpack(ByteBuffer in, int width, int[] values, int from, int count) {
    long bits = 0;
    int held = 0;
    for (int i = 0; i < count; i++) {
      while (held < width) {
        bits |= (in.get() & 255L) << held;
        held += 8;
      }
      values[from + i] = (int) (bits & (1L << width) - 1);
      bits >>>= width;
      held -= width;
    }
  }

  /** Each value behind its length of four bytes (PLAIN). */
  static byte[][] plain(ByteBuffer in, int count) {
    in.order(ByteOrder.LITTLE_ENDIAN);
    if (count > in.remaining() / 4) {
      throw new BufferUnderflowException();
    }
    byte[][] values = new byte[count][];
    for (int i = 0; i < count; i++) {
      values[i] = bytes(in, in.getInt());
    }
    return values;
  }

  /** All lengths, then all bytes (DELTA_LENGTH_BYTE_ARRAY). */
  static byte[][] deltaLength(ByteBuffer in, int count) {
    int[] lengths = delta(in, count);
    byte[][] values = new byte[count][];
    for (int i = 0; i < count; i++) {
      values[i] = bytes(in, lengths[i]);
    }
    return values;
  }

  /** How much of the value before each begins with, then the rest of each (DELTA_BYTE_ARRAY). */
  static byte[][] deltaBytes(ByteBuffer in, int count) {
    int[] shared = delta(in, count);
    byte[][] values = deltaLength(in, count);
    for (int i = 1; i < count; i++) {
      if (shared[i] < 0 || shared[i] > values[i - 1].length) {
        throw new IllegalArgumentException("a value that shares " + shared[i] + " bytes with one of " + values[i - 1].length);
      }
      byte[] whole = Arrays.copyOf(values[i - 1], shared[i] + values[i].length);
      System.arraycopy(values[i], 0, whole, shared[i], values[i].length);
      values[i] = whole;
    }
    return values;
  }

  /** Differences from the value before, in bit-packed blocks (DELTA_BINARY_PACKED). */
  private static int[] delta(ByteBuffer in, int count) {
    int block = (int) Thrift.varint(in);
    int minis = (int) Thrift.varint(in);
    int total = (int) Thrift.varint(in);
    long value = zigzag(in);
    if (total != count || minis < 1 || block < minis || block > 1 << 20) {
      throw new IllegalArgumentException(total + " differences for " + count + " values");
    }
    int[] values = new int[total];
    int per = block / minis;
    int[] deltas = new int[per];
    int at = 0;
    if (total > 0) {
      values[at++] = (int) value;
    }
    while (at < total) {
      long least = zigzag(in);
      byte[] widths = bytes(in, minis);
      for (int mini = 0; mini < minis && at < total; mini++) {
        int end = in.position() + per / 8 * widths[mini];
        Arrays.fill(deltas, 0);
        unpack(in, widths[mini], deltas, 0, per);
        in.position(end);
        for (int i = 0; i < per && at < total; i++) {
          value += least + (deltas[i] & 0xFFFFFFFFL);
          values[at++] = (int) value;
        }
      }
    }
    return values;
  }

  private static long zigzag(ByteBuffer in) {
    long n = Thrift.varint(in);
    return n >>> 1 ^ -(n & 1);
  }

  private static byte[] bytes(ByteBuffer in, int length) {
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }
}
