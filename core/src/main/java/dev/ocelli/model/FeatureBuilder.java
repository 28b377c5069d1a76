package dev.ocelli.model;

import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.data.BadPhotos;
import dev.ocelli.data.FeatureStore;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Picture;
import dev.ocelli.image.ImageReader;
import dev.ocelli.image.ReadingThreads;
import dev.ocelli.image.RgbImage;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Computes what the frozen encoder sees in photos, once, into a {@link FeatureStore}: pictures are decoded on other threads while the
 * encoder works on the batch before.
 *
 * @param stop asked between batches: true ends early, with what is done kept
 */
public record FeatureBuilder(Pretrained.Vision vision, Compute compute, Progress progress, BooleanSupplier stop) {
  private static final int BATCH = 16;
  private static final int PHOTOS_A_SHARD = 512;
  private static final int BYTES_A_SHARD = 512 << 20;

  /** A photo's pixels, or why there are none. */
  private record Decoded(String image, String picture, float[] pixels, String problem) {}

  /** The store's key for this encoder, its weights and its preprocessing. */
  public FeatureStore.Key key() {
    return new FeatureStore.Key(
        vision.identity().name(),
        vision.identity().sha256(),
        vision.preprocessing().fingerprint() + "; " + compute.type() + vision.encoder().layers().fingerprint());
  }

  private FeatureStore.Key key(PhotoViews views, int view) {
    FeatureStore.Key whole = key();
    return new FeatureStore.Key(whole.encoder(), whole.weights(), whole.preprocessing() + "; " + views.fingerprint(view));
  }

  /** What takes features in, a batch at a time. */
  public interface Sink {
    /**
     * @param pictures SHA-256 of each picture file
     * @param features bf16 {@code [pictures, tokens, hidden]} on the CPU; closed afterwards
     */
    void take(List<String> pictures, Tensor features);
  }

  /** What is done with a photo before the encoder's own preprocessing. */
  private interface Alteration {
    RgbImage of(RgbImage image, String picture);
  }

  /** Features of photos, those missing computed and added. Photos that can't be read are noted in {@code bad} and left out. */
  public PhotoFeatures build(List<Photo> photos, Path root, BadPhotos bad) {
    return build(photos, root, bad, 0);
  }

  /**
   * The same for photos of which {@link #withViews} is going to be asked.
   *
   * @param views how many: the disk must have room for them, too
   */
  public PhotoFeatures build(List<Photo> photos, Path root, BadPhotos bad, int views) {
    FeatureStore store = FeatureStore.open(root, key());
    Map<String, String> pictures = hash(photos, bad);
    fill(store, photos, pictures, bad, "features", (image, picture) -> image, views);
    if (!stop.getAsBoolean()) {
      // Files of equal bytes (a download's error page, say) are decoded once, but each is a photo that can't be used.
      photos.stream()
          .filter(p -> pictures.containsKey(p.image()) && !store.has(pictures.get(p.image())))
          .forEach(p -> bad.add(p.image(), "the same bytes as another photo that can't be read"));
    }
    List<Photo> usable =
        photos.stream().filter(p -> pictures.containsKey(p.image()) && store.has(pictures.get(p.image()))).toList();
    return new PhotoFeatures(usable, pictures, store);
  }

  /**
   * Features of altered views of photos, those missing computed and added: as much time and disk a view as the photos themselves took.
   *
   * @param photos of {@link #build}
   * @return those of the photos of which there is every view; unless it was stopped, the others are noted in {@code bad}
   */
  public PhotoFeatures withViews(PhotoFeatures photos, PhotoViews views, Path root, BadPhotos bad) {
    List<FeatureStore> stores = new ArrayList<>();
    for (int view = 1; view <= views.count() && !stop.getAsBoolean(); view++) {
      int number = view;
      FeatureStore store = FeatureStore.open(root, key(views, view));
      fill(
          store, photos.photos(), photos.pictures(), bad, "features of view " + view + " of " + views.count(),
          (image, picture) -> views.of(image, picture, number), views.count() - view);
      stores.add(store);
    }
    if (stop.getAsBoolean()) {
      return new PhotoFeatures(photos.photos(), photos.pictures(), photos.store(), stores);
    }
    List<Photo> usable = new ArrayList<>();
    for (Photo photo : photos.photos()) {
      if (stores.stream().allMatch(store -> store.has(photos.pictures().get(photo.image())))) {
        usable.add(photo);
      } else if (!bad.contains(photo.image())) {
        bad.add(photo.image(), "the same bytes as another photo of which there is no view");
      }
    }
    return new PhotoFeatures(usable, photos.pictures(), photos.store(), stores);
  }

  /**
   * Computes features without keeping them.
   *
   * @param pictures SHA-256 of each photo's file, by {@link Photo#image()}
   */
  public void each(List<Photo> photos, Map<String, String> pictures, BadPhotos bad, Progress.Task task, Sink sink) {
    compute(photos, pictures, bad, (image, picture) -> image, task, sink);
  }

  /**
   * Adds what a store lacks.
   *
   * @param more stores that follow, as large as this one
   */
  private void fill(
      FeatureStore store, List<Photo> photos, Map<String, String> pictures, BadPhotos bad, String name, Alteration alteration, int more) {
    List<Photo> missing = new ArrayList<>();
    Map<String, Boolean> asked = new HashMap<>();
    for (Photo photo : inPlaceOrder(photos)) {
      String picture = pictures.get(photo.image());
      if (picture != null && !bad.contains(photo.image()) && !store.has(picture) && asked.put(picture, true) == null) {
        missing.add(photo);
      }
    }
    if (!missing.isEmpty()) {
      try (Progress.Task task = progress.start(name, missing.size(), "photos")) {
        Shard shard = new Shard(store, missing.size(), missing.size() * (1L + more));
        try {
          compute(missing, pictures, bad, alteration, task, shard::add);
        } finally {
          // Too many bad photos end the run, but what was computed of the good ones stays.
          shard.write();
        }
      }
    }
  }

