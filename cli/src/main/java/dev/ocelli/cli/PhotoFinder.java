package dev.ocelli.cli;

import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.image.ImageReader;
import dev.ocelli.image.RgbImage;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.search.AttentionGrid;
import dev.ocelli.search.MatchRanking;
import dev.ocelli.search.MatchRanking.Ranked;
import dev.ocelli.search.PhotoSearch;
import dev.ocelli.search.SearchHit;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/**
 * What {@code ocelli search} does once its arguments are checked.
 *
 * @param warn gets a line for each photo that is gone since it was indexed
 */
record PhotoFinder(PhotoSearch search, TrainedRun trained, PhotoSearch.Way way, Consumer<String> warn) {
  /** @param rerank how many of the best are ranked again by matching; 0 for none */
  List<Ranked> text(String text, int best, int rerank) {
    ImageTextScores scores = trained.searchable();
    List<SearchHit> hits = search.text(scores.textVectors(List.of(text)).get(0), Math.max(best, rerank), way);
    List<Ranked> ranked = new MatchRanking(scores, this::see).rank(hits, text, rerank);
    return ranked.subList(0, Math.min(best, ranked.size()));
  }

  /** Photos like another, which is left out where it is one of them. */
  List<Ranked> like(Path photo, int best) {
    ImageTextScores scores = trained.searchable();
    float[][] whole = new float[1][];
    Scope.run(
        () -> {
          Tensor seen = trained.features().see(ImageReader.read(photo));
          whole[0] = Tensors.floats(scores.model().contrast().whole(scores.images(seen)));
        });
    String own = Sha256.of(photo);
    // It may be there several times, under other names.
    for (long asked = best + 1L; ; asked *= 2) {
      int most = (int) Math.min(asked, Integer.MAX_VALUE);
      List<SearchHit> hits = search.like(whole[0], most, way);
      List<SearchHit> others = hits.stream().filter(hit -> !hit.sha256().equals(own)).limit(best).toList();
      if (others.size() == best || hits.size() < most) {
        return others.stream().map(hit -> new Ranked(hit, null)).toList();
      }
    }
  }

  /**
   * What a sheet shows of the photos found.
   *
   * @param text what they were found by; null for photos like another
   */
  List<FoundSheet.Item> items(List<Ranked> found, String text) {
    float[] words = text == null ? null : trained.searchable().textVectors(List.of(text)).get(0);
    List<FoundSheet.Item> items = new ArrayList<>();
    for (Ranked ranked : found) {
      Scope.run(() -> items.add(item(ranked, words)));
    }
    return items;
  }

  /** @param text its vector, or null */
  private FoundSheet.Item item(Ranked ranked, float[] text) {
    RgbImage photo = read(ranked.hit().photo());
    if (photo == null) {
      return new FoundSheet.Item(ranked, null, null);
    }
    var features = trained.features();
    Tensor seen = features.see(photo);
    // Where an index has one vector a photo it can't say which query fits.
    int query = ranked.hit().query() < 0 && text != null ? trained.searchable().bestQuery(seen, text) : ranked.hit().query();
    AttentionGrid grid = AttentionGrid.of(trained.imageText().qformer(), features.vision(), seen, query);
    return new FoundSheet.Item(ranked, features.vision().preprocessing().geometry(photo), grid);
  }

  private Tensor see(Path photo) {
    RgbImage image = read(photo);
    return image == null ? null : trained.features().see(image);
  }

  private RgbImage read(Path photo) {
    try {
      return ImageReader.read(photo);
    } catch (UserError gone) {
      warn.accept(gone.getMessage());
      return null;
    }
  }
}
