package dev.ocelli.train;

import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionStyle;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.model.EncoderLayers;
import dev.ocelli.model.Objective;
import dev.ocelli.model.PhotoViews;
import dev.ocelli.model.Pretrained;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Every figure of a run. What each means, and its value in the article and in the paper, stands beside it in {@code recipes/photos.yaml}.
 * Read by {@link Recipes}.
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Recipe(
    long seed,
    String precision,
    String device,
    int threads,
    Models models,
    Data data,
    Features features,
    QFormerShape qformer,
    Stage1 stage1,
    Stage2 stage2,
    Generation generation) {

  /** Names as on the hub, or local folders. */
  @JsonNaming(SnakeCaseStrategy.class)
  public record Models(String vision, String text, String language, Set<String> random) {
    public Models {
      for (String which : random) {
        oneOf("models.random", which, "vision", "text", "language");
      }
    }
  }

  @JsonNaming(SnakeCaseStrategy.class)
  public record Data(double test, double validation, boolean lowercase, boolean stripStop, int maxBadPhotos) {
    public Data {
      within("data.max_bad_photos", maxBadPhotos, 0, Integer.MAX_VALUE);
      within("data.test", test, 0, 0.9);
      within("data.validation", validation, 0, 0.5);
    }

    /** What captions go through before they are trained on. */
    public CaptionStyle style() {
      return new CaptionStyle(lowercase, stripStop);
    }
  }

  /** What the frozen encoder sees of each photo. */
  public record Features(String show, int layers, String join, int views, double crop, boolean flip, double colour) {
    public Features {
      oneOf("features.show", show, "middle", "whole");
      within("features.layers", layers, 1, 1024);
      oneOf("features.join", join, "hidden", "tokens");
      within("features.views", views, 0, 1000);
      within("features.crop", crop, 0.01, 1);
      within("features.colour", colour, 0, 1);
    }

    Pretrained.Vision shown(Pretrained.Vision vision) {
      return show.equals("whole") ? vision.whole() : vision;
    }

    EncoderLayers encoderLayers() {
      return layers == 1 ? EncoderLayers.LAST : new EncoderLayers(layers, EncoderLayers.Join.valueOf(join.toUpperCase(Locale.ROOT)));
    }

    PhotoViews photoViews() {
      return views == 0 ? PhotoViews.NONE : new PhotoViews(views, crop, flip, colour);
    }
  }

  @JsonNaming(SnakeCaseStrategy.class)
  public record QFormerShape(
      int queries, int crossEvery, int crossFirst, boolean apart, boolean glance, boolean centre, double whiten, double dropout, double wordDropout,
      int projection) {
    public QFormerShape {
      within("qformer.queries", queries, 1, 1024);
      within("qformer.cross_every", crossEvery, 1, 64);
      within("qformer.cross_first", crossFirst, 0, 64);
      within("qformer.whiten", whiten, 0, 0.5);
      if (whiten > 0 && !centre) {
        throw new UserError("qformer.whiten needs qformer.centre: true. Give it, or set qformer.whiten to 0.");
      }
      within("qformer.dropout", dropout, 0, 0.9);
      within("qformer.word_dropout", wordDropout, 0, 0.9);
      within("qformer.projection", projection, 1, 65536);
    }

    /** How many vectors an image has for the language model. */
    int vectors() {
      return queries + (glance ? 1 : 0);
    }
  }

  /** Rates of stage 1: what came from the text model, and what is new. */
  public record Stage1Rates(double body, @com.fasterxml.jackson.annotation.JsonProperty("new") double fresh) {}

  /** Weights of stage 1's objectives; 0 leaves one out. */
  public record Objectives(double itc, double itm, double itg) {
    public Objectives {
      within("stage1.objectives.itc", itc, 0, 1e6);
      within("stage1.objectives.itm", itm, 0, 1e6);
      within("stage1.objectives.itg", itg, 0, 1e6);
      if (itc + itm + itg == 0) {
        throw new UserError("stage1.objectives are all 0: give at least one of itc, itm, itg a weight.");
      }
    }

    /** Those with a weight. */
    Set<Objective> used() {
      Set<Objective> used = EnumSet.noneOf(Objective.class);
      Map.of(Objective.ITC, itc, Objective.ITM, itm, Objective.ITG, itg).forEach((objective, weight) -> {
        if (weight > 0) {
          used.add(objective);
        }
      });
      return used;
    }
  }

  /** What a {@link GlanceStart} goes by; no passes leave it out. */
  public record GlanceFigures(int passes, int batch, double rate, double dropout) {
    public GlanceFigures {
      within("stage1.glance.passes", passes, 0, 1e6);
      within("stage1.glance.batch", batch, 2, 1 << 16);
      within("stage1.glance.rate", rate, 0, 1e30);
      within("stage1.glance.dropout", dropout, 0, 0.9);
    }
  }

  @JsonNaming(SnakeCaseStrategy.class)
  public record Stage1(
      Objectives objectives,
      GlanceFigures glance,
      int passes,
      String captions,
      int captionsAtOnce,
      double patches,
      int batch,
      int microBatch,
      int maxTokens,
      String similarity,
      int querybank,
      double temperature,
      boolean learnTemperature,
      double labelSmoothing,
      double hardNegatives,
      String optimiser,
      Stage1Rates rates,
      double decay,
      int warmup,
      String schedule,
      double clip,
      double evaluate) {
    public Stage1 {
      within("stage1.passes", passes, 1, 1e6);
      oneOf("stage1.captions", captions, "one", "all");
      within("stage1.captions_at_once", captionsAtOnce, 1, 100);
      within("stage1.patches", patches, 0.01, 1);
      within("stage1.batch", batch, 2, 1 << 20);
      within("stage1.micro_batch", microBatch, 0, 1 << 20);
      within("stage1.max_tokens", maxTokens, 3, 1 << 20);
      oneOf("stage1.similarity", similarity, "best", "mean", "whole");
      within("stage1.querybank", querybank, 0, 8192);
      // Below a hundredth the similarity's scale stands at its limit.
      within("stage1.temperature", temperature, 0.01, 10);
      within("stage1.rates.body", rates.body, 0, 1e30);
      within("stage1.rates.new", rates.fresh, 0, 1e30);
      within("stage1.decay", decay, 0, 1);
      within("stage1.warmup", warmup, 0, 1e9);
      within("stage1.clip", clip, 0, 1e9);
      within("stage1.label_smoothing", labelSmoothing, 0, 0.9);
      within("stage1.hard_negatives", hardNegatives, 0, 1);
      oneOf("stage1.optimiser", optimiser, "adam", "adamw");
      oneOf("stage1.schedule", schedule, "cosine", "constant");
      within("stage1.evaluate", evaluate, 1e-3, 1e6);
    }
  }

  /** Rates of stage 2, a part each. */
  public record Stage2Rates(double qformer, double projector, double lora) {}

  public record Lora(int rank, double alpha, double dropout, Set<String> targets) {
    public Lora {
      within("stage2.lora.rank", rank, 1, 65536);
      within("stage2.lora.alpha", alpha, 1e-6, 1e6);
      within("stage2.lora.dropout", dropout, 0, 0.9);
      for (String target : targets) {
        oneOf("stage2.lora.targets", target, dev.ocelli.model.Lora.PROJECTIONS.stream().sorted().toArray(String[]::new));
      }
    }
  }

  @JsonNaming(SnakeCaseStrategy.class)
  public record Stage2(
      int passes,
      String captions,
      int captionsAtOnce,
      int questions,
      int turns,
      int captionsFirst,
      double captionsShare,
      boolean blankImage,
      int batch,
      int accumulate,
      String optimiser,
      Stage2Rates rates,
      double decay,
      int warmup,
      String schedule,
      double clip,
      double evaluate,
      String image,
      String promptPer,
      List<String> system,
      List<String> user,
      Lora lora) {
    public Stage2 {
      within("stage2.passes", passes, 1, 1e6);
      oneOf("stage2.captions", captions, "none", "one", "all");
      within("stage2.captions_at_once", captionsAtOnce, 1, 100);
      within("stage2.questions", questions, 0, 1e6);
      within("stage2.turns", turns, 1, 1e6);
      within("stage2.captions_first", captionsFirst, 0, 1e6);
      within("stage2.captions_share", captionsShare, 0, 1);
      within("stage2.rates.qformer", rates.qformer, 0, 1e30);
      within("stage2.rates.projector", rates.projector, 0, 1e30);
      within("stage2.rates.lora", rates.lora, 0, 1e30);
      within("stage2.decay", decay, 0, 1);
      within("stage2.warmup", warmup, 0, 1e9);
      within("stage2.clip", clip, 0, 1e9);
      within("stage2.batch", batch, 1, 1 << 20);
      within("stage2.accumulate", accumulate, 1, 1 << 20);
      oneOf("stage2.optimiser", optimiser, "adam", "adamw");
      oneOf("stage2.schedule", schedule, "cosine", "constant");
      within("stage2.evaluate", evaluate, 1e-3, 1e6);
      oneOf("stage2.image", image, "after_prompt", "before_prompt");
      oneOf("stage2.prompt_per", promptPer, "batch", "pair");
      if (system.isEmpty() || user.isEmpty()) {
        throw new UserError("stage2.system and stage2.user each need at least one prompt.");
      }
    }
  }

  @JsonNaming(SnakeCaseStrategy.class)
  public record Generation(int maxTokens, double temperature, int topK, double topP, double repetitionPenalty, List<String> stop, String weights) {
    public Generation {
      if (stop == null) {
        throw new UserError("generation.stop is missing. Write [] for no stop texts.");
      }
      oneOf("generation.weights", weights, "bf16", "int8", "int4");
      within("generation.max_tokens", maxTokens, 1, 1 << 20);
      within("generation.temperature", temperature, 0, 100);
      within("generation.top_k", topK, 0, 1 << 30);
      within("generation.top_p", topP, 1e-6, 1);
      within("generation.repetition_penalty", repetitionPenalty, 0.01, 100);
      // What those say together is refused here, not after the hours before the first caption.
      new SamplingSettings(maxTokens, temperature, topK, topP, repetitionPenalty, stop, 0);
    }
  }

  /** The settings of generation. */
  SamplingSettings sampling() {
    Generation g = generation;
    return new SamplingSettings(g.maxTokens(), g.temperature(), g.topK(), g.topP(), g.repetitionPenalty(), g.stop(), seed);
  }

  private static void within(String key, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw UserError.of("%s is %s in the recipe; it must be from %s to %s.", key, plain(value), plain(least), plain(most));
    }
  }

  private static String plain(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15 ? Long.toString((long) value) : Double.toString(value);
  }

  private static void oneOf(String key, String value, String... allowed) {
    if (!List.of(allowed).contains(value)) {
      throw UserError.of("%s is \"%s\" in the recipe; it must be one of %s.", key, value, String.join(", ", allowed));
    }
  }
}
