package dev.ocelli.eval;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.model.MatchHead;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Ranks the best few that contrast finds once more, by matching (BLIP-2, section 4.4): of each photo the best captions, of each caption the
 * best photos. Their new score is contrast's and matching's together ({@link ImageTextScores#scale}); all others stay behind them, in the old
 * order. Memory grows with the number of photos and captions, not with their product.
 */
final class Rerank {
  /** Pairs in one pass. */
  private static final int AT_ONCE = 64;

  private final int[] captionImage;
  private final int[] captionText;
  private final Shortlist[] ofPhotos;
  private final Shortlist[] ofCaptions;

  /**
   * @param captionText which of the texts each caption is: those of the same words are one, so that their scores tie to the last bit
   * @param best how many are ranked again
   */
  Rerank(int photos, int[] captionImage, int[] captionText, int best) {
    this.captionImage = captionImage;
    this.captionText = captionText;
    ofPhotos = IntStream.range(0, photos).mapToObj(i -> new Shortlist(Math.min(best, captionImage.length))).toArray(Shortlist[]::new);
    ofCaptions = IntStream.range(0, captionImage.length).mapToObj(i -> new Shortlist(Math.min(best, photos))).toArray(Shortlist[]::new);
  }

  /** Takes in one photo's similarities with all captions. */
  void add(int photo, float[] similarities) {
    for (int c = 0; c < similarities.length; c++) {
      ofPhotos[photo].offer(c, similarities[c], captionImage[c] == photo);
      ofCaptions[c].offer(photo, similarities[c], captionImage[c] == photo);
    }
  }

  /**
   * The new ranks.
   *
   * @param before by similarity alone
   */
  Ranks ranks(Ranks before, ImageTextScores scores, PhotoFeatures photos, List<String> texts, Progress progress) {
    Map<Integer, List<int[]>> asking = new TreeMap<>();
    for (int c = 0; c < ofCaptions.length; c++) {
      for (int place = 0; place < ofCaptions[c].size(); place++) {
        asking.computeIfAbsent(ofCaptions[c].answer(place), p -> new ArrayList<>()).add(new int[] {c, place});
      }
    }
    float scale = (float) scores.scale();
    try (Progress.Task task = progress.start("re-rank", ofPhotos.length, "photos")) {
      for (int p = 0; p < ofPhotos.length; p++) {
        int photo = p;
        Scope.run(() -> match(photo, asking.getOrDefault(photo, List.of()), scores, scale, photos, texts));
        task.advance(1);
      }
    }
    int[] image = IntStream.range(0, ofPhotos.length).map(i -> ofPhotos[i].rank(before.image()[i])).toArray();
    int[] caption = IntStream.range(0, ofCaptions.length).map(c -> ofCaptions[c].rank(before.caption()[c])).toArray();
    return new Ranks(captionImage, image, caption);
  }

  /** Scores one photo with its best captions, and with those that have it among their best: once where a pair is in both lists. */
  private void match(int photo, List<int[]> asking, ImageTextScores scores, float scale, PhotoFeatures photos, List<String> texts) {
    TreeSet<Integer> asked = new TreeSet<>();
    Shortlist own = ofPhotos[photo];
    IntStream.range(0, own.size()).forEach(place -> asked.add(captionText[own.answer(place)]));
    asking.forEach(a -> asked.add(captionText[a[0]]));
    // Those of like length together: less padding.
    List<Integer> inOrder = asked.stream().sorted(Comparator.comparingInt(t -> texts.get(t).length())).toList();
    Map<Integer, Float> odds = new TreeMap<>();
    QFormer.Look look = scores.look(photos, photo);
    for (int from = 0; from < inOrder.size(); from += AT_ONCE) {
      List<Integer> some = inOrder.subList(from, Math.min(inOrder.size(), from + AT_ONCE));
      Scope.run(
          () -> {
            Tensor both = scores.match(look, some.stream().map(texts::get).toList());
            float[] match = Tensors.floats(MatchHead.logOdds(both));
            for (int i = 0; i < match.length; i++) {
              if (!Float.isFinite(match[i])) {
                throw UserError.of("Photo %s matches a caption by %s: the weights or features are broken.", photos.photos().get(photo).image(), match[i]);
              }
              odds.put(some.get(i), match[i]);
            }
          });
    }
    for (int place = 0; place < own.size(); place++) {
      own.rescore(place, scale * own.score(place) + odds.get(captionText[own.answer(place)]));
    }
    for (int[] a : asking) {
      ofCaptions[a[0]].rescore(a[1], scale * ofCaptions[a[0]].score(a[1]) + odds.get(captionText[a[0]]));
    }
  }
}
