package dev.ocelli.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers that lie, and files with random damage: each ends in a message, never in a crash or in wrong numbers from outside. */
class HeaderTest {
  @TempDir Path folder;

  private Path safetensors(String header, int data) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer out = ByteBuffer.allocate(8 + json.length + data).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json);
    return Files.write(folder.resolve("lying.safetensors"), out.array());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 4 | tensor a",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 9 | ends at byte",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | 8 | gives tensor a 8 bytes",
        "{'a':{'dtype':'F33','shape':[2],'data_offsets':[0,8]}} | 8 | dtype F33",
        "{'a':{'dtype':'Q8_0','shape':[32],'data_offsets':[0,34]}} | 34 | dtype Q8_0",
        "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | 8 | shape [-2]",
        "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}} | 8 | shape [2.0]",
        "{'a':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,8]}} | 8 | beyond 2^63",
        "{'a':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,8]}} | 8 | tensor a",
        "{'a':{'dtype':'F32','shape':2,'data_offsets':[0,8]}} | 8 | shape 2",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | 8 | data_offsets [8, 0]",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8,9]}} | 9 | data_offsets",
        "{'a':{'dtype':'F32','shape':[2]}} | 8 | exactly dtype",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},"
            + "'b':{'dtype':'F32','shape':[1],'data_offsets':[2,6]}} | 6 | overlaps before tensor b",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},"
            + "'b':{'dtype':'F32','shape':[1],'data_offsets':[6,10]}} | 10 | has a hole before tensor b",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | 8 | Duplicate",
        "{'__metadata__':{'x':1}} | 0 | __metadata__ value",
        "[1,2] | 0 | begin with '{'",
        "{'a' | 0 | no valid JSON",
        "{} {} | 0 | no valid JSON",
      })
  void lyingSafetensorsAreRefused(String header, int data, String message) throws IOException {
    Path file = safetensors(message.startsWith("begin") ? header : header.replace('\'', '"'), data);
    assertThatThrownBy(() -> Safetensors.open(file))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("lying.safetensors")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 0, 1, 100_000_001, Long.MAX_VALUE, 11})
  void lyingHeaderLengthsAreRefused(long length) throws IOException {
    ByteBuffer out = ByteBuffer.allocate(18).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    Path file = Files.write(folder.resolve("length.safetensors"), out.array());
    assertThatThrownBy(() -> Safetensors.open(file)).isInstanceOf(UserError.class).hasMessageContaining("header");
  }

  @Test
  void shardsOutsideTheirFolderAreRefused() throws IOException {
    Path index = Files.writeString(folder.resolve("x.safetensors.index.json"), "{\"weight_map\":{\"a\":\"../a.safetensors\"}}");
    assertThatThrownBy(() -> Safetensors.open(index)).isInstanceOf(UserError.class).hasMessageContaining("tensor a");
    Path empty = Files.writeString(folder.resolve("y.safetensors.index.json"), "{}");
    assertThatThrownBy(() -> Safetensors.open(empty)).isInstanceOf(UserError.class).hasMessageContaining("weight_map");
  }

  @Test
  void missingFilesAndFoldersAreNamed() {
    Path missing = folder.resolve("missing");
    assertThatThrownBy(() -> Safetensors.open(missing)).isInstanceOf(UserError.class).hasMessageContaining("no such file");
    assertThatThrownBy(() -> Gguf.open(folder)).isInstanceOf(UserError.class).hasMessageContaining("is a folder");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "GGUF", "GGUF\3\0\0\0", "GGUF\1\0\0\0", "GGUF\3\0\0\0\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7"})
  void brokenOffGgufIsRefused(String content) throws IOException {
    Path file = Files.write(folder.resolve("short.gguf"), content.getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> Gguf.open(file)).isInstanceOf(UserError.class).hasMessageContaining("short.gguf");
  }

  @Test
  void truncatedGgufNamesTheTensorThatIsCut() throws IOException {
    byte[] whole = Files.readAllBytes(Goldens.path("quants.gguf"));
    Path file = Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(whole, whole.length - 64));
    assertThatThrownBy(() -> Gguf.open(file)).isInstanceOf(UserError.class).hasMessageContaining("tensor bf16");
  }

  @Test
  void emptyOrForeignOnnxIsRefused() throws IOException {
    Path empty = Files.write(folder.resolve("empty.onnx"), new byte[0]);
    assertThatThrownBy(() -> Onnx.open(empty)).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> Onnx.open(Goldens.path("llama.gguf"))).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> Dinov2Onnx.asTransformers(Onnx.open(Goldens.path("small.onnx"))))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("position table");
  }

  @Test
  void damageAnywhereEndsInAMessage() throws IOException {
    fuzz("dtypes.safetensors", 1600, 500, Safetensors::open);
    fuzz("sharded.safetensors.index.json", 195, 200, Safetensors::open);
    fuzz("quants.gguf", 1400, 400, Gguf::open);
    fuzz("llama.gguf", 1200, 400, file -> {
      Gguf gguf = Gguf.open(file);
      LlamaGguf.config(gguf);
      return LlamaGguf.asTransformers(gguf);
    });
    fuzz("small.onnx", 571, 600, Onnx::open);
    fuzz("external.onnx", 538, 200, file -> Dinov2Onnx.asTransformers(Onnx.open(file)));
  }

  /** Changes 1 to 4 of the first {@code head} bytes, or cuts the file; then opens it and reads all there is. */
  private void fuzz(String golden, int head, int rounds, Function<Path, TensorFile> open) throws IOException {
    byte[] whole = Files.readAllBytes(Goldens.path(golden));
    Random random = new Random(7);
    int[] refused = {0};
    for (int round = 0; round < rounds; round++) {
      byte[] damaged = random.nextInt(8) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
      for (int i = random.nextInt(4); i >= 0 && damaged.length > 0; i--) {
        damaged[random.nextInt(Math.min(head, damaged.length))] = (byte) random.nextInt(256);
      }
      Path file = Files.write(folder.resolve(golden), damaged);
      assertThatCode(() -> {
        try (TensorFile opened = open.apply(file)) {
          opened.metadata();
          for (String name : opened.names()) {
            assertThat((long) opened.floats(name).length).isEqualTo(opened.info(name).elements());
          }
        } catch (UserError e) {
          refused[0]++;
          assertThat(e.getMessage()).contains(folder.toString()).hasSizeLessThan(1000);
        }
      }).as("round %d of %s", round, golden).doesNotThrowAnyException();
    }
    assertThat(refused[0]).as("refusals of %s", golden).isGreaterThan(rounds / 20);
  }
}
