package dev.ocelli.model;

import dev.ocelli.UserError;
import dev.ocelli.data.FeatureStore;
import dev.ocelli.data.Photo;
import dev.ocelli.nn.Compute;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Photos with the frozen encoder's features of each.
 *
 * @param pictures SHA-256 of each photo's file, by {@link Photo#image()}
 * @param store of the photos as they are
 * @param views of their altered views, a store each
 * @param blank whether every photo reads as zeros: for a model that is to learn, or answer, without seeing
 */
public record PhotoFeatures(List<Photo> photos, Map<String, String> pictures, FeatureStore store, List<FeatureStore> views, boolean blank) {
  /** Without altered views. */
  public PhotoFeatures(List<Photo> photos, Map<String, String> pictures, FeatureStore store) {
    this(photos, pictures, store, List.of());
  }

  public PhotoFeatures(List<Photo> photos, Map<String, String> pictures, FeatureStore store, List<FeatureStore> views) {
    this(photos, pictures, store, views, false);
  }

  /** Memory for {@code photos} rows, which {@link #read} fills. */
  public ByteBuffer buffer(int photos) {
    return buffer(photos, store.tokens());
  }

  /** As {@link #buffer(int)}, for so many tokens of each. */
  public ByteBuffer buffer(int photos, int tokens) {
    long bytes = (long) photos * tokens * store.hidden() * 2;
    if (bytes > Integer.MAX_VALUE) {
      throw UserError.of(
          "The features of %d photos take %.1f GB, which is too much to read at once. Set a smaller batch, or stage1.micro_batch.", photos, bytes / 1e9);
    }
    return ByteBuffer.allocateDirect((int) bytes).order(ByteOrder.nativeOrder());
  }

  /** Appends one photo's features. No libtorch: any thread may do it. */
  public void read(int photo, ByteBuffer target) {
    read(photo, 0, target);
  }

  /**
   * As {@link #read(int, ByteBuffer)}, of a view.
   *
   * @param view 0 for the photo as it is
   */
  public void read(int photo, int view, ByteBuffer target) {
    read(photo, view, null, target);
  }

  /**
   * As {@link #read(int, int, ByteBuffer)}, of some tokens alone.
   *
   * @param chosen which; null for all
   */
  public void read(int photo, int view, int[] chosen, ByteBuffer target) {
    if (blank) {
      target.put(new byte[(chosen == null ? store.tokens() : chosen.length) * store.hidden() * 2]);
      return;
    }
    FeatureStore seen = view == 0 ? store : views.get(view - 1);
    String picture = pictures.get(photos.get(photo).image());
    if (chosen == null) {
      seen.read(picture, target);
    } else {
      seen.read(picture, chosen, target);
    }
  }

  /** The buffer's rows as bf16 {@code [rows, tokens, hidden]}, without a copy: the tensor must not outlive the buffer's use. */
  public Tensor tensor(ByteBuffer buffer, Compute compute) {
    return tensor(buffer, buffer.position() / store.rowBytes(), compute);
  }

  /** As {@link #tensor(ByteBuffer, Compute)}, of rows that have equally many tokens, whichever these are. */
  public Tensor tensor(ByteBuffer buffer, long rows, Compute compute) {
    long tokens = buffer.position() / (rows * store.hidden() * 2);
    BytePointer memory = new BytePointer(buffer.duplicate().position(0));
    PointerScope scope = PointerScope.getInnerScope();
    if (scope == null) {
      throw new IllegalStateException("Features are a view of memory that lives as long as the scope around them, and there is none");
    }
    // Only Java knows who uses the buffer: held by the scope, it outlives all that libtorch does with the tensor there.
    scope.attach(memory);
    return compute.place(
        torch.from_blob(memory, new long[] {rows, tokens, store.hidden()}, new TensorOptions(ScalarType.BFloat16)));
  }

  /** The same store with other photos. */
  public PhotoFeatures with(List<Photo> others) {
    return new PhotoFeatures(others, pictures, store, views, blank);
  }

  /** The same photos, unseen. */
  public PhotoFeatures blanked() {
    return new PhotoFeatures(photos, pictures, store, views, true);
  }
}