  /** Features of one picture, {@code [1, tokens, hidden]}, without any store. */
  public Tensor see(RgbImage image) {
    var preprocessing = vision.preprocessing();
    return Scope.noGrad(
        () ->
            vision.encoder()
                .forward(compute.place(Tensors.of(preprocessing.apply(image), 1, 3, preprocessing.height(), preprocessing.width()))));
  }

  private static List<Photo> inPlaceOrder(List<Photo> photos) {
    return photos.stream().sorted(Comparator.comparing(Photo::picture, Picture.BY_PLACE)).toList();
  }

  private static Map<String, String> hash(List<Photo> photos, BadPhotos bad) {
    Map<String, String> pictures = new LinkedHashMap<>();
    // Pictures inside large files are read front to back: each page of a Parquet file once.
    for (Photo photo : inPlaceOrder(photos)) {
      if (!bad.contains(photo.image())) {
        try {
          pictures.put(photo.image(), Sha256.of(photo.picture().bytes()));
        } catch (UserError e) {
          bad.add(photo.image(), e.getMessage());
        }
      }
    }
    return pictures;
  }

  private void compute(
      List<Photo> photos, Map<String, String> pictures, BadPhotos bad, Alteration alteration, Progress.Task task, Sink sink) {
    int threads = Runtime.getRuntime().availableProcessors();
    ExecutorService decoders = ReadingThreads.start(threads);
    try {
      Deque<Future<Decoded>> ahead = new ArrayDeque<>();
      List<Decoded> batch = new ArrayList<>();
      int next = 0;
      for (int done = 0; done < photos.size() && !stop.getAsBoolean(); done++) {
        while (next < photos.size() && ahead.size() < 3 * BATCH) {
          Photo photo = photos.get(next++);
          ahead.add(decoders.submit(() -> decode(photo, pictures.get(photo.image()), alteration)));
        }
        Decoded decoded = ReadingThreads.result(ahead.remove());
        if (decoded.problem != null) {
          bad.add(decoded.image, decoded.problem);
        } else {
          batch.add(decoded);
        }
        if (batch.size() == BATCH || done == photos.size() - 1) {
          encode(batch, sink);
          batch.clear();
        }
        task.advance(1);
      }
    } finally {
      decoders.shutdownNow();
    }
  }

  private Decoded decode(Photo photo, String picture, Alteration alteration) {
    try {
      return new Decoded(photo.image(), picture, vision.preprocessing().apply(alteration.of(photo.picture().rgb(), picture)), null);
    } catch (UserError e) {
      return new Decoded(photo.image(), picture, null, e.getMessage());
    } catch (OutOfMemoryError e) {
      return new Decoded(photo.image(), picture, null, ImageReader.NO_MEMORY);
    }
  }

  private void encode(List<Decoded> batch, Sink sink) {
    if (batch.isEmpty()) {
      return;
    }
    int height = vision.preprocessing().height();
    int width = vision.preprocessing().width();
    float[] pixels = new float[batch.size() * 3 * height * width];
    for (int i = 0; i < batch.size(); i++) {
      System.arraycopy(batch.get(i).pixels, 0, pixels, i * 3 * height * width, 3 * height * width);
    }
    try (Tensor features =
        Scope.noGrad(
            () ->
                vision.encoder()
                    .forward(compute.place(Tensors.of(pixels, batch.size(), 3, height, width)))
                    .cpu()
                    .to(ScalarType.BFloat16)
                    .contiguous())) {
      sink.take(batch.stream().map(Decoded::picture).toList(), features);
    }
  }

  /** Features on their way into the store. */
  private static final class Shard {
    private final FeatureStore store;
    private final List<String> pictures = new ArrayList<>();
    private final int photos;
    private final long toStore;
    private ByteBuffer bytes;
    private int most;
    private int tokens;
    private int hidden;

    /**
     * @param photos how many there will be at most
     * @param toStore what the disk must have room for: these and their views
     */
    Shard(FeatureStore store, int photos, long toStore) {
      this.store = store;
      this.photos = photos;
      this.toStore = toStore;
    }

    void add(List<String> more, Tensor features) {
      if (bytes == null) {
        tokens = (int) features.size(1);
        hidden = (int) features.size(2);
        int photoBytes = Math.multiplyExact(tokens, hidden * 2);
        store.checkRoom(toStore, photoBytes);
        most = Math.max(1, Math.min(PHOTOS_A_SHARD, BYTES_A_SHARD / photoBytes));
        int room = Math.min(photos, most + BATCH);
        bytes = ByteBuffer.allocateDirect(Math.multiplyExact(room, photoBytes)).order(ByteOrder.nativeOrder());
      }
      pictures.addAll(more);
      bytes.put(Tensors.memory(features));
      if (pictures.size() >= most) {
        write();
      }
    }

    void write() {
      if (!pictures.isEmpty()) {
        store.add(List.copyOf(pictures), tokens, hidden, bytes.duplicate().flip());
        pictures.clear();
        bytes.clear();
      }
    }
  }
}
