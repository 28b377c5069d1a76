package dev.ocelli.data;

import dev.ocelli.AtomicFile;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.weights.DType;
import dev.ocelli.weights.Safetensors;
import dev.ocelli.weights.SafetensorsWriter;
import dev.ocelli.weights.TensorFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a frozen encoder sees in each photo, computed once and kept on disk in bf16.
 *
 * <p>A store is a folder of shards: safetensors files with one tensor {@code features} of {@code [photos, tokens, hidden]}, and in their
 * metadata the photos' keys, which are the SHA-256 of the picture files. Shards are mapped, never read whole; each appears only when it is
 * complete, so a killed build goes on where it stopped.
 */
public final class FeatureStore implements AutoCloseable {
  private static final String TENSOR = "features";

  /**
   * What features depend on besides the picture. Another value of any makes another store.
   *
   * @param encoder its name, for people
   * @param weights SHA-256 of the encoder's weights
   * @param preprocessing all settings from picture to pixels
   */
  public record Key(String encoder, String weights, String preprocessing) {
    String folder() {
      String plain = encoder.replaceAll("[^A-Za-z0-9.-]+", "_");
      return plain + "-" + Sha256.of(weights + "\n" + preprocessing).substring(0, 16);
    }
  }

  private record Shard(TensorFile file, ByteBuffer bytes, int tokens, int hidden) {}

  private record Place(Shard shard, int row) {}

  private final Path folder;
  private final Key key;
  private final List<Shard> shards = new ArrayList<>();
  private final Map<String, Place> places = new HashMap<>();

  private FeatureStore(Path folder, Key key) {
    this.folder = folder;
    this.key = key;
  }

  /** Opens (or begins) the store for {@code key} in a folder of stores. A shard that can't be read is set aside, to be computed again. */
  public static FeatureStore open(Path root, Key key) {
    FeatureStore store = new FeatureStore(root.resolve(key.folder()), key);
    AtomicFile.tidy(store.folder);
    if (Files.isDirectory(store.folder)) {
      try (Stream<Path> files = Files.list(store.folder)) {
        for (Path file : files.filter(f -> f.getFileName().toString().endsWith(".safetensors")).sorted().toList()) {
          store.adopt(file);
        }
      } catch (IOException e) {
        throw new UserError("Can't read the feature store " + store.folder + ": " + AtomicFile.reason(e) + ".", e);
      }
    }
    return store;
  }

  public Path folder() {
    return folder;
  }

  /** Whether the features of a picture are here. */
  public boolean has(String picture) {
    return places.containsKey(picture);
  }

  /** Vectors a photo. */
  public int tokens() {
    return any().tokens();
  }

  /** Size of a vector. */
  public int hidden() {
    return any().hidden();
  }

  /** Bytes of one photo's features. */
  public int rowBytes() {
    return tokens() * hidden() * 2;
  }

  /**
   * Refuses to begin what the disk can't hold, before hours are spent on it.
   *
   * @param photos still to be added, here and in stores of their views beside it
   * @param rowBytes of one photo's features
   */
  public void checkRoom(long photos, int rowBytes) {
    Path there = folder.toAbsolutePath();
    while (!Files.exists(there)) {
      there = there.getParent();
    }
    double needed = (double) photos * rowBytes;
    long free;
    try {
      free = Files.getFileStore(there).getUsableSpace();
    } catch (IOException unknown) {
      return; // writing will tell
    }
    if (needed > free) {
      throw UserError.of(
          "The features of %d photos (views included) take %.1f GB, and on the disk of %s %.1f GB are free. Make room there, choose another folder by --features,"
              + " or train with fewer features.views or features.layers.",
          photos, needed / 1e9, folder, free / 1e9);
    }
  }

  /**
   * Adds a shard.
   *
   * @param pictures SHA-256 of each picture file
   * @param features bf16 {@code [pictures, tokens, hidden]}
   */
  public void add(List<String> pictures, int tokens, int hidden, ByteBuffer features) {
    Path file = folder.resolve("shard-" + pictures.get(0).substring(0, 16) + "-" + pictures.size() + ".safetensors");
    SafetensorsWriter.write(
        file,
        List.of(new SafetensorsWriter.Entry(TENSOR, DType.BF16, new long[] {pictures.size(), tokens, hidden}, features::duplicate)),
        Map.of(
            "pictures", String.join("\n", pictures),
            "encoder", key.encoder(),
            "weights_sha256", key.weights(),
            "preprocessing", key.preprocessing()));
    adopt(file);
  }

  /** Appends one photo's features, bf16 {@code [tokens, hidden]}, to {@code target}. Safe from several threads. */
  public void read(String picture, ByteBuffer target) {
    Place place = place(picture);
    int size = place.shard.tokens * place.shard.hidden * 2;
    target.put(place.shard.bytes.duplicate().position(place.row * size).limit((place.row + 1) * size));
  }

  /** As {@link #read(String, ByteBuffer)}, of these tokens alone: bf16 {@code [chosen, hidden]}. */
  public void read(String picture, int[] chosen, ByteBuffer target) {
    Place place = place(picture);
    int size = place.shard.hidden * 2;
    ByteBuffer bytes = place.shard.bytes.duplicate();
    for (int token : chosen) {
      int start = (place.row * place.shard.tokens + token) * size;
      target.put(bytes.limit(start + size).position(start));
    }
  }

  private Place place(String picture) {
    Place place = places.get(picture);
    if (place == null) {
      throw new IllegalArgumentException("No features of picture " + picture + " in " + folder);
    }
    return place;
  }

  private Shard any() {
    if (shards.isEmpty()) {
      throw new IllegalStateException("The feature store " + folder + " is empty");
    }
    return shards.get(0);
  }

  private void adopt(Path path) {
    try {
      TensorFile file = Safetensors.open(path);
      long[] shape = file.info(TENSOR).shape();
      String[] pictures = file.metadata().getOrDefault("pictures", "").split("\n");
      if (shape.length != 3 || shape[0] != pictures.length || file.info(TENSOR).dtype() != DType.BF16) {
        file.close();
        throw UserError.of("%s is no shard of features", path);
      }
      Shard shard = new Shard(file, file.bytes(TENSOR), (int) shape[1], (int) shape[2]);
      shards.add(shard);
      for (int row = 0; row < pictures.length; row++) {
        places.put(pictures[row], new Place(shard, row));
      }
    } catch (UserError broken) {
      try {
        // Set aside, not deleted: it may be the disk's or the system's fault.
        Files.move(path, path.resolveSibling(path.getFileName() + ".broken"), StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        broken.addSuppressed(e);
        throw broken;
      }
    }
  }

  @Override
  public void close() {
    shards.forEach(s -> s.file.close());
  }
}
