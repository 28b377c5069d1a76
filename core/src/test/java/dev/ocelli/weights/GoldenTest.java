package dev.ocelli.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.UserError;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Readers against what the Python libraries read; each comparison is shown to fail on a wrong byte or a skipped step. */
class GoldenTest {
  @TempDir Path folder;

  @Test
  void safetensorsOfEveryDtypeReadAsPyTorchReadsThem() {
    try (TensorFile actual = Safetensors.open(Goldens.path("dtypes.safetensors"));
        TensorFile expected = Safetensors.open(Goldens.path("dtypes-expected.safetensors"))) {
      assertThat(actual.names()).hasSize(18).containsAll(expected.names());
      assertThat(Goldens.worst(actual, expected)).isZero();
      assertThat(actual.metadata()).containsEntry("note", "käse");
      assertThat(actual.info("f64")).isEqualTo(new TensorInfo("f64", DType.F64, new long[] {2, 3, 4}));
      assertThat(actual.info("scalar").shape()).isEmpty();
      assertThat(actual.floats("empty")).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"f64", "f32", "f16", "bf16", "f8_e4m3", "f8_e5m2", "i64", "i32", "i16", "i8", "u64", "u32", "u16", "u8", "bool"})
  void oneWrongByteOfAnyDtypeShows(String name) throws IOException {
    assertMutationShows("dtypes.safetensors", "dtypes-expected.safetensors", name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q4_k", "q5_k", "q6_k", "f32", "f16", "bf16"})
  void oneWrongByteOfAnyGgufTypeShows(String name) throws IOException {
    assertMutationShows("quants.gguf", "quants-expected.safetensors", name);
  }

  /** Flips bits of the high byte (low ones of an F64 don't reach fp32) of the first, middle and last number, each in a copy of the file. */
  private void assertMutationShows(String golden, String expectedGolden, String name) throws IOException {
    byte[] file = Files.readAllBytes(Goldens.path(golden));
    byte[] tensor;
    int size;
    try (TensorFile original = open(Goldens.path(golden))) {
      ByteBuffer bytes = original.bytes(name);
      tensor = new byte[bytes.remaining()];
      bytes.get(tensor);
      size = original.info(name).dtype().quantised() ? 1 : original.info(name).dtype().blockBytes();
    }
    int start = indexOf(file, tensor);
    for (int at : new int[] {size - 1, tensor.length / size / 2 * size + size - 1, tensor.length - 1}) {
      byte[] changed = file.clone();
      changed[start + at] ^= name.equals("bool") ? 1 : 0x41;
      Path copy = folder.resolve(at + golden);
      Files.write(copy, changed);
      try (TensorFile actual = open(copy);
          TensorFile expected = Safetensors.open(Goldens.path(expectedGolden))) {
        assertThat(Goldens.error(actual.floats(name), expected.floats(name))).as("byte %d", at).isPositive();
      }
    }
  }

  private static TensorFile open(Path file) {
    return file.toString().endsWith(".gguf") ? Gguf.open(file) : Safetensors.open(file);
  }

  private static int indexOf(byte[] file, byte[] part) {
    for (int i = file.length - part.length; i >= 0; i--) {
      if (ByteBuffer.wrap(file, i, part.length).equals(ByteBuffer.wrap(part))) {
        return i;
      }
    }
    throw new AssertionError("The tensor's bytes are not in the file");
  }

  @Test
  void shardsReadAsOneFile() {
    try (TensorFile file = Safetensors.open(Goldens.path("sharded.safetensors.index.json"))) {
      assertThat(file.names()).containsExactly("a", "b", "c");
      assertThat(file.floats("a")).containsExactly(0, 1, 2, 3, 4, 5);
      assertThat(file.floats("c")).containsExactly(1, 1);
      assertThat(file.bytes("b").isReadOnly()).isTrue();
      assertThat(file.bytes("b").order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
      assertThatThrownBy(() -> file.info("bb")).isInstanceOf(UserError.class).hasMessageContaining("nearest of its 3 is b");
    }
  }

  @Test
  void blocksDequantiseBitByBitAsTheGgufPackage() {
    try (Gguf actual = Gguf.open(Goldens.path("quants.gguf"));
        TensorFile expected = Safetensors.open(Goldens.path("quants-expected.safetensors"))) {
      assertThat(actual.names()).containsExactlyInAnyOrderElementsOf(expected.names());
      for (String name : expected.names()) {
        assertThat(actual.floats(name)).as(name).containsExactly(expected.floats(name));
        assertThat(actual.info(name).shape()).as(name).containsExactly(expected.info(name).shape());
      }
    }
  }

  @Test
  void ggufMetadataKeepsItsTypes() {
    try (Gguf file = Gguf.open(Goldens.path("quants.gguf"))) {
      assertThat(file.integer("t.u8")).isEqualTo(200);
      assertThat(file.integer("t.i8")).isEqualTo(-5);
      assertThat(file.integer("t.u16")).isEqualTo(60000);
      assertThat(file.integer("t.i16")).isEqualTo(-300);
      assertThat(file.integer("t.u32")).isEqualTo(4000000000L);
      assertThat(file.integer("t.i32")).isEqualTo(-7);
      assertThat(file.value("t.u64")).isEqualTo(BigInteger.TWO.pow(63).add(BigInteger.ONE));
      assertThat(file.integer("t.i64")).isEqualTo(-(1L << 40));
      assertThat(file.number("t.f32")).isEqualTo(1e-5);
      assertThat(file.number("t.f64")).isEqualTo(0.1);
      assertThat(file.truth("t.bool")).isTrue();
      assertThat(file.string("t.text")).isEqualTo("größe");
      assertThat(file.list("t.words", String.class)).containsExactly("a", "b c", "ö");
      assertThat(file.list("t.numbers", Long.class)).containsExactly(1L, 2L, 3L);
      assertThat(file.metadata()).containsEntry("t.i32", "-7").doesNotContainKey("t.words");
      assertThatThrownBy(() -> file.integer("t.text")).isInstanceOf(UserError.class).hasMessageContaining("größe for t.text; a whole");
      assertThatThrownBy(() -> file.list("t.words", Long.class)).isInstanceOf(UserError.class).hasMessageContaining("Long");
      assertThatThrownBy(() -> file.value("t.txt")).isInstanceOf(UserError.class).hasMessageContaining("t.text");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen3"})
  void llamaRowsComeBackInTransformersOrder(String architecture) {
    try (TensorFile actual = LlamaGguf.asTransformers(Gguf.open(Goldens.path(architecture + ".gguf")));
        TensorFile expected = Safetensors.open(Goldens.path(architecture + "-expected.safetensors"))) {
      assertThat(actual.names()).containsExactlyInAnyOrderElementsOf(expected.names());
      assertThat(Goldens.worst(actual, expected)).isZero();
      assertThat(actual.info("model.layers.0.self_attn.k_proj.weight").shape()).containsExactly(16, 32);
    }
  }

  @Test
  void rowsLeftInLlamaCppOrderWouldShow() {
    try (Gguf actual = Gguf.open(Goldens.path("llama.gguf"));
        TensorFile expected = Safetensors.open(Goldens.path("llama-expected.safetensors"))) {
      assertThat(Goldens.error(actual.floats("blk.0.attn_q.weight"), expected.floats("model.layers.0.self_attn.q_proj.weight")))
          .isGreaterThan(0.5);
      assertThat(Goldens.error(actual.floats("blk.0.attn_k.weight"), expected.floats("model.layers.0.self_attn.k_proj.weight")))
          .isGreaterThan(0.5);
    }
  }

  @Test
  void llamaBytesAreTheBlocksOfTheFloats() {
    String name = "model.layers.0.self_attn.q_proj.weight";
    try (TensorFile file = LlamaGguf.asTransformers(Gguf.open(Goldens.path("llama.gguf")))) {
      float[] fromBytes = Floats.decode(file.path(), file.info(name), file.bytes(name));
      assertThat(file.info(name).dtype()).isEqualTo(DType.Q8_0);
      assertThat(fromBytes).containsExactly(file.floats(name));
    }
  }

  @Test
  void llamaConfigIsTransformers() {
    try (Gguf file = Gguf.open(Goldens.path("llama.gguf"));
        Gguf qwen = Gguf.open(Goldens.path("qwen3.gguf"));
        Gguf other = Gguf.open(Goldens.path("quants.gguf"))) {
      assertThat(LlamaGguf.config(file))
          .containsEntry("model_type", "llama")
          .containsEntry("hidden_size", 32)
          .containsEntry("intermediate_size", 64)
          .containsEntry("num_hidden_layers", 1)
          .containsEntry("num_attention_heads", 4)
          .containsEntry("num_key_value_heads", 2)
          .containsEntry("head_dim", 8)
          .containsEntry("rms_norm_eps", 1e-5)
          .containsEntry("rope_theta", 100000.0)
          .containsEntry("vocab_size", 11)
          .containsEntry("max_position_embeddings", 128)
          .containsEntry("tie_word_embeddings", true)
          .containsEntry("bos_token_id", 1)
          .containsEntry("eos_token_id", 2);
      assertThat(LlamaGguf.config(qwen)).containsEntry("model_type", "qwen3").containsEntry("tie_word_embeddings", false);
      assertThatThrownBy(() -> LlamaGguf.config(other)).isInstanceOf(UserError.class).hasMessageContaining("architecture test");
    }
  }

  @Test
  void onnxMatricesAreNamedByTheirBiasAndTurned() {
    try (Onnx actual = Onnx.open(Goldens.path("small.onnx"));
        TensorFile expected = Safetensors.open(Goldens.path("small-expected.safetensors"))) {
      assertThat(actual.names()).containsExactlyInAnyOrderElementsOf(expected.names());
      assertThat(Goldens.worst(actual, expected)).isZero();
      assertThat(actual.info("net.fc1.weight").shape()).containsExactly(5, 3);
      assertThat(actual.bytes("counts").getLong(16)).isEqualTo(1L << 40);
      assertThat(actual.metadata()).containsEntry("producer_name", "goldens");
      // The matrix as the file stores it, [in, out], read as [out, in]: the comparison must tell.
      ByteBuffer turned = actual.bytes("net.fc1.weight");
      float[] wrong = new float[15];
      for (int i = 0; i < 15; i++) {
        wrong[i] = turned.getFloat(4 * (i % 5 * 3 + i / 5));
      }
      assertThat(Goldens.error(wrong, expected.floats("net.fc1.weight"))).isGreaterThan(0.5);
    }
  }

  @Test
  void onnxDataInAnotherFileIsRefused() {
    assertThatThrownBy(() -> Onnx.open(Goldens.path("external.onnx")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("onnx::MatMul_10")
        .hasMessageContaining("another file");
  }
}
