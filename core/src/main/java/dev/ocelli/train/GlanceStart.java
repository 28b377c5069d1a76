package dev.ocelli.train;

import dev.ocelli.Progress;
import dev.ocelli.data.Draws;
import dev.ocelli.data.Photo;
import dev.ocelli.model.Glance;
import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.PhotoViews;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.TextBatch;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Parameters;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import dev.ocelli.text.Tokenizer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * What a glance and its half of the contrast learn before the queries begin: from each photo's two pooled vectors and from captions as the text
 * model gives them, both computed once. A linear map wants many passes and many pairs that compete, and so they cost seconds.
 *
 * @param model of which the text half is read, as it stands
 */
record GlanceStart(ImageTextModel model, Recipe recipe, Tokenizer tokenizer, Compute compute, Progress progress) {
  /** More learn no better map, and 100 MB hold what four layers of DINOv2-small say of these. */
  private static final int MOST_PHOTOS = 8192;

  private static final int TEXTS_AT_ONCE = 256;
  private static final int PHOTOS_AT_ONCE = 16;
  private static final int WARMUP = 20;

  /** The glance and its two projections alone. */
  private record Learner(Parameters parameters, Glance glance, ImageTextHeads heads) implements AutoCloseable {
    static Learner of(QFormer.Config config, int projection, Compute compute) {
      Glance[] glance = new Glance[1];
      ImageTextHeads[] heads = new ImageTextHeads[1];
      Consumer<Weights> build =
          weights -> {
            glance[0] = Glance.of(config, weights);
            heads[0] = new ImageTextHeads(config, projection, weights);
          };
      Parameters parameters = new Parameters(compute, name -> "all", build);
      build.accept(parameters.weights());
      return new Learner(parameters, glance[0], heads[0]);
    }

    @Override
    public void close() {
      parameters.close();
    }
  }

  /**
   * @param photos to learn from
   * @param mean what the inputs of all photos' glances have in common, or null
   * @return what has been learnt, by the names of the model's parameters
   */
  Map<String, float[]> learn(PhotoFeatures photos, Tensor mean) {
    List<Photo> some = spread(photos.photos());
    Recipe.GlanceFigures figures = recipe.stage1().glance();
    Pairs pairs = new Pairs(recipe.seed(), "glance", some, PhotoViews.NONE, recipe.data(), false, figures.batch(), 0);
    long steps = pairs.stepsPerPass() * figures.passes();
    Map<String, Integer> numbers = new LinkedHashMap<>();
    some.forEach(photo -> photo.captions().forEach(caption -> numbers.putIfAbsent(pairs.text(caption), numbers.size())));
    Map<String, float[]> learnt = new HashMap<>();
    Scope.run(
        () -> {
          Tensor images = inputs(photos.with(some), mean);
          Tensor texts = means(List.copyOf(numbers.keySet()));
          try (Learner learner = Learner.of(model.qformer().config(), recipe.qformer().projection(), compute);
              Adam adam = new Adam(learner.parameters, "adamw", recipe.stage1().decay(), Map.of("all", figures.rate()));
              Progress.Task task = progress.start("glance", steps, "steps")) {
            learner.parameters.initialise(recipe.seed(), name -> name.equals("logit_scale") ? ImageTextHeads.logScale(recipe.stage1().temperature()) : null);
            Schedule schedule = new Schedule("cosine", WARMUP, steps);
            for (long step = 0; step < steps; step++) {
              step(learner, adam, pairs, numbers, images, texts, step, schedule.factor(step));
              task.advance(1);
            }
            for (Parameters.Named named : learner.parameters.named()) {
              if (named.name().startsWith("glance")) {
                learnt.put(named.name(), Tensors.floats(named.master()));
              }
            }
          }
        });
    return learnt;
  }

  private void step(
      Learner learner, Adam adam, Pairs pairs, Map<String, Integer> numbers, Tensor images, Tensor texts, long step, double factor) {
    int n = pairs.perStep();
    List<Pairs.Pair> drawn = IntStream.range(0, n).mapToObj(row -> pairs.pair(step, row)).toList();
    int[] photos = drawn.stream().mapToInt(Pairs.Pair::photo).toArray();
    int[] captions = drawn.stream().mapToInt(pair -> numbers.get(pair.caption())).toArray();
    learner.parameters.zeroGradients();
    Scope.run(
        () -> {
          torch.manual_seed(Draws.bits(recipe.seed(), "glance dropout", step, 0));
          double dropout = recipe.stage1().glance().dropout();
          Tensor seen = learner.glance.apply(torch.dropout(images.index_select(0, compute.place(Tensors.of(photos, n))), dropout, true));
          Tensor said = torch.dropout(texts.index_select(0, compute.place(Tensors.of(captions, n))), dropout, true);
          Tensor cosines = torch.matmul(learner.heads.looked(seen.squeeze(1)), learner.heads.told(said).t());
          Contrast.loss(cosines, learner.heads.scale(), photos, recipe.stage1().labelSmoothing()).backward();
        });
    adam.step(factor, recipe.stage1().clip(), learner.parameters.gradientNorm());
  }

  private static List<Photo> spread(List<Photo> photos) {
    int used = Math.min(photos.size(), MOST_PHOTOS);
    return IntStream.range(0, used).mapToObj(i -> photos.get((int) ((long) i * photos.size() / used))).toList();
  }

  /** What glances of photos map, fp32 {@code [photos, 2 * imageHidden]}. */
  private Tensor inputs(PhotoFeatures photos, Tensor mean) {
    List<Tensor> all = new ArrayList<>();
    int count = photos.photos().size();
    ByteBuffer bytes = photos.buffer(Math.min(count, PHOTOS_AT_ONCE));
    for (int from = 0; from < count; from += PHOTOS_AT_ONCE) {
      bytes.clear();
      for (int photo = from; photo < Math.min(from + PHOTOS_AT_ONCE, count); photo++) {
        photos.read(photo, bytes);
      }
      all.add(
          Scope.noGrad(
              () -> {
                Tensor input = Glance.input(photos.tensor(bytes, compute));
                return mean == null ? input : input.sub(mean);
              }));
    }
    return torch.cat(new TensorVector(all.toArray(Tensor[]::new)), 0);
  }

  /** The means of texts' tokens, fp32 {@code [texts, hidden]}. Those of like length are read together: padding would be half of the work. */
  private Tensor means(List<String> texts) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, texts.size()).boxed().toList());
    order.sort(Comparator.comparingInt(i -> texts.get(i).length()));
    List<Tensor> all = new ArrayList<>();
    int[] where = new int[texts.size()];
    try (Progress.Task task = progress.start("read captions", texts.size(), "captions")) {
      for (int from = 0; from < order.size(); from += TEXTS_AT_ONCE) {
        List<Integer> some = order.subList(from, Math.min(from + TEXTS_AT_ONCE, order.size()));
        for (int i = 0; i < some.size(); i++) {
          where[some.get(i)] = from + i;
        }
        TextBatch batch = TextBatch.of(tokenizer, some.stream().map(texts::get).toList(), recipe.stage1().maxTokens());
        all.add(
            Scope.noGrad(
                () -> {
                  Tensor real = batch.real(compute);
                  return ImageTextHeads.mean(model.qformer().text(batch.ids(compute), real, false), real);
                }));
        task.advance(some.size());
      }
    }
    Tensor sorted = torch.cat(new TensorVector(all.toArray(Tensor[]::new)), 0);
    return sorted.index_select(0, compute.place(Tensors.of(where, where.length)));
  }
}
