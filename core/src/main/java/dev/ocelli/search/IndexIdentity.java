package dev.ocelli.search;

import dev.ocelli.UserError;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What an index was made with. Vectors of other weights live in another space, so an index answers only for these. It is kept in each
 * commit of the index itself.
 *
 * @param run the run folder
 * @param model SHA-256 of stage 1's weights
 * @param encoder SHA-256 of the vision encoder's weights, with how photos were brought to it
 * @param vectors how many a photo has: one a query where the best one counts, 1 where their mean does
 * @param size of a photo's vector
 * @param width of those that texts are compared with
 */
public record IndexIdentity(Path run, String model, String encoder, int vectors, int size, int width) {
  private static final String FORMAT = "1";

  public IndexIdentity {
    if (width > PhotoIndex.LONGEST) {
      throw UserError.of(
          "Vectors of %d numbers (qformer.projection, with qformer.glance twice that, with stage1.querybank 2 more) are too long for an index; %d is"
              + " the most.",
          width, PhotoIndex.LONGEST);
    }
  }

  Map<String, String> toMap() {
    Map<String, String> map = new LinkedHashMap<>();
    map.put("format", FORMAT);
    map.put("run", run.toString());
    map.put("model", model);
    map.put("encoder", encoder);
    map.put("vectors", Integer.toString(vectors));
    map.put("size", Integer.toString(size));
    map.put("width", Integer.toString(width));
    return map;
  }

  static IndexIdentity of(Map<String, String> map, Path index) {
    if (!FORMAT.equals(map.get("format"))) {
      throw UserError.of("%s is no index of photos that this version reads. Make it again: ocelli index --overwrite.", index);
    }
    return new IndexIdentity(
        Path.of(map.get("run")), map.get("model"), map.get("encoder"), Integer.parseInt(map.get("vectors")), Integer.parseInt(map.get("size")),
        // An index from before there was a bank.
        Integer.parseInt(map.getOrDefault("width", map.get("size"))));
  }

  /** Refuses an index of other weights; where the run folder lies may differ. */
  public void check(IndexIdentity wanted, Path index) {
    if (!encoder.equals(wanted.encoder) || vectors != wanted.vectors || size != wanted.size || width != wanted.width) {
      throw other(wanted.run, index);
    }
    check(wanted.run, wanted.model, index);
  }

  /**
   * As {@link #check(IndexIdentity, Path)} as far as texts go, which the encoder of photos has no part in.
   *
   * @param model SHA-256 of the run's stage 1
   */
  public void check(Path run, String model, Path index) {
    if (!this.model.equals(model)) {
      throw other(run, index);
    }
  }

  private static UserError other(Path run, Path index) {
    return UserError.of(
        "%s was made with other weights than %s has now. Make it again: ocelli index --overwrite, or name the run it was made with (--run).",
        index, run);
  }
}
