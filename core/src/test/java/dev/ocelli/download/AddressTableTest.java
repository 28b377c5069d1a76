package dev.ocelli.download;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTableTest {
  @TempDir Path dir;

  /** Whether the first line names columns or not, and whichever column comes first. */
  @ParameterizedTest
  @ValueSource(strings = {"caption\turl\na dog\thttp://a/1\n", "a dog\thttp://a/1\n", "http://a/1\ta dog\n", "url\tcaption\r\nhttp://a/1\ta dog"})
  void aByteOrderMarkBelongsToNoRow(String text) throws IOException {
    Path file = Files.writeString(dir.resolve("table.tsv"), "\uFEFF" + text);
    List<AddressTable.Row> rows = new ArrayList<>();
    AddressTable.open(file, Integer.MAX_VALUE, 1).forEach(rows::add);
    assertThat(rows).containsExactly(new AddressTable.Row(0, "a dog", "http://a/1"));
  }
}
