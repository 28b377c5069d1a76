package dev.ocelli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ocelli.Progress;
import dev.ocelli.data.Photo;
import dev.ocelli.eval.ImageTextScores;
import dev.ocelli.eval.Retrieval;
import dev.ocelli.eval.RetrievalRanks;
import dev.ocelli.eval.RetrievalReport;
import dev.ocelli.eval.RetrievalScores;
import dev.ocelli.model.ImageTextHeads;
import dev.ocelli.model.ImageTextModel;
import dev.ocelli.model.Objective;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.model.QFormer;
import dev.ocelli.model.TextBatch;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.RandomWeights;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.nn.Weights;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranking again by matching, in blocks, against the paper's way over the whole matrix. */
class RetrievalTest {
  @TempDir Path folder;

  private static final RandomWeights RANDOM = new RandomWeights(11, Compute.FP32);
  /** Far from their usual start, so that matching has opinions. */
  private static final Weights LOUD =
      (kind, shape, names, rows) -> {
        Tensor tensor = RANDOM.get(kind, shape, names, rows);
        Scope.run(() -> tensor.mul_(new Scalar(kind == Weights.Kind.MATRIX || kind == Weights.Kind.TABLE ? 20 : 1)));
        return tensor;
      };

  /** Similarities over the temperature. */
  private record Setting(ImageTextScores scores, float[][] similarity, float[][] match, int[] owner) {}

  private static Setting setting(TinyRun run, PhotoFeatures photos) {
    ImageTextModel model = ImageTextModel.of(run.shape(0), 8, EnumSet.of(Objective.ITC, Objective.ITM), LOUD);
    ImageTextScores scores = new ImageTextScores(model, ImageTextHeads.Similarity.BEST, Compute.FP32, run.words, 32, s -> s);
    List<String> captions = photos.photos().stream().flatMap(p -> p.captions().stream()).toList();
    List<String> words = captions.stream().distinct().toList(); // captions of the same words tie to the last bit
    int[] which = captions.stream().mapToInt(words::indexOf).toArray();
    int n = photos.photos().size();
    float[][] match = new float[n][];
    Scope.run(
        () -> {
          for (int p = 0; p < n; p++) {
            ByteBuffer features = photos.buffer(1);
            photos.read(p, features);
            Tensor logits = scores.match(model.qformer().look(photos.tensor(features, Compute.FP32)), words);
            match[p] = each(which, Tensors.floats(logits.select(1, 1).sub(logits.select(1, 0))));
          }
        });
    int[] owner = IntStream.range(0, n).flatMap(p -> photos.photos().get(p).captions().stream().mapToInt(c -> p)).toArray();
    float[][] similarity = Stream.of(scores.matrix(photos, words).similarity()).map(row -> each(which, row)).toArray(float[][]::new);
    double scale = 2 * model.contrast().scale().item_double(); // queries and glance have each learnt with it, and the similarity is their mean
    for (float[] row : similarity) {
      for (int c = 0; c < row.length; c++) {
        row[c] *= (float) scale;
      }
    }
    return new Setting(scores, similarity, match, owner);
  }

  private static float[] each(int[] which, float[] ofWords) {
    float[] all = new float[which.length];
    IntStream.range(0, all.length).forEach(c -> all[c] = ofWords[which[c]]);
    return all;
  }

  /** Among the twelve photos the last two have the captions of the first two, so some scores tie. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 7, 100})
  void theBestAreRankedAgainAsOverTheWholeMatrix(int best) {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, "qformer.apart=false")) {
      theBestAreRankedAgainAsOverTheWholeMatrix(run, run.train, best);
    }
  }

  /** Eighty of them: matching goes through a photo's in more than one block. */
  @ParameterizedTest
  @ValueSource(ints = {70, 100})
  void soAreMoreCaptionsThanOnePassTakes(int best) {
    try (TinyRun run = new TinyRun(folder, Compute.FP32, "qformer.apart=false")) {
      List<Photo> photos = new ArrayList<>();
      for (int p = 0; p < 4; p++) {
        Photo photo = run.train.photos().get(p);
        int first = 2 * p;
        List<String> captions = IntStream.range(0, 20).mapToObj(c -> TinyRun.WORDS[first + c / 10] + " " + TinyRun.WORDS[c % 10]).toList();
        photos.add(new Photo(photo.image(), photo.picture(), captions, photo.part()));
      }
      theBestAreRankedAgainAsOverTheWholeMatrix(run, run.train.with(photos), best);
    }
  }

  private static void theBestAreRankedAgainAsOverTheWholeMatrix(TinyRun run, PhotoFeatures of, int best) {
    Setting s = setting(run, of);
    int n = of.photos().size();
    RetrievalReport report = new Retrieval(s.scores, Progress.NONE).report(of, best, 42);
    RetrievalScores plain = new Retrieval(s.scores, Progress.NONE).score(of);
    // A head of one can't change.
    assertThat(report.scores().equals(plain)).isEqualTo(best == 1);
    assertThat(report.rerank()).isEqualTo(best);
    List<Integer> photos = new ArrayList<>();
    for (int p = 0; p < n; p++) {
      int photo = p;
      photos.add(
          rank(
              best,
              IntStream.range(0, s.owner.length)
                  .mapToObj(c -> new float[] {s.similarity[photo][c], s.match[photo][c], s.owner[c] == photo ? 1 : 0})
                  .toList()));
    }
    List<Integer> captions = new ArrayList<>();
    for (int c = 0; c < s.owner.length; c++) {
      int caption = c;
      captions.add(
          rank(
              best,
              IntStream.range(0, n)
                  .mapToObj(p -> new float[] {s.similarity[p][caption], s.match[p][caption], s.owner[caption] == p ? 1 : 0})
                  .toList()));
    }
    assertThat(report.scores().i2tR1()).isEqualTo(recall(photos, 1));
    assertThat(report.scores().i2tR5()).isEqualTo(recall(photos, 5));
    assertThat(report.scores().t2iR1()).isEqualTo(recall(captions, 1));
    assertThat(report.scores().t2iR5()).isEqualTo(recall(captions, 5));
    assertThat(report.scores().i2tMedianRank()).isEqualTo(median(photos));
    assertThat(report.scores().t2iMedianRank()).isEqualTo(median(captions));
  }

