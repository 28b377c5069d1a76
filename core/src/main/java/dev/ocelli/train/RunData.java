package dev.ocelli.train;

import dev.ocelli.UserError;
import dev.ocelli.data.BadPhotos;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Questions;
import dev.ocelli.data.SplitSettings;
import dev.ocelli.model.FeatureBuilder;
import dev.ocelli.model.PhotoFeatures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Photos and questions of data folders as a run sees them. On the folder that it was trained on, its own split holds. */
public final class RunData {
  private final RunFolder run;
  private final Recipe recipe;
  private final Supplier<FeatureBuilder> features;
  private final Consumer<String> warn;

  RunData(RunFolder run, Recipe recipe, Supplier<FeatureBuilder> features, Consumer<String> warn) {
    this.run = run;
    this.recipe = recipe;
    this.features = features;
    this.warn = warn;
  }

  /**
   * Photos of a data folder with their features.
   *
   * @param parts which parts of the split
   * @param stores folder of feature stores
   */
  public PhotoFeatures photos(Path data, Set<Part> parts, Path stores) {
    return photos(data, parts, Integer.MAX_VALUE, stores);
  }

  /**
   * As {@link #photos(Path, Set, Path)}, of the first photos by name only.
   *
   * @param limit how many photos at most
   */
  public PhotoFeatures photos(Path data, Set<Part> parts, int limit, Path stores) {
    return photos(data, parts, photo -> true, limit, stores);
  }

  /**
   * As {@link #photos(Path, Set, int, Path)}, of those that pass a test.
   *
   * @param which photos to take
   */
  public PhotoFeatures photos(Path data, Set<Part> parts, Predicate<Photo> which, int limit, Path stores) {
    CaptionFolder folder = read(data);
    folder.warnings().forEach(warn);
    List<Photo> photos = folder.photos().stream().filter(p -> parts.contains(p.part()) && which.test(p)).limit(limit).toList();
    if (photos.isEmpty()) {
      throw UserError.of("%s has no photo in the part asked for. Choose another --split.", data);
    }
    BadPhotos bad = new BadPhotos(recipe.data().maxBadPhotos());
    folder.missing().forEach(bad::add);
    PhotoFeatures seen = features.get().build(photos, stores, bad);
    List<Photo> unusable = photos.stream().filter(photo -> bad.contains(photo.image())).toList();
    if (seen.photos().isEmpty()) {
      throw UserError.of("%s: none of the %d photos asked for can be used. The first: %s", data, photos.size(), bad.reason(photos.get(0).image()));
    }
    if (!unusable.isEmpty()) {
      warn.accept(
          unusable.size() + " of " + photos.size() + " photos can't be used and are left out of all figures. The first: "
              + bad.reason(unusable.get(0).image()));
    }
    return seen;
  }

  /** The questions of a data folder; none where it has no file of them. */
  public Questions questions(Path data) {
    return Questions.read(data, read(data));
  }

  /** The photos that the run learnt from, or would learn from. */
  List<Photo> trainingPhotos(Path data) {
    return read(data).photos(Part.TRAIN);
  }

  /** Whether a data folder has photos of a part. */
  public boolean has(Path data, Part part) {
    return !read(data).photos(part).isEmpty();
  }

  /** The folder's photos and captions, without features. */
  public CaptionFolder read(Path data) {
    SplitSettings settings = new SplitSettings(recipe.data().test(), recipe.data().validation(), recipe.seed());
    if (!Files.exists(run.split())) {
      return CaptionFolder.read(data, settings);
    }
    if (run.about().get("data") instanceof Map<?, ?> known && data.toAbsolutePath().normalize().toString().equals(known.get("folder"))) {
      // Captions may have been mended since, and photos added; which photos were trained on has not changed.
      return CaptionFolder.readGrown(data, settings, run.split());
    }
    try {
      return CaptionFolder.read(data, settings, run.split());
    } catch (UserError otherPhotos) {
      return CaptionFolder.read(data, settings);
    }
  }

  /** Captions of the photos that the run was not trained on, as far as its data is still there; else empty. */
  public List<String> heldOutCaptions() {
    if (!(run.about().get("data") instanceof Map<?, ?> data && data.get("folder") instanceof String folder && Files.exists(Path.of(folder)))) {
      return List.of();
    }
    try {
      return read(Path.of(folder)).photos(Part.TEST).stream().flatMap(p -> p.captions().stream()).toList();
    } catch (UserError changed) {
      return List.of();
    }
  }
}
