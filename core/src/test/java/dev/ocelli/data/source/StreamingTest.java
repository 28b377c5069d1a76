package dev.ocelli.data.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** 200,000 rows and more go through a source without staying in memory. */
@Tag("long")
final class StreamingTest {
  private static final int ROWS = 200_000;
  private static final Path SHARD = Path.of("src/test/resources/sources/datasets/data/train-00000-of-00002.parquet");

  @TempDir Path dir;

  /** Reads all of it, and looks at the heap early and late. */
  private void streams(String what) {
    PairSource source = PairSource.open(dir);
    long[] rows = {0};
    long[] early = {0};
    long[] most = {0};
    source.read(
        pair -> {
          rows[0]++;
          if (rows[0] % 20_000 == 0) {
            long used = used();
            early[0] = rows[0] == 20_000 ? used : early[0];
            most[0] = Math.max(most[0], used);
          }
        });
    System.out.printf("%s: %d rows, %.1f MB of heap after 20,000, at most %.1f MB later%n", what, rows[0], early[0] / 1e6, most[0] / 1e6);
    assertThat(rows[0]).isGreaterThanOrEqualTo(ROWS);
    // 180,000 rows more would take at least 100 bytes each, that is 18 MB, if anything of them stayed.
    assertThat(most[0] - early[0]).as(what).isLessThan(3_000_000);
  }

  private static long used() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  private void text(String name, String header, String row) throws IOException {
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(dir.resolve(name)))) {
      out.print(header);
      for (int i = 0; i < ROWS; i++) {
        out.printf(row, i / 5, i);
      }
    }
  }

  @Test
  void tables() throws IOException {
    text("captions.csv", "image,caption\n", "photo-%d.jpg,\"caption %d, of a photo\"\n");
    streams("CSV");
  }

  @Test
  void jsonLines() throws IOException {
    text("captions.jsonl", "", "{\"image\": \"photo-%d.jpg\", \"caption\": \"caption %d of a photo\"}\n");
    streams("JSONL");
  }

  @Test
  void tokens() throws IOException {
    text("all.token.txt", "", "photo-%d.jpg#0\tcaption %d of a photo\n");
    streams("Flickr tokens");
  }

  @Test
  void tars() throws IOException {
    byte[] picture = new byte[3000];
    try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(dir.resolve("all.tar")));
        TarArchiveOutputStream out = new TarArchiveOutputStream(file)) {
      for (int i = 0; i < ROWS; i++) {
        entry(out, String.format("%08d.jpg", i), picture);
        entry(out, String.format("%08d.txt", i), ("caption " + i).getBytes(StandardCharsets.UTF_8));
      }
    }
    streams("WebDataset");
  }

  private static void entry(TarArchiveOutputStream out, String name, byte[] bytes) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(bytes.length);
    out.putArchiveEntry(entry);
    out.write(bytes);
    out.closeArchiveEntry();
  }

  /** The name of each picture is kept, once: here all shards have the same. */
  @Test
  void parquet() throws IOException {
    for (int i = 0; i < ROWS / 6 + 1; i++) {
      Files.createSymbolicLink(dir.resolve(String.format("train-%06d.parquet", i)), SHARD.toAbsolutePath());
    }
    streams("Parquet");
  }
}