  @Test
  void theBestQueryIsTheOneWhoseCosineIsTheSimilarity() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32)) {
      ImageTextScores scores = setting(run, run.train).scores;
      List<String> texts = List.of("a dog", "the sun", "two bikes on the street");
      float[][] similarity = scores.matrix(run.train, texts).similarity();
      Set<Integer> found = new HashSet<>();
      Scope.run(
          () -> {
            float[] vectors = Tensors.floats(scores.images(run.train));
            for (int p = 0; p < 12; p++) {
              ByteBuffer features = run.train.buffer(1);
              run.train.read(p, features);
              for (int t = 0; t < texts.size(); t++) {
                float[] text = scores.textVectors(List.of(texts.get(t))).get(0);
                int query = scores.bestQuery(run.train.tensor(features, Compute.FP32), text);
                double cosine = 0;
                for (int i = 0; i < text.length; i++) {
                  cosine += vectors[(p * 4 + query) * text.length + i] * text[i];
                }
                assertThat(cosine).isCloseTo(similarity[p][t], within(1e-5));
                found.add(query);
              }
            }
          });
      assertThat(found).hasSizeGreaterThan(1);
    }
  }

  /** Rank of the best right answer: the best by similarity come first, ordered by match + similarity over the temperature. */
  private static int rank(int best, List<float[]> answers) {
    List<float[]> order = new ArrayList<>(answers);
    order.sort(Comparator.comparingDouble((float[] a) -> -a[0]).thenComparingDouble(a -> a[2]));
    List<float[]> head = new ArrayList<>(order.subList(0, Math.min(best, order.size())));
    head.sort(Comparator.comparingDouble((float[] a) -> -(a[0] + a[1])).thenComparingDouble(a -> a[2]));
    head.addAll(order.subList(Math.min(best, order.size()), order.size()));
    return 1 + IntStream.range(0, head.size()).filter(i -> head.get(i)[2] == 1).findFirst().orElseThrow();
  }

  private static double recall(List<Integer> ranks, int k) {
    return 100.0 * ranks.stream().filter(r -> r <= k).count() / ranks.size();
  }

  private static double median(List<Integer> ranks) {
    int[] sorted = ranks.stream().mapToInt(Integer::intValue).sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2.0;
  }

  /** Only one of two pairs has a text left that is wrong for its photo: three trials, each about its own photo. */
  @Test
  void trialsAreAboutTheirOwnPhotosWhereSomeTextsAreMissing() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32)) {
      PhotoFeatures two = run.train.with(run.train.photos().subList(0, 2));
      List<String> captions = List.of("a dog on the bike", "the red sun");
      ImageTextScores scores = setting(run, two).scores;
      Matching.Negatives drawn = new Matching.Negatives(new int[] {-1, -1}, new int[] {-1, 0});
      Scope.run(
          () -> {
            ByteBuffer features = two.buffer(2);
            IntStream.range(0, 2).forEach(p -> two.read(p, features));
            QFormer.Look look = scores.model().qformer().look(two.tensor(features, Compute.FP32));
            TextBatch text = TextBatch.of(run.words, captions, 32);
            double loss =
                Matching.loss(scores.model(), look, List.of(0, 1), drawn, 0, 2, text.ids(Compute.FP32), text.real(Compute.FP32), false).item_double();
            double expected = 0;
            for (Matching.Trial trial : drawn.ofPhotos(0, 2)) {
              Tensor logits = scores.match(look.rows(Tensors.of(new int[] {trial.image()}, 1)), List.of(captions.get(trial.text())));
              expected -= logits.log_softmax(1).select(1, trial.match() ? 1 : 0).item_double();
            }
            assertThat(loss).isCloseTo(expected, org.assertj.core.api.Assertions.within(1e-4));
          });
    }
  }

  /** The eleventh photo has the first one's captions, word for word: no score can prefer one's own to the other's. */
  @Test
  void captionsOfTheSameWordsTie() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32)) {
      for (int between = 0; between < 8; between++) {
        List<Photo> photos = new ArrayList<>(run.train.photos().subList(0, 1 + between));
        photos.add(run.train.photos().get(10));
        PhotoFeatures some = run.train.with(photos);
        RetrievalScores scores = new Retrieval(setting(run, some).scores, Progress.NONE).score(some);
        assertThat(scores.i2tR1()).isLessThanOrEqualTo(100.0 * between / (between + 2));
      }
    }
  }

  @Test
  void withoutRerankingItIsTheRankOfTheSimilarities() {
    try (TinyRun run = new TinyRun(folder, Compute.FP32)) {
      Setting s = setting(run, run.train);
      assertThat(new Retrieval(s.scores, Progress.NONE).report(run.train, 0, 1).scores())
          .isEqualTo(RetrievalRanks.of(12, s.owner, p -> s.similarity[p]));
    }
  }
}
