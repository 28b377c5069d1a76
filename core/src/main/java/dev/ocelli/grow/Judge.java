package dev.ocelli.grow;

import dev.ocelli.UserError;
import dev.ocelli.data.Draws;
import dev.ocelli.data.Photo;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.model.PhotoFeatures;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Says how likely a text belongs to a photo, by what stage 1 was trained with: the probability of its matching head (ITM), or else the
 * similarity of contrast (ITC).
 */
final class Judge {
  private static final int MOST_REAL = 1000;

  private final ImageTextScores scores;

  Judge(ImageTextScores scores) {
    this.scores = scores;
    if (scores.model().match() == null && scores.model().contrast() == null) {
      throw new UserError("The run was trained with neither itc nor itm (stage1.objectives), so it can't judge captions. Train a run with one.");
    }
  }

  /** "matching" or "similarity". */
  String name() {
    return scores.model().match() == null ? "similarity" : "matching";
  }

  /** Of each photo with the text of the same number. */
  double[] of(PhotoFeatures photos, List<String> texts) {
    return scores.pairs(photos, texts).stream()
        .mapToDouble(match -> match.probability() == null ? match.similarity() : match.probability())
        .toArray();
  }

  /** Scores of real pairs, ascending: not more than 1000, drawn from the photos' captions. */
  double[] real(PhotoFeatures photos, long seed) {
    List<Photo> pairs = new ArrayList<>();
    List<String> captions = new ArrayList<>();
    for (Photo photo : photos.photos()) {
      for (String caption : photo.captions()) {
        pairs.add(photo);
        captions.add(caption);
      }
    }
    int[] order = Arrays.copyOf(Draws.permutation(seed, "grow real pairs", 0, pairs.size()), Math.min(MOST_REAL, pairs.size()));
    double[] found =
        of(photos.with(Arrays.stream(order).mapToObj(pairs::get).toList()), Arrays.stream(order).mapToObj(captions::get).toList());
    Arrays.sort(found);
    return found;
  }

  /** The score that a part of the ascending ones is below, the nearest rank. */
  static double quantile(double[] ascending, double part) {
    return ascending[(int) Math.min(ascending.length - 1, Math.round(part * (ascending.length - 1)))];
  }
}
