package dev.ocelli.search;

import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.data.BadPhotos;
import dev.ocelli.data.FeatureStore;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.image.ImageFiles;
import dev.ocelli.model.FeatureBuilder;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.nn.Scope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;

/**
 * Brings an index up to the photos that lie in folders. It commits as it goes: stopped at any point, the next call goes on from there.
 *
 * @param scores of a run trained with contrast
 * @param features what the encoder sees, for photos whose features nobody has kept
 * @param stores folder of feature stores, read where it knows a photo; nothing is added
 * @param stop asked between batches: true ends early, with what is done kept
 */
public record PhotoIndexer(
    ImageTextScores scores, FeatureBuilder features, Path stores, Progress progress, Consumer<String> warn, BooleanSupplier stop) {
  /** Photos that a kill costs at most. */
  private static final int A_COMMIT = 512;

  /**
   * What was done.
   *
   * @param added photos that were not there
   * @param updated photos whose bytes had changed
   * @param unchanged photos that were there already
   * @param removed photos whose files are gone, or are no pictures any more
   * @param skipped photos that can't be used
   * @param photos in the index now
   * @param finished false where it was stopped
   */
  public record Report(int added, int updated, int unchanged, int removed, int skipped, int photos, boolean finished) {}

  /**
   * Adds and updates the photos in {@code places}, and removes those that were in these folders and are gone. Photos of other folders stay
   * as they are.
   *
   * @param places photos and folders
   * @param bad notes the photos that can't be used
   */
  public Report update(PhotoIndex index, List<Path> places, BadPhotos bad) {
    List<Path> unread = new ArrayList<>();
    List<Path> nameless = new ArrayList<>();
    List<PhotoFiles.Found> found =
        PhotoFiles.find(
            places,
            (file, why) -> {
              unread.add(file);
              warn.accept(file + " can't be read (" + why + "); what the index has from there stays");
            },
            nameless::add);
    if (!nameless.isEmpty()) {
      warn.accept(nameless.size() + " photos are left out, as their names aren't in this system's letters (UTF-8 mostly): rename them. The first is " + nameless.get(0));
    }
    Map<Path, IndexedPhoto> known = index.photos();
    int removed = removeGone(index, found, known, places, unread);
    List<PhotoFiles.Found> waiting = found.stream().filter(file -> !untouched(file, known.get(file.file()))).toList();
    index.expect(known.size() + waiting.stream().filter(file -> !known.containsKey(file.file())).count());
    int unchanged = found.size() - waiting.size();
    int added = 0;
    int updated = 0;
    try (FeatureStore store = FeatureStore.open(stores, features.key());
        Progress.Task task = progress.start("index", waiting.size(), "photos")) {
      for (int from = 0; from < waiting.size() && !stop.getAsBoolean(); from += A_COMMIT) {
        List<PhotoFiles.Found> files = waiting.subList(from, Math.min(waiting.size(), from + A_COMMIT));
        Map<Boolean, List<IndexedPhoto>> read =
            read(files, bad, task).stream().collect(Collectors.partitioningBy(photo -> sameBytes(photo, known.get(photo.file()))));
        List<IndexedPhoto> same = read.get(true);
        List<IndexedPhoto> some = read.get(false);
        same.forEach(index::touch);
        unchanged += same.size();
        task.advance(same.size());
        Map<String, PhotoVectors> vectors = vectors(some, store, bad, task);
        for (IndexedPhoto photo : some) {
          boolean there = known.containsKey(photo.file());
          if (vectors.containsKey(photo.sha256())) {
            index.put(photo, vectors.get(photo.sha256()));
            added += there ? 0 : 1;
            updated += there ? 1 : 0;
          } else if (bad.contains(photo.file().toString())) {
            index.remove(photo.file());
            removed += there ? 1 : 0;
          }
        }
        index.commit();
      }
    }
    boolean finished = !stop.getAsBoolean();
    if (finished) {
      index.settle();
    }
    index.commit();
    return new Report(added, updated, unchanged, removed, bad.count(), index.photos().size(), finished);
  }

  /** Refuses places without any photo. */
  public static void check(List<Path> places) {
    PhotoFiles.find(places, (file, why) -> {}, file -> {});
  }

  /** Takes out the photos of places that need not be there any more. No model is asked. */
  public static Report forget(PhotoIndex index, List<Path> places) {
    List<Path> forgotten = places.stream().map(PhotoFiles::absolute).toList();
    Set<Path> known = index.photos().keySet();
    List<Path> gone = known.stream().filter(file -> forgotten.stream().anyMatch(file::startsWith)).toList();
    int left = known.size() - gone.size();
    index.expect(left);
    gone.forEach(index::remove);
    index.commit();
    return new Report(0, 0, left, gone.size(), 0, left, true);
  }

  private int removeGone(
      PhotoIndex index, List<PhotoFiles.Found> found, Map<Path, IndexedPhoto> known, List<Path> places, List<Path> unread) {
    Set<Path> there = found.stream().map(PhotoFiles.Found::file).collect(Collectors.toSet());
    List<Path> looked = places.stream().map(PhotoFiles::absolute).toList();
    Map<Path, Integer> behind = new TreeMap<>();
    List<Path> gone = new ArrayList<>();
    for (Path file : known.keySet()) {
      if (there.contains(file) || looked.stream().noneMatch(place -> missedFrom(place, file)) || unread.stream().anyMatch(file::startsWith)) {
        continue;
      }
      Path link = deadLink(file);
      if (link == null) {
        gone.add(file);
      } else {
        behind.merge(link.equals(file) ? file.getParent() : link, 1, Integer::sum);
      }
    }
    behind.forEach((at, photos) -> warn.accept(at + " has a link that leads nowhere now; the index keeps what it has from there, " + photos + " photos"));
    gone.forEach(index::remove);
    gone.forEach(known::remove);
    return gone.size();
  }

  /** Whether a photo should have been found in a place: one that was named by itself may lie where a walk doesn't look. */
  private static boolean missedFrom(Path place, Path file) {
    return file.startsWith(place) && !(ImageFiles.passedOver(place, file) && Files.isRegularFile(file));
  }

  /** The link on the way to a file that leads nowhere, as to a disk that isn't there now; null where there is none. */
  private static Path deadLink(Path file) {
    for (Path at = file; at != null; at = at.getParent()) {
      if (Files.isSymbolicLink(at) && !Files.exists(at)) {
        return at;
      }
    }
    return null;
  }

  /** One of known size and time is taken for unchanged, without reading it. */
  private static boolean untouched(PhotoFiles.Found file, IndexedPhoto before) {
    return before != null && before.size() == file.size() && before.modified() == file.modified();
  }

  private static boolean sameBytes(IndexedPhoto now, IndexedPhoto before) {
    return before != null && before.sha256().equals(now.sha256());
  }

  /** With their SHA-256. Those that can't be read are missing, and noted in {@code bad}; after a stop, all that follow. */
  private List<IndexedPhoto> read(List<PhotoFiles.Found> files, BadPhotos bad, Progress.Task task) {
    List<IndexedPhoto> read = new ArrayList<>();
    for (PhotoFiles.Found file : files) {
      if (stop.getAsBoolean()) {
        break;
      }
      try {
        read.add(new IndexedPhoto(file.file(), Sha256.of(file.file()), file.size(), file.modified()));
      } catch (UserError unreadable) {
        bad.add(file.file().toString(), unreadable.getMessage());
        task.advance(1);
      }
    }
    return read;
  }

  /** Vectors by the picture's SHA-256, which several files may share. Those that don't decode are missing, and noted in {@code bad}. */
  private Map<String, PhotoVectors> vectors(List<IndexedPhoto> photos, FeatureStore store, BadPhotos bad, Progress.Task task) {
    Map<String, PhotoVectors> vectors = new HashMap<>();
    Map<String, String> pictures = new HashMap<>();
    List<Photo> kept = new ArrayList<>();
    List<Photo> unseen = new ArrayList<>();
    Map<String, Boolean> asked = new HashMap<>();
    for (IndexedPhoto photo : photos) {
      String name = photo.file().toString();
      pictures.put(name, photo.sha256());
      if (asked.put(photo.sha256(), true) == null) {
        (store.has(photo.sha256()) ? kept : unseen).add(new Photo(name, photo.file(), List.of(), Part.TEST));
      }
    }
    task.advance(photos.size() - kept.size() - unseen.size());
    if (!kept.isEmpty()) {
      Scope.run(
          () -> {
            List<PhotoVectors> found = vectors(scores.images(new PhotoFeatures(kept, pictures, store)));
            for (int i = 0; i < found.size(); i++) {
              vectors.put(pictures.get(kept.get(i).image()), found.get(i));
            }
          });
      task.advance(kept.size());
    }
    features.each(unseen, pictures, bad, task, (shas, seen) -> add(vectors, shas, scores.images(seen)));
    // Files of equal bytes are decoded once, and fail alike.
    for (IndexedPhoto photo : photos) {
      if (!vectors.containsKey(photo.sha256()) && unseen.stream().anyMatch(u -> pictures.get(u.image()).equals(photo.sha256()) && bad.contains(u.image()))) {
        bad.add(photo.file().toString(), "the same bytes as another photo that can't be read");
      }
    }
    return vectors;
  }

  private List<PhotoVectors> vectors(Tensor images) {
    return PhotoVectors.of(images, scores);
  }

  private void add(Map<String, PhotoVectors> vectors, List<String> pictures, Tensor images) {
    try (images) {
      List<PhotoVectors> found = vectors(images);
      for (int i = 0; i < found.size(); i++) {
        vectors.put(pictures.get(i), found.get(i));
      }
    }
  }
}
