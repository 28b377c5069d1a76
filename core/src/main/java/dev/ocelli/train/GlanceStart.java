package dev.ocelli.train;

import dev.ocelli.Progress;
import dev.ocelli.UserError;
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
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What a glance and its half of the contrast learn before the queries begin: from each photo's two pooled vectors and from captions as the text
 * model gives them, both computed once. A linear map wants many passes and many pairs that compete, and here a step of 512 takes a fraction of
 * a second; reading the captions takes as long as all of them.
 *
 * @param model of which the text half is read, as it stands
 * @param stop asked now and then: true ends it
 */
record GlanceStart(ImageTextModel model, Recipe recipe, Tokenizer tokenizer, Compute compute, Progress progress, BooleanSupplier stop) {
  /** More learn hardly a better map, and what four layers of DINOv2-small say of these takes 100 MB. */
  private static final int MOST_PHOTOS = 8192;

  /** As many as Flickr8k and COCO have of a photo; more would only take longer to read. */
  private static final int MOST_CAPTIONS = 5;

  private static final int TEXTS_AT_ONCE = 256;
  private static final int PHOTOS_AT_ONCE = 16;
  private static final int WARMUP = 20;
  private static final String SCALE = "logit_scale";

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
      Parameters parameters = new Parameters(compute, name -> name.equals(SCALE) ? SCALE : "glance", build);
      build.accept(parameters.weights());
      return new Learner(parameters, glance[0], heads[0]);
    }

    @Override
    public void close() {
      parameters.close();
    }
  }

  /** What is learnt from: fp32 {@code [photos, 2 * imageHidden]} and {@code [texts, hidden]}, and which text a caption is. */
  private record Seen(Tensor images, Tensor texts, Map<String, Integer> numbers, SharedCaptions shared) {}

  /**
   * @param photos to learn from
   * @param mean what the inputs of all photos' glances have in common, or null
   * @return what has been learnt, by the names of the model's parameters; empty where it was stopped
   */
  Map<String, float[]> learn(PhotoFeatures photos, Tensor mean) {
    List<Photo> some = some(photos.photos());
    Pairs pairs = new Pairs(recipe.seed(), "glance", some, PhotoViews.NONE, recipe.data(), false, recipe.stage1().glance().batch(), 0);
    Map<String, Integer> numbers = new LinkedHashMap<>();
    some.forEach(photo -> photo.captions().forEach(caption -> numbers.putIfAbsent(pairs.text(caption), numbers.size())));
    Map<String, float[]> learnt = new HashMap<>();
    Scope.run(
        () -> {
          Tensor images = inputs(photos.with(some), mean);
          Tensor texts = images.numel() == 0 ? images : means(List.copyOf(numbers.keySet()));
          if (texts.numel() > 0) {
            learnt.putAll(learn(pairs, new Seen(images, texts, numbers, SharedCaptions.of(some, pairs::text))));
          }
        });
    if (learnt.values().stream().anyMatch(values -> IntStream.range(0, values.length).anyMatch(i -> !Float.isFinite(values[i])))) {
      throw UserError.of("What the glance learns first broke down. Lower stage1.glance.rate, or set stage1.glance.passes to 0.");
    }
    return learnt;
  }

  private Map<String, float[]> learn(Pairs pairs, Seen seen) {
    Recipe.GlanceFigures figures = recipe.stage1().glance();
    long steps = pairs.stepsPerPass() * figures.passes();
    Map<String, Double> rates = Map.of("glance", figures.rate(), SCALE, recipe.stage1().learnTemperature() ? figures.rate() : 0.0);
    try (Learner learner = Learner.of(model.qformer().config(), recipe.qformer().projection(), compute);
        Adam adam = new Adam(learner.parameters, "adamw", recipe.stage1().decay(), rates);
        Progress.Task task = progress.start("train glance", steps, "steps")) {
      learner.parameters.initialise(recipe.seed(), name -> name.equals(SCALE) ? ImageTextHeads.logScale(recipe.stage1().temperature()) : null);
      Schedule schedule = new Schedule("cosine", WARMUP, steps);
      for (long step = 0; step < steps; step++) {
        if (stop.getAsBoolean()) {
          return Map.of();
        }
        double loss = step(learner, adam, pairs, seen, step, schedule.factor(step));
        task.advance(1);
        task.say(String.format(Locale.ROOT, "loss %.3f", loss));
      }
      Map<String, float[]> learnt = new HashMap<>();
      for (Parameters.Named named : learner.parameters.named()) {
        if (named.name().startsWith("glance")) {
          learnt.put(named.name(), Tensors.floats(named.master()));
        }
      }
      return learnt;
    }
  }

  private double step(Learner learner, Adam adam, Pairs pairs, Seen seen, long step, double factor) {
    int n = pairs.perStep();
    List<Pairs.Pair> drawn = IntStream.range(0, n).mapToObj(row -> pairs.pair(step, row)).toList();
    int[] photos = drawn.stream().mapToInt(Pairs.Pair::photo).toArray();
    int[] captions = drawn.stream().mapToInt(pair -> seen.numbers.get(pair.caption())).toArray();
    Fits fits = Fits.of(photos, drawn.stream().map(Pairs.Pair::caption).toList(), seen.shared);
    double[] loss = new double[1];
    learner.parameters.zeroGradients();
    Scope.run(
        () -> {
          torch.manual_seed(Draws.bits(recipe.seed(), "glance dropout", step, 0));
          double dropout = recipe.stage1().glance().dropout();
          Tensor looked = learner.glance.apply(torch.dropout(rows(seen.images, photos), dropout, true)).squeeze(1);
          Tensor told = torch.dropout(rows(seen.texts, captions), dropout, true);
          Tensor cosines = torch.matmul(learner.heads.looked(looked), learner.heads.told(told).t());
          // What doesn't learn must not count in clipping.
          Tensor scale = recipe.stage1().learnTemperature() ? learner.heads.scale() : learner.heads.scale().detach();
          Tensor contrast = Contrast.loss(cosines, scale, fits, recipe.stage1().labelSmoothing());
          contrast.backward();
          loss[0] = contrast.item_double();
        });
    adam.step(factor, recipe.stage1().clip(), learner.parameters.gradientNorm());
    return loss[0];
  }

  private Tensor rows(Tensor of, int[] numbers) {
    return of.index_select(0, compute.place(Tensors.of(numbers, numbers.length)));
  }

  /** Evenly spread over all, each with its first captions. */
  private static List<Photo> some(List<Photo> photos) {
    int used = Math.min(photos.size(), MOST_PHOTOS);
    return IntStream.range(0, used)
        .mapToObj(i -> photos.get((int) ((long) i * photos.size() / used)))
        .map(p -> new Photo(p.image(), p.picture(), p.captions().subList(0, Math.min(p.captions().size(), MOST_CAPTIONS)), p.part()))
        .toList();
  }

  /** What glances of photos map; empty where it was stopped. */
  private Tensor inputs(PhotoFeatures photos, Tensor mean) {
    int count = photos.photos().size();
    ByteBuffer bytes = photos.buffer(Math.min(count, PHOTOS_AT_ONCE));
    return blocks(
        "glance at photos", count, PHOTOS_AT_ONCE,
        (from, to) -> {
          bytes.clear();
          for (int photo = from; photo < to; photo++) {
            photos.read(photo, bytes);
          }
          Tensor input = Glance.input(photos.tensor(bytes, compute));
          return mean == null ? input : input.sub(mean);
        });
  }

  /** The means of texts' tokens; empty where it was stopped. Texts of like length are read together: padding would be half of the work. */
  private Tensor means(List<String> texts) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, texts.size()).boxed().toList());
    order.sort(Comparator.comparingInt(i -> texts.get(i).length()));
    int[] where = new int[texts.size()];
    IntStream.range(0, where.length).forEach(i -> where[order.get(i)] = i);
    return Scope.noGrad(
        () -> {
          Tensor sorted =
              blocks(
                  "read captions", texts.size(), TEXTS_AT_ONCE,
                  (from, to) -> {
                    List<String> some = order.subList(from, to).stream().map(texts::get).toList();
                    TextBatch batch = TextBatch.of(tokenizer, some, recipe.stage1().maxTokens());
                    Tensor real = batch.real(compute);
                    return ImageTextHeads.mean(model.qformer().text(batch.ids(compute), real, false), real);
                  });
          return sorted.numel() == 0 ? sorted : rows(sorted, where);
        });
  }

  private interface Block {
    Tensor of(int from, int to);
  }

  /** All blocks' rows; empty where it was stopped. */
  private Tensor blocks(String what, int count, int size, Block block) {
    return Scope.noGrad(
        () -> {
          List<Tensor> all = new ArrayList<>();
          try (Progress.Task task = progress.start(what, count, what.substring(what.lastIndexOf(' ') + 1))) {
            for (int from = 0; from < count; from += size) {
              if (stop.getAsBoolean()) {
                return Tensors.zeros(ScalarType.Float, 0);
              }
              int start = from;
              int end = Math.min(count, from + size);
              all.add(Scope.of(() -> block.of(start, end)));
              task.advance(end - start);
            }
          }
          return torch.cat(new TensorVector(all.toArray(Tensor[]::new)), 0);
        });
  }
}
