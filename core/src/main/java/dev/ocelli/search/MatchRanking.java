package dev.ocelli.search;

import dev.ocelli.UserError;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.model.MatchHead;
import dev.ocelli.nn.Scope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * Ranks the best photos of a search once more by matching, which sees photo and text together (BLIP-2, section 4.4), by both scores
 * together ({@link ImageTextScores#scale}), as {@code ocelli eval retrieval --rerank} does.
 *
 * @param scores of a run trained with matching
 * @param features of a photo's file, {@code [1, tokens, hidden]}; null for one that can't be read
 */
public record MatchRanking(ImageTextScores scores, Function<Path, Tensor> features) {
  /**
   * A photo with its score.
   *
   * @param probability that photo and text match, 0 to 1; null where it was not asked for, or the photo can't be read
   */
  public record Ranked(SearchHit hit, Double probability) {}

  private record Scored(Ranked ranked, double score) {}

  /**
   * The hits in their new order.
   *
   * @param best how many, from the first, are ranked again; the others stay behind them as they were
   */
  public List<Ranked> rank(List<SearchHit> hits, String text, int best) {
    List<Scored> again = new ArrayList<>();
    int some = Math.min(best, hits.size());
    for (SearchHit hit : hits.subList(0, some)) {
      Scope.run(() -> again.add(score(hit, text)));
    }
    again.sort(Comparator.comparingDouble(Scored::score).reversed());
    List<Ranked> ranked = new ArrayList<>(again.stream().map(Scored::ranked).toList());
    hits.subList(some, hits.size()).forEach(hit -> ranked.add(new Ranked(hit, null)));
    return ranked;
  }

  private Scored score(SearchHit hit, String text) {
    Tensor seen = features.apply(hit.photo());
    if (seen == null) {
      return new Scored(new Ranked(hit, null), Double.NEGATIVE_INFINITY);
    }
    Tensor logits = scores.match(scores.model().qformer().look(seen), List.of(text));
    double match = MatchHead.logOdds(logits).item_double();
    if (!Double.isFinite(match)) {
      throw UserError.of("Photo %s matches the text by %s: the weights or features are broken.", hit.photo(), match);
    }
    return new Scored(new Ranked(hit, MatchHead.probability(logits).item_double()), match + scores.scale() * hit.similarity());
  }
}
