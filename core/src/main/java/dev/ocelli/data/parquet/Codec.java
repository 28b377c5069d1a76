package dev.ocelli.data.parquet;

import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.snappy.SnappyDecompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.zip.GZIPInputStream;

/** How pages are compressed. */
final class Codec {
  private Codec() {}

  /**
   * The bytes that {@code from} on, {@code length} long, unpack to.
   *
   * @param codec Parquet's number of it
   * @param size of the result
   */
  static byte[] unpack(int codec, byte[] in, int from, int length, int size) throws IOException {
    byte[] out = new byte[size];
    int got =
        switch (codec) {
          case 0 -> {
            System.arraycopy(in, from, out, 0, size);
            yield size;
          }
          case 1 -> new SnappyDecompressor().decompress(in, from, length, out, 0, size);
          case 2 -> {
            try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(in, from, length))) {
              yield gzip.readNBytes(out, 0, size);
            }
          }
          case 6 -> new ZstdDecompressor().decompress(in, from, length, out, 0, size);
          case 7 -> new Lz4Decompressor().decompress(in, from, length, out, 0, size);
          default -> throw new IOException("its pages are compressed by " + name(codec) + "; none, snappy, gzip, zstd and lz4_raw are known");
        };
    if (got != size) {
      throw new IOException("a page unpacks to " + got + " bytes, not " + size);
    }
    return out;
  }

  private static String name(int codec) {
    return switch (codec) {
      case 3 -> "lzo";
      case 4 -> "brotli";
      case 5 -> "lz4 of Hadoop";
      default -> "codec " + codec;
    };
  }
}
