package dev.ocelli.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.weights.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class TensorsTest {
  @Test
  void typesAreTheConstantsAndHaveAFileType() {
    Scope.run(
        () -> {
          for (ScalarType type : new ScalarType[] {ScalarType.Float, ScalarType.BFloat16, ScalarType.Half, ScalarType.Long}) {
            assertThat(Tensors.type(Tensors.zeros(type, 2))).isSameAs(type);
          }
          assertThat(Tensors.fileType(Tensors.zeros(ScalarType.Float, 1))).isEqualTo(DType.F32);
          assertThat(Tensors.fileType(Tensors.zeros(ScalarType.BFloat16, 1))).isEqualTo(DType.BF16);
          assertThat(Tensors.fileType(Tensors.zeros(ScalarType.Long, 1))).isEqualTo(DType.I64);
        });
  }

  @Test
  void valuesGoThereAndBack() {
    Scope.run(
        () -> {
          Tensor floats = Tensors.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
          assertThat(Tensors.floats(floats.transpose(0, 1))).containsExactly(1, 4, 2, 5, 3, 6);
          assertThat(Tensors.floats(Tensors.of(new int[] {7, -8}, 2))).containsExactly(7, -8);
          assertThat(Tensors.shape(Tensors.of(new long[0], 0, 3))).containsExactly(0, 3);
          Tensor half = Tensors.zeros(ScalarType.BFloat16, 3);
          Tensors.fill(half, new float[] {1.5f, -2, 1000});
          assertThat(Tensors.floats(half)).containsExactly(1.5f, -2, 1000);
        });
  }

  @Test
  void aBufferIsCopiedFromItsPositionAndMemoryIsTheTensorsOwn() {
    Scope.run(
        () -> {
          ByteBuffer bytes = ByteBuffer.allocateDirect(16).order(ByteOrder.LITTLE_ENDIAN);
          bytes.asFloatBuffer().put(new float[] {1, 2, 3, 4});
          bytes.position(4);
          Tensor tensor = Tensors.copyOf(bytes, ScalarType.Float, 3);
          bytes.putFloat(4, 9);
          assertThat(Tensors.floats(tensor)).containsExactly(2, 3, 4);
          assertThat(Tensors.memory(tensor).getFloat(8)).isEqualTo(4);
          assertThat(Tensors.memory(tensor).remaining()).isEqualTo(12);
        });
  }
}
