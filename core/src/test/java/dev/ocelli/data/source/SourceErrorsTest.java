package dev.ocelli.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.SplitSettings;
import dev.ocelli.data.Utf8Reader;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong with people's files, said with the file and the place. */
final class SourceErrorsTest {
  private static final Path SOURCES = Path.of("src/test/resources/sources");

  @TempDir Path dir;

  private void refused(String name, String content, String... words) throws IOException {
    Path file = Files.writeString(dir.resolve(name), content);
    assertThatThrownBy(() -> CaptionFolder.read(file, new SplitSettings(0.1, 0.1, 1)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(name)
        .hasMessageContainingAll(words);
  }

  @Test
  void coco() throws IOException {
    refused("a.json", "{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\"}], \"annotations\": [{\"image_id\": 2, \"caption\": \"x\"}]}",
        "annotation 1", "\"2\"");
    refused("a.json", "{\"images\": [{\"id\": 1}], \"annotations\": [{\"image_id\": 1, \"caption\": \"x\"}]}", "image 1", "file_name");
    refused("a.json", "{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\"}], \"annotations\": [{\"image_id\": 1, \"caption\": \"x\"}, ", "line 1");
  }

  @Test
  void conversations() throws IOException {
    String start = "[{\"image\": \"a.jpg\", \"conversations\": [{\"from\": \"human\", \"value\": \"<image> What?\"}";
    refused("a.json", start + "]}]", "item 1", "without an answer");
    refused("a.json", start + ", {\"from\": \"human\", \"value\": \"And?\"}]}]", "item 1", "two questions");
    refused("a.json", start + ", {\"from\": \"robot\", \"value\": \"x\"}]}]", "item 1", "\"robot\"");
    refused("a.json", start + ", {\"from\": \"gpt\", \"value\": \"x\"}]}]", "no photo with a caption", "1 conversations");
  }

  @Test
  void jsonLines() throws IOException {
    refused("a.jsonl", "{\"image\": \"a.jpg\", \"caption\": \"x\"}\n\n{\"image\": \"a.jpg\"}\n", "line 3", "no caption");
    refused("a.jsonl", "{\"image\": \"a.jpg\", \"caption\": \"x\"}\n{\"caption\": \"y\"}\n", "line 2", "no image");
    refused("a.jsonl", "{\"image\": \"a.jpg\", \"caption\": \"x\"}\n{\"image\": \n", "line", "not JSON");
    refused("a.jsonl", "{\"image\": \"../a.jpg\", \"caption\": \"x\"}\n", "line 1", "../a.jpg");
  }

  @Test
  void tokens() throws IOException {
    refused("a.token", "a.jpg#0\tx\nb.jpg y\n", "line 2", "b.jpg y");
  }

  @Test
  void tars() throws IOException {
    byte[] whole = Files.readAllBytes(SOURCES.resolve("webdataset/train-000000.tar"));
    Path tar = dir.resolve("cut.tar");
    Files.write(tar, Arrays.copyOf(whole, 1700));
    assertThatThrownBy(() -> PairSource.open(tar).read(pair -> {})).isInstanceOf(UserError.class).hasMessageContainingAll("cut.tar", "Copy it again");
    Files.writeString(tar, "no tar at all ".repeat(100));
    assertThatThrownBy(() -> PairSource.open(tar).read(pair -> {})).isInstanceOf(UserError.class).hasMessageContaining("cut.tar");
    Files.delete(tar);
    Files.writeString(dir.resolve("a.tar.gz"), "");
    assertThatThrownBy(() -> PairSource.open(dir)).isInstanceOf(UserError.class).hasMessageContaining("gunzip");
  }

  @Test
  void unknown() throws IOException {
    refused("a.docx", "x", "no known format");
    Files.delete(dir.resolve("a.docx"));
    assertThatThrownBy(() -> PairSource.open(dir)).isInstanceOf(UserError.class).hasMessageContainingAll("captions.csv", "WebDataset");
    assertThatThrownBy(() -> PairSource.open(dir.resolve("gone"))).isInstanceOf(UserError.class).hasMessageContaining("gone");
  }

  @Test
  void textIsReadAcrossBuffers() throws IOException {
    String text = "aé猫🐕\n".repeat(40_000) + "end";
    Path file = Files.writeString(dir.resolve("a.txt"), "\uFEFF" + text);
    StringBuilder read = new StringBuilder();
    try (Reader in = new Utf8Reader(file)) {
      char[] some = new char[7];
      for (int n = in.read(some); n >= 0; n = in.read(some)) {
        read.append(some, 0, n);
      }
    }
    assertThat(read.toString().equals(text)).isTrue();
    Files.write(file, new byte[] {'a', '\n', 'b', (byte) 0xC3});
    assertThatThrownBy(() -> new Utf8Reader(file).transferTo(java.io.Writer.nullWriter())).hasMessageContainingAll("row 2", "0xC3");
  }
}
