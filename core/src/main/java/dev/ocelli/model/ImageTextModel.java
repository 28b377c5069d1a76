package dev.ocelli.model;

import dev.ocelli.nn.Weights;
import java.util.Set;

/**
 * What stage 1 trains: the Q-Former and the heads of its objectives.
 *
 * @param contrast null where ITC is no objective
 * @param match null where ITM is none
 * @param words null where ITG is none
 */
public record ImageTextModel(QFormer qformer, ImageTextHeads contrast, MatchHead match, WordHead words) {
  /** As it stands in files. */
  public static ImageTextModel of(QFormer.Config config, int projection, Set<Objective> objectives, Weights weights) {
    return of(config, projection, objectives, weights, ImageNorm.NONE);
  }

  /**
   * @param projection size of the space in which images and texts are compared
   * @param imageNorm as in {@link QFormer}
   */
  public static ImageTextModel of(QFormer.Config config, int projection, Set<Objective> objectives, Weights weights, ImageNorm imageNorm) {
    QFormer qformer = new QFormer(config, weights, true, imageNorm);
    return new ImageTextModel(
        qformer,
        objectives.contains(Objective.ITC) ? new ImageTextHeads(config, projection, weights) : null,
        objectives.contains(Objective.ITM) ? new MatchHead(config.hidden(), weights) : null,
        objectives.contains(Objective.ITG) ? new WordHead(qformer, weights) : null);
  }
}
