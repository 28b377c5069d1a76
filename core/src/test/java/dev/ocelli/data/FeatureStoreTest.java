package dev.ocelli.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureStoreTest {
  private static final FeatureStore.Key KEY = new FeatureStore.Key("some/encoder", "weights", "resize 224");
  private static final int TOKENS = 3;
  private static final int HIDDEN = 4;
  private static final int ROW = TOKENS * HIDDEN * 2;

  @TempDir Path root;

  private static String picture(int number) {
    return Sha256.of("picture " + number);
  }

  /** Features of a picture: its number in every byte. */
  private static ByteBuffer rows(int... numbers) {
    ByteBuffer rows = ByteBuffer.allocateDirect(numbers.length * ROW);
    for (int number : numbers) {
      for (int i = 0; i < ROW; i++) {
        rows.put((byte) number);
      }
    }
    return rows.flip();
  }

  private static void add(FeatureStore store, int... numbers) {
    store.add(Arrays.stream(numbers).mapToObj(FeatureStoreTest::picture).toList(), TOKENS, HIDDEN, rows(numbers));
  }

  private static void assertHolds(FeatureStore store, int... numbers) {
    ByteBuffer read = ByteBuffer.allocate(numbers.length * ROW);
    for (int number : numbers) {
      assertThat(store.has(picture(number))).isTrue();
      store.read(picture(number), read);
    }
    assertThat(read.flip()).isEqualTo(rows(numbers));
  }

  private List<Path> shards(FeatureStore store) throws Exception {
    try (Stream<Path> files = Files.list(store.folder())) {
      return files.sorted().toList();
    }
  }

  @Test
  void moreThanTheDiskHoldsIsRefusedBeforehand() {
    try (FeatureStore store = FeatureStore.open(root.resolve("not/there/yet"), KEY)) {
      store.checkRoom(2, 1000);
      assertThatThrownBy(() -> store.checkRoom(1L << 53, 1000))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("not/there/yet")
          .hasMessageContaining("GB are free")
          .hasMessageContaining("--features");
      assertThat(root).isEmptyDirectory();
    }
  }

  @Test
  void whatWasAddedIsReadInAnyOrderAndAfterReopening() {
    try (FeatureStore store = FeatureStore.open(root, KEY)) {
      assertThat(store.has(picture(1))).isFalse();
      add(store, 1, 2, 3);
      add(store, 4);
      assertHolds(store, 3, 4, 1, 2, 2);
    }
    try (FeatureStore store = FeatureStore.open(root, KEY)) {
      assertHolds(store, 2, 1, 4, 3);
      assertThat(List.of(store.tokens(), store.hidden(), store.rowBytes())).containsExactly(TOKENS, HIDDEN, ROW);
      assertThatThrownBy(() -> store.read(picture(9), ByteBuffer.allocate(ROW))).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void anotherKeyIsAnotherStore() {
    try (FeatureStore store = FeatureStore.open(root, KEY)) {
      add(store, 1);
    }
    for (FeatureStore.Key other : List.of(
        new FeatureStore.Key("some/encoder", "other weights", "resize 224"), new FeatureStore.Key("some/encoder", "weights", "resize 256"))) {
      try (FeatureStore store = FeatureStore.open(root, other)) {
        assertThat(store.has(picture(1))).isFalse();
      }
    }
  }

  @Test
  void aBrokenShardIsDroppedAndTheOthersStay() throws Exception {
    try (FeatureStore store = FeatureStore.open(root, KEY)) {
      add(store, 1, 2);
      add(store, 3);
    }
    Path broken;
    try (FeatureStore store = FeatureStore.open(root, KEY)) {
      broken = shards(store).stream().filter(p -> p.getFileName().toString().startsWith("shard-" + picture(1).substring(0, 16))).findFirst().orElseThrow();
    }
    byte[] whole = Files.readAllBytes(broken);
    for (byte[] bad : List.of(Arrays.copyOf(whole, whole.length - 5), new byte[0], "not a shard".getBytes(), flipped(whole))) {
      Files.write(broken, bad);
      try (FeatureStore store = FeatureStore.open(root, KEY)) {
        assertThat(store.has(picture(1))).isFalse();
        assertThat(broken).doesNotExist();
        assertHolds(store, 3);
        add(store, 1, 2);
        assertHolds(store, 1, 2, 3);
      }
    }
  }

  /** The same file with another letter in the tensor's name. */
  private static byte[] flipped(byte[] whole) {
    byte[] other = whole.clone();
    int at = new String(whole, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("\"features\"") + 1;
    other[at] = 'g';
    return other;
  }

  /** A build that was killed leaves a half-written file under a temporary name, which nobody takes for a shard. */
  @Test
  void aKilledBuildGoesOn() throws Exception {
    Path half;
    try (FeatureStore store = FeatureStore.open(root, KEY)) {
      add(store, 1, 2);
      half = Files.write(store.folder().resolve("shard-0.safetensors.tmp"), new byte[10]);
    }
    try (FeatureStore store = FeatureStore.open(root, KEY)) {
      assertHolds(store, 1, 2);
      assertThat(store.has(picture(3))).isFalse();
      add(store, 3);
      assertHolds(store, 3, 1);
      assertThat(half).exists();
    }
  }
}
