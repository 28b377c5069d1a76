package dev.ocelli.train;

import dev.ocelli.data.Draws;
import dev.ocelli.model.AttentionMask;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.QFormer;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Image-text matching (BLIP-2, section 3.1; ITM): the model sees an image and a text together and says whether they belong to each other.
 * Each pair of a batch gives three trials: the pair itself, its text with another image, and its image with another text. Some of
 * the wrong ones are hard: drawn by how well contrast finds that they fit.
 */
final class Matching {
  /** Keeps every wrong one possible, however sure contrast is. */
  private static final double FLOOR = 1e-4;

  /**
   * The wrong partners of a batch's pairs.
   *
   * @param images for each pair the row of a photo that its text doesn't fit, or -1 where the batch has none
   * @param texts for each pair the row of a text that doesn't fit its photo, or -1
   */
  record Negatives(int[] images, int[] texts) {
    /** Trials of some pairs' own photos, with the right text and, where there is one, with a wrong one; photo by photo. */
    List<Trial> ofPhotos(int from, int to) {
      List<Trial> trials = new ArrayList<>();
      for (int row = from; row < to; row++) {
        trials.add(new Trial(row, row, true));
        if (texts[row] >= 0) {
          trials.add(new Trial(row, texts[row], false));
        }
      }
      return trials;
    }

    /** Trials of some pairs' texts with wrong photos. */
    List<Trial> ofTexts(int from, int to) {
      return IntStream.range(from, to).filter(row -> images[row] >= 0).mapToObj(row -> new Trial(images[row], row, false)).toList();
    }

    /** How many trials the whole batch gives. */
    int count() {
      return ofPhotos(0, images.length).size() + ofTexts(0, images.length).size();
    }
  }

  /** One question: whether the photo of one row and the text of another belong together. */
  record Trial(int image, int text, boolean match) {}

  private Matching() {}

  /**
   * Draws the wrong partners: some by the softmax of their similarity, the others all alike, and never a caption that fits the photo. The
   * paper draws all by similarity; a Q-Former that has yet to learn what matching is then learns nothing for hundreds of steps, since the
   * wrong ones are those that it can't tell from the right one. So the share of hard ones grows with the training.
   *
   * @param similarity cosines over the temperature, {@code [images * texts]}, or null where nothing tells them apart
   * @param hard the share drawn by similarity, 0 to 1
   */
  static Negatives draw(float[] similarity, double hard, Fits fits, long seed, long step) {
    int n = fits.photos().length;
    int[] images = new int[n];
    int[] texts = new int[n];
    for (int row = 0; row < n; row++) {
      double[] byImage = new double[n];
      double[] byText = new double[n];
      for (int other = 0; other < n && similarity != null; other++) {
        byImage[other] = similarity[other * n + row];
        byText[other] = similarity[row * n + other];
      }
      int one = row;
      images[row] = other(byImage, hard, i -> fits.fit(i, one * fits.each()), Draws.uniform(seed, "stage 1 hard photo", step, row));
      texts[row] = other(byText, hard, i -> fits.fit(one, i * fits.each()), Draws.uniform(seed, "stage 1 hard caption", step, row));
    }
    return new Negatives(images, texts);
  }

  /** One row that doesn't fit, or -1 where there is none. */
  private static int other(double[] scores, double hard, IntPredicate fits, double uniform) {
    int[] wrong = IntStream.range(0, scores.length).filter(fits.negate()).toArray();
    double most = Arrays.stream(wrong).mapToDouble(i -> scores[i]).max().orElse(0);
    double[] likely = Arrays.stream(wrong).mapToDouble(i -> Math.exp(scores[i] - most)).toArray();
    double all = Arrays.stream(likely).sum();
    double[] weights = Arrays.stream(likely).map(w -> hard * w / all + (1 - hard) / wrong.length + FLOOR).toArray();
    double left = uniform * Arrays.stream(weights).sum();
    int chosen = -1;
    for (int i = 0; i < wrong.length && (chosen < 0 || left >= 0); i++) {
      chosen = wrong[i];
      left -= weights[i];
    }
    return chosen;
  }

  /**
   * Summed cross-entropy of all trials of some pairs.
   *
   * @param look of these pairs' photos, and behind them of the wrong ones
   * @param rows which pairs' photos these are
   * @param ids of the whole batch's texts, {@code [texts, tokens]}
   * @param real true where a token is none of the padding
   */
  static Tensor loss(
      ImageTextModel model, QFormer.Look look, List<Integer> rows, Negatives negatives, int from, int to, Tensor ids, Tensor real, boolean training) {
    List<Trial> photos = negatives.ofPhotos(from, to);
    List<Trial> texts = negatives.ofTexts(from, to);
    QFormer.Look own = look.first(to - from);
    boolean alike = photos.size() == to - from || photos.size() == 2 * (to - from);
    // Where only some have a wrong text, photos don't stand a fixed number of times.
    Tensor right = loss(model, alike ? own : own.rows(numbers(photos.stream().mapToInt(t -> t.image() - from), ids)), ids, real, photos, training);
    if (texts.isEmpty()) {
      return right;
    }
    Tensor wrong = numbers(texts.stream().mapToInt(t -> rows.indexOf(t.image())), ids);
    return right.add(loss(model, look.rows(wrong), ids, real, texts, training));
  }

  private static Tensor numbers(IntStream rows, Tensor beside) {
    int[] all = rows.toArray();
    return Tensors.of(all, all.length).to(beside.device(), ScalarType.Long);
  }

  /**
   * Summed cross-entropy of some trials.
   *
   * @param image one row a trial, or one for each two that follow one another
   * @param ids of the texts that the trials speak of, {@code [texts, tokens]}
   * @param real true where a token is none of the padding
   */
  private static Tensor loss(ImageTextModel model, QFormer.Look image, Tensor ids, Tensor real, List<Trial> trials, boolean training) {
    return Scope.of(
        () -> {
          Tensor texts = numbers(trials.stream().mapToInt(Trial::text), ids);
          Tensor states =
              model.qformer()
                  .together(image, ids.index_select(0, texts), real.index_select(0, texts), AttentionMask.BIDIRECTIONAL, training);
          Tensor logits = model.match().logits(states, model.qformer().config().queries());
          Tensor wanted = numbers(trials.stream().mapToInt(t -> t.match() ? 1 : 0), ids);
          return torch.cross_entropy_loss(logits, wanted, new TensorOptional(), 2, -100, 0);
        });
  }
}
