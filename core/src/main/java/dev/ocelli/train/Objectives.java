package dev.ocelli.train;

import dev.ocelli.data.Draws;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.TextBatch;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Forward and backward passes of a step of stage 1, by the weighted sum of its objectives. What an objective sees of the images is computed
 * once for all: the keys and values of the cross-attention serve every pass, and the queries' pass serves contrast and generation alike,
 * since in neither the queries see the text.
 *
 * <p>Contrast needs all pairs of a batch at once, but memory holds only so many passes. Where a batch has several micro-batches, the vectors
 * of all pairs are computed without a graph; the loss's slope by each of them is exact and small; and each micro-batch, computed again, is
 * driven by its vectors' slopes (Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup"; GradCache).
 */
final class Objectives {
  /**
   * @param features bf16 {@code [pairs, tokens, hidden]}; null where memory can't hold all pairs at once: micro-batches read their own
   * @param text padded ids of the captions
   * @param more captions of the same photos, equally many of each, pair by pair: only contrast reads them; null where there are none
   * @param fits which photo each pair is of, and which captions are true of it
   * @param views which view of it
   * @param patches which of its vectors, equally many of each; null for all
   */
  record Batch(ByteBuffer features, TextBatch text, TextBatch more, Fits fits, int[] views, int[][] patches) {
    int[] photos() {
      return fits.photos();
    }

    int size() {
      return photos().length;
    }
  }

  /** A batch on the device; {@code more} and {@code features} are null where it has none. */
  private record Inputs(Batch batch, Tensor features, Words own, Words more) {}

  private record Words(Tensor ids, Tensor real) {
    static Words of(TextBatch text, Compute compute) {
      return text == null ? null : new Words(text.ids(compute), text.real(compute));
    }
  }

  /** Contrast over the whole batch: its loss's slopes by the vectors of all pairs, and the cosines over the temperature. */
  private record Slopes(Tensor images, Tensor texts, float[] similarity) {}

  private final ImageTextModel model;
  private final Recipe recipe;
  private final PhotoFeatures photos;
  private final Parameters parameters;
  private final Compute compute;
  private final long steps;

  /** @param steps of the whole training */
  Objectives(ImageTextModel model, Recipe recipe, PhotoFeatures photos, Parameters parameters, long steps) {
    this.model = model;
    this.recipe = recipe;
    this.photos = photos;
    this.parameters = parameters;
    compute = parameters.compute();
    this.steps = steps;
  }

  /** One step; gradients end in the parameters. */
  Stage.Loss run(Batch batch, long step) {
    Tensor features = batch.features == null ? null : photos.tensor(batch.features, batch.size(), compute);
    Inputs in = new Inputs(batch, features, Words.of(batch.text, compute), Words.of(batch.more, compute));
    int size = recipe.stage1().microBatch() == 0 ? batch.size() : Math.min(batch.size(), recipe.stage1().microBatch());
    boolean cached = model.contrast() != null && size < batch.size();
    Map<String, Double> losses = new LinkedHashMap<>();
    Slopes slopes = cached ? contrast(in, size, step, losses) : null;
    Matching.Negatives negatives = null;
    if (model.match() != null && (cached || model.contrast() == null)) {
      negatives = draw(batch, cached ? slopes.similarity : null, step);
    }
    for (int from = 0; from < batch.size(); from += size) {
      int start = from;
      int end = Math.min(batch.size(), from + size);
      Matching.Negatives drawn = negatives;
      if (from > 0) {
        parameters.gatherGradients();
      }
      Scope.run(() -> microBatch(in, start, end, step, slopes, drawn, losses).backward());
    }
    return new Stage.Loss(losses.entrySet().stream().mapToDouble(e -> weight(e.getKey()) * e.getValue()).sum(), losses);
  }

  private Matching.Negatives draw(Batch batch, float[] similarity, long step) {
    double hard = recipe.stage1().hardNegatives() * step / steps;
    return Matching.draw(similarity, hard, batch.fits, recipe.seed(), step);
  }

  private double weight(String objective) {
    Recipe.Objectives weights = recipe.stage1().objectives();
    return switch (objective) {
      case "itc" -> weights.itc();
      case "itm" -> weights.itm();
      default -> weights.itg();
    };
  }

