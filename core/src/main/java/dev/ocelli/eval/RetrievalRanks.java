package dev.ocelli.eval;

import dev.ocelli.UserError;
import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.function.ObjIntConsumer;

/**
 * Ranks photos and captions by each other from rows of scores, one row a photo, without ever holding the whole matrix: memory is a few
 * bytes for each caption and photo.
 *
 * <p>A photo's rank is that of the best of its own captions among all captions of other photos; a caption's is that of its photo among all
 * photos. Ties count against the model: a wrong answer with the same score stands before the right one, so that constant scores earn
 * nothing.
 */
public final class RetrievalRanks {
  private final int[] captionImage;
  private final float[] ownScores;
  private final int[] imageRank;
  private final int[] captionRank;
  private int rows;

  /**
   * @param images how many photos
   * @param captionImage for each caption the index of its photo; each photo has at least one
   * @param ownScores for each caption its score with its own photo, known beforehand because rows of other photos come earlier; they must
   *     be what the rows hold, to the bit
   */
  public RetrievalRanks(int images, int[] captionImage, float[] ownScores) {
    if (images < 1) {
      throw UserError.of("Retrieval over %d photos: it needs at least one.", images);
    }
    if (ownScores.length != captionImage.length) {
      throw new IllegalArgumentException(ownScores.length + " own scores for " + captionImage.length + " captions");
    }
    boolean[] captioned = new boolean[images];
    for (int c = 0; c < captionImage.length; c++) {
      if (captionImage[c] < 0 || captionImage[c] >= images) {
        throw UserError.of("Caption %d belongs to photo %d, but photos go from 0 to %d.", c, captionImage[c], images - 1);
      }
      captioned[captionImage[c]] = true;
      checkNumber(ownScores[c], captionImage[c], c);
    }
    for (int i = 0; i < images; i++) {
      if (!captioned[i]) {
        throw UserError.of("Photo %d has no caption, so that it can't be found by one. Leave it out.", i);
      }
    }
    this.captionImage = captionImage.clone();
    this.ownScores = ownScores.clone();
    imageRank = new int[images];
    captionRank = new int[captionImage.length];
    Arrays.fill(captionRank, 1);
  }

  /** Ranks by rows that can be made twice over: once for the scores of pairs that belong together, once for the ranks. */
  public static RetrievalScores of(int images, int[] captionImage, IntFunction<float[]> row) {
    return of(images, captionImage, row, (scores, image) -> {}).scores();
  }

  /** As {@link #of(int, int[], IntFunction)}, for all ranks; {@code seen} gets each photo's row once. */
  static Ranks of(int images, int[] captionImage, IntFunction<float[]> row, ObjIntConsumer<float[]> seen) {
    float[] own = new float[captionImage.length];
    for (int i = 0; i < images; i++) {
      float[] scores = row.apply(i);
      for (int c = 0; c < own.length; c++) {
        if (captionImage[c] == i) {
          own[c] = scores[c];
        }
      }
    }
    RetrievalRanks ranks = new RetrievalRanks(images, captionImage, own);
    for (int i = 0; i < images; i++) {
      float[] scores = row.apply(i);
      ranks.addRow(i, scores);
      seen.accept(scores, i);
    }
    return ranks.ranks();
  }

  /**
   * Takes in the row of one photo; rows may come in any order, each once.
   *
   * @param scores the photo's score with every caption, the greater the better
   * @throws UserError where a score is not a number
   */
  public void addRow(int image, float[] scores) {
    if (scores.length != captionImage.length) {
      throw new IllegalArgumentException("A row of " + scores.length + " scores for " + captionImage.length + " captions");
    }
    if (imageRank[image] != 0) {
      throw new IllegalStateException("The row of photo " + image + " came twice");
    }
    float best = Float.NEGATIVE_INFINITY;
    for (int c = 0; c < scores.length; c++) {
      checkNumber(scores[c], image, c);
      if (captionImage[c] == image) {
        if (scores[c] != ownScores[c]) {
          throw new IllegalStateException(
              "Caption " + c + " scores " + scores[c] + " with its photo " + image + " in the row, but " + ownScores[c] + " before");
        }
        best = Math.max(best, scores[c]);
      }
    }
    int rank = 1;
    for (int c = 0; c < scores.length; c++) {
      if (captionImage[c] != image) {
        rank += scores[c] >= best ? 1 : 0;
        captionRank[c] += scores[c] >= ownScores[c] ? 1 : 0;
      }
    }
    imageRank[image] = rank;
    rows++;
  }

  /** The figures, once every photo's row was added. */
  public RetrievalScores scores() {
    return ranks().scores();
  }

  private Ranks ranks() {
    if (rows != imageRank.length) {
      throw new IllegalStateException(rows + " rows of " + imageRank.length + " photos were added");
    }
    return new Ranks(captionImage, imageRank, captionRank);
  }

  private static void checkNumber(float score, int image, int caption) {
    if (Float.isNaN(score)) {
      throw UserError.of("The score of photo %d with caption %d is not a number: the weights or features are broken.", image, caption);
    }
  }
}
