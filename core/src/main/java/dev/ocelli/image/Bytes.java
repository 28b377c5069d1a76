package dev.ocelli.image;

/** Numbers and signatures in file headers; the caller has checked that they lie within the array, {@code startsWith} does so itself. */
final class Bytes {
  private Bytes() {}

  static boolean startsWith(byte[] b, int at, int... expected) {
    if (at + expected.length > b.length) {
      return false;
    }
    for (int i = 0; i < expected.length; i++) {
      if ((b[at + i] & 255) != expected[i]) {
        return false;
      }
    }
    return true;
  }

  static int be16(byte[] b, int at) {
    return (b[at] & 255) << 8 | b[at + 1] & 255;
  }

  static int le16(byte[] b, int at) {
    return (b[at + 1] & 255) << 8 | b[at] & 255;
  }

  static int be32(byte[] b, int at) {
    return be16(b, at) << 16 | be16(b, at + 2);
  }

  static int le32(byte[] b, int at) {
    return le16(b, at + 2) << 16 | le16(b, at);
  }
}