  /**
   * What to differentiate for some pairs.
   *
   * @param slopes of the contrast of the whole batch; null where these pairs are all
   * @param negatives null where they are still to be drawn by these pairs' contrast
   * @param losses gets each objective's share of the step's loss
   */
  private Tensor microBatch(
      Inputs in, int from, int to, long step, Slopes slopes, Matching.Negatives negatives, Map<String, Double> losses) {
    int n = to - from;
    // Wrong partners may stand outside of these pairs: their features come behind.
    List<Integer> rows = new ArrayList<>(IntStream.range(from, to).boxed().toList());
    if (negatives != null) {
      negatives.ofTexts(from, to).stream().map(Matching.Trial::image).filter(r -> !rows.contains(r)).distinct().forEach(rows::add);
    }
    QFormer.Look look = model.qformer().look(features(in, rows));
    QFormer.Look own = rows.size() == n ? look : look.first(n);
    seed(step, from);
    QFormer.Pass seen = model.contrast() != null || model.words() != null ? model.qformer().see(own, true) : null;
    Tensor total = compute.place(Tensors.zeros(ScalarType.Float));
    Matching.Negatives drawn = negatives;
    if (model.contrast() != null) {
      Tensor images = model.contrast().images(seen.states());
      Tensor texts = texts(in, from, to);
      if (slopes != null) {
        long each = texts.size(0) / n;
        total = total.add(images.mul(slopes.images.narrow(0, from, n)).sum());
        total = total.add(texts.mul(slopes.texts.narrow(0, from * each, n * each)).sum());
      } else {
        total = total.add(share("itc", contrastLoss(images, texts, in.batch.fits), losses));
        drawn = model.match() == null ? null : draw(in.batch, overTemperature(images, texts, in.batch.size()), step);
      }
    }
    if (model.match() != null) {
      Tensor sum = Matching.loss(model, look, rows, drawn, from, to, in.own.ids, in.own.real, true);
      total = total.add(share("itm", Tensors.scale(sum, 1.0 / drawn.count()), losses));
    }
    if (model.words() != null) {
      TextBatch text = in.batch.text;
      Tensor sum = GroundedText.loss(model, seen, text, from, to, recipe.stage1().labelSmoothing(), compute, true);
      total = total.add(share("itg", Tensors.scale(sum, 1.0 / GroundedText.tokens(text, 0, in.batch.size())), losses));
    }
    return total;
  }

  /** The contrast of a whole batch, micro-batch by micro-batch, as the class says. */
  private Slopes contrast(Inputs in, int size, long step, Map<String, Double> losses) {
    List<Tensor> images = new ArrayList<>();
    List<Tensor> texts = new ArrayList<>();
    for (int from = 0; from < in.batch.size(); from += size) {
      int start = from;
      int end = Math.min(in.batch.size(), from + size);
      List<Tensor> both =
          Scope.all(
              () -> {
                try (AutoGradMode mode = new AutoGradMode(false)) {
                  // The same draws, in the same order, as when these pairs are computed again.
                  QFormer.Look look = model.qformer().look(features(in, IntStream.range(start, end).boxed().toList()));
                  seed(step, start);
                  Tensor vectors = model.contrast().images(model.qformer().see(look, true).states());
                  return List.of(vectors, texts(in, start, end));
                }
              });
      images.add(both.get(0));
      texts.add(both.get(1));
    }
    Tensor allImages = Tensors.cat(0, images.toArray(Tensor[]::new)).set_requires_grad(true);
    Tensor allTexts = Tensors.cat(0, texts.toArray(Tensor[]::new)).set_requires_grad(true);
    share("itc", contrastLoss(allImages, allTexts, in.batch.fits), losses).backward();
    float[] cosines = model.match() == null ? null : overTemperature(allImages, allTexts, in.batch.size());
    return new Slopes(allImages.grad(), allTexts.grad(), cosines);
  }

  /** Vectors of the pairs' captions, each followed by those of its photo's further ones. */
  private Tensor texts(Inputs in, int from, int to) {
    int n = to - from;
    Tensor own = texts(in.own, from, n);
    if (in.more == null) {
      return own;
    }
    int each = Math.toIntExact(in.more.ids.size(0)) / in.batch.size();
    Tensor more = texts(in.more, from * each, n * each).view(n, each, -1);
    return Tensors.cat(1, own.unsqueeze(1), more).flatten(0, 1);
  }

  private Tensor texts(Words words, int from, int count) {
    Tensor real = words.real.narrow(0, from, count);
    return model.contrast().texts(model.qformer().text(words.ids.narrow(0, from, count), real, true), real);
  }

  private Tensor contrastLoss(Tensor images, Tensor texts, Fits fits) {
    return Contrast.loss(model.contrast().apart(images, texts, QFormerStage.similarityOf(recipe)), scale(), fits, recipe.stage1().labelSmoothing());
  }

  /** A fixed temperature's slope would count in the norm that clipping looks at. */
  private Tensor scale() {
    return recipe.stage1().learnTemperature() ? model.contrast().scale() : model.contrast().scale().detach();
  }

  /** Of the pairs' own captions, {@code [pairs * pairs]}. */
  private float[] overTemperature(Tensor images, Tensor texts, int pairs) {
    Tensor similarity = Scope.noGrad(() -> model.contrast().similarity(images, texts, QFormerStage.similarityOf(recipe)));
    return Tensors.floats(similarity.view(pairs, pairs, -1).select(2, 0).mul(scale().detach()));
  }

  /** Of some pairs: {@code [rows, tokens, hidden]}. */
  private Tensor features(Inputs in, List<Integer> rows) {
    if (in.features != null) {
      boolean all = rows.size() == in.batch.size() && rows.get(0) == 0;
      return all ? in.features : in.features.index_select(0, compute.place(Tensors.of(rows.stream().mapToInt(Integer::intValue).toArray(), rows.size())));
    }
    int[][] patches = in.batch.patches;
    ByteBuffer buffer = photos.buffer(rows.size(), patches == null ? photos.store().tokens() : patches[0].length);
    rows.forEach(row -> photos.read(in.batch.photos()[row], in.batch.views[row], patches == null ? null : patches[row], buffer));
    return photos.tensor(buffer, rows.size(), compute);
  }

  private void seed(long step, int from) {
    torch.manual_seed(Draws.bits(recipe.seed(), "stage 1 dropout", step, from));
  }

  private Tensor share(String objective, Tensor loss, Map<String, Double> losses) {
    losses.merge(objective, loss.item_double(), Double::sum);
    return Tensors.scale(loss, weight(objective));
  }
}
