package dev.ocelli.data.parquet;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads Thrift's compact protocol, in which Parquet writes its footer and page headers. A struct is a map by field number; whole numbers
 * are Long, text and bytes {@code byte[]}.
 */
final class Thrift {
  private static final int MOST_DEPTH = 32;

  private final ByteBuffer in;

  /** @param in read from its position on, which ends behind the struct */
  Thrift(ByteBuffer in) {
    this.in = in.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The next struct. Throws BufferUnderflowException where the bytes end, IllegalArgumentException where they make no sense. */
  Map<Integer, Object> struct() {
    return struct(0);
  }

  private Map<Integer, Object> struct(int depth) {
    if (depth > MOST_DEPTH) {
      throw new IllegalArgumentException("structs nested deeper than " + MOST_DEPTH);
    }
    Map<Integer, Object> fields = new HashMap<>();
    int id = 0;
    for (int head = in.get() & 255; head != 0; head = in.get() & 255) {
      id = head >> 4 == 0 ? (int) zigzag() : id + (head >> 4);
      int type = head & 15;
      fields.put(id, type <= 2 ? (Object) (type == 1) : value(type, depth));
    }
    return fields;
  }

  private Object value(int type, int depth) {
    return switch (type) {
      case 1, 2 -> in.get() == 1;
      case 3 -> (long) in.get();
      case 4, 5, 6 -> zigzag();
      case 7 -> in.getDouble();
      case 8 -> {
        byte[] bytes = new byte[size(varint())];
        in.get(bytes);
        yield bytes;
      }
      case 9, 10 -> list(depth);
      case 12 -> struct(depth + 1);
      default -> throw new IllegalArgumentException("a field of type " + type);
    };
  }

  private List<Object> list(int depth) {
    int head = in.get() & 255;
    int size = head >> 4 == 15 ? size(varint()) : head >> 4;
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      values.add(value(head & 15, depth + 1));
    }
    return values;
  }

  /** A size that the bytes left can hold. */
  private int size(long size) {
    if (size < 0 || size > in.remaining()) {
      throw new BufferUnderflowException();
    }
    return (int) size;
  }

  private long zigzag() {
    long n = varint();
    return n >>> 1 ^ -(n & 1);
  }

  private long varint() {
    return varint(in);
  }

  /** Seven bits a byte, the lowest first. */
  static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte b = in.get();
      value |= (b & 127L) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number of more than 64 bits");
  }
}
