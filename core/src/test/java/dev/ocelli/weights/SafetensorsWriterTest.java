package dev.ocelli.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  @TempDir Path folder;

  @Test
  void whatIsWrittenReadsBackByteForByte() throws IOException {
    Path copy = folder.resolve("deep/copy.safetensors");
    try (TensorFile source = Safetensors.open(Goldens.path("dtypes.safetensors"))) {
      List<SafetensorsWriter.Entry> entries = new ArrayList<>();
      for (String name : source.names()) {
        TensorInfo info = source.info(name);
        entries.add(new SafetensorsWriter.Entry(name, info.dtype(), info.shape(), () -> source.bytes(name)));
      }
      SafetensorsWriter.write(copy, entries, source.metadata());
      try (TensorFile back = Safetensors.open(copy)) {
        assertThat(List.copyOf(back.names())).isEqualTo(List.copyOf(source.names()));
        assertThat(back.metadata()).isEqualTo(source.metadata());
        for (String name : source.names()) {
          assertThat(back.info(name)).isEqualTo(source.info(name));
          assertThat(back.bytes(name)).as(name).isEqualTo(source.bytes(name));
        }
      }
    }
    assertThat(ByteBuffer.wrap(Files.readAllBytes(copy)).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8).isZero();
  }

  @Test
  void mistakesLeaveNoFile() {
    Path file = folder.resolve("no.safetensors");
    SafetensorsWriter.Entry entry = new SafetensorsWriter.Entry("a", DType.F32, new long[] {2}, () -> ByteBuffer.allocate(4));
    assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(entry), Map.of())).hasMessageContaining("gave 4 bytes");
    assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(entry, entry), Map.of())).hasMessageContaining("name taken");
    SafetensorsWriter.Entry blocks = new SafetensorsWriter.Entry("b", DType.Q8_0, new long[] {32}, () -> ByteBuffer.allocate(34));
    assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(blocks), Map.of())).hasMessageContaining("not plain");
    assertThat(folder).isEmptyDirectory();
  }

  /** Ranges beyond 2 GiB, in a file with a hole so that it takes no room. */
  @Test
  void tensorsBeyondTwoGibAreReached() throws IOException {
    long large = 3L << 30;
    String header =
        "{'a':{'dtype':'U8','shape':[%d],'data_offsets':[0,%d]},'b':{'dtype':'F32','shape':[1],'data_offsets':[%d,%d]}}"
            .formatted(large, large, large, large + 4)
            .replace('\'', '"');
    Path file = folder.resolve("large.safetensors");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer start = ByteBuffer.allocate(8 + header.length()).order(ByteOrder.LITTLE_ENDIAN);
      channel.write(start.putLong(header.length()).put(header.getBytes()).flip(), 0);
      channel.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(2.5f).flip(), 8 + header.length() + large);
    }
    try (TensorFile opened = Safetensors.open(file)) {
      assertThat(opened.floats("b")).containsExactly(2.5f);
      assertThatThrownBy(() -> opened.bytes("a")).hasMessageContaining("tensor a").hasMessageContaining("2147483647");
    }
  }
}
