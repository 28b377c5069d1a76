package dev.ocelli.train;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.ocelli.Progress;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Questions;
import dev.ocelli.eval.AnswerScores;
import dev.ocelli.eval.CaptionMetrics;
import dev.ocelli.eval.CaptionScores;
import dev.ocelli.eval.GroundingScores;
import dev.ocelli.eval.RetrievalScores;
import dev.ocelli.eval.SceneScores;
import dev.ocelli.generate.PhotoCaptions;
import dev.ocelli.model.PhotoFeatures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * All that can be measured of a run on one part of a data folder, with what it said there. Of a run whose stage 2 isn't trained there is
 * what stage 1 can do: finding captions.
 *
 * @param retrieval null without ITC
 * @param grounding null where there is one photo only, or no stage 2
 * @param captions null without stage 2
 * @param slots null where the data doesn't say what is in its pictures, or without stage 2
 * @param answers null where there are no questions, or without stage 2
 * @param said caption by caption, in the order of {@code photos}; without stage 2 the caption that fits best among those of all photos
 * @param own without stage 2: whether that caption is the photo's own; else null
 * @param quality of each caption: CIDEr, or without stage 2 by how much the photo's own best is more similar than the best of others
 * @param asked question by question
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Measurement(
    String split,
    RetrievalScores retrieval,
    GroundingScores grounding,
    CaptionScores captions,
    SceneScores slots,
    AnswerScores answers,
    @JsonIgnore PhotoFeatures photos,
    @JsonIgnore List<String> said,
    @JsonIgnore List<Boolean> own,
    @JsonIgnore double[] quality,
    @JsonIgnore List<Answers.Row> asked) {
  /**
   * How much is measured; retrieval is over all photos.
   *
   * @param captions photos to describe at most, evenly out of all
   * @param questions to ask at most, evenly out of all
   * @param swaps whether to ask with other photos, and other questions, too
   */
  public record Limits(int captions, int questions, boolean swaps) {}

  /**
   * @param twin the same model trained without seeing, or null
   * @return null where the part has no photos
   */
  public static Measurement of(TrainedRun run, TrainedRun twin, Path data, Part part, Limits limits, Path stores, Progress progress) {
    if (!run.data().has(data, part)) {
      return null;
    }
    PhotoFeatures all = run.data().photos(data, Set.of(part), stores);
    if (!run.canCaption()) {
      return found(run, part, all, all.with(evenly(all.photos(), limits.captions)));
    }
    RetrievalScores retrieval = run.canRetrieve() && run.imageText().contrast() != null ? run.retrieval().score(all) : null;
    PhotoFeatures some = run.forLanguage(all.with(evenly(all.photos(), limits.captions)));
    GroundingScores grounding = some.photos().size() > 1 ? run.grounding().score(some) : null;
    List<String> said = new PhotoCaptions(run.captioner(), run.prompt(null), run.sampling(), progress).of(some);
    CaptionMetrics metrics = CaptionMetrics.of(said, some.photos().stream().map(Photo::captions).toList());
    Questions questions = run.data().questions(data);
    Answers answers =
        questions.count(all.photos()) == 0
            ? null
            : Answers.of(run, twin, data, Set.of(part), limits.questions, limits.swaps, stores, progress);
    return new Measurement(
        name(part),
        retrieval,
        grounding,
        metrics.scores(),
        SceneScores.of(data, some.photos(), said),
        answers == null ? null : answers.scores(),
        some,
        said,
        null,
        metrics.cider(),
        answers == null ? List.of() : answers.rows());
  }

  private static Measurement found(TrainedRun run, Part part, PhotoFeatures all, PhotoFeatures some) {
    RetrievalScores retrieval = run.retrieval().score(all);
    List<String> captions = all.photos().stream().flatMap(photo -> photo.captions().stream()).toList();
    float[][] similarity = run.imageTextScores().similarities(some, captions);
    List<String> said = new ArrayList<>();
    List<Boolean> own = new ArrayList<>();
    double[] quality = new double[similarity.length];
    for (int i = 0; i < similarity.length; i++) {
      List<String> right = some.photos().get(i).captions();
      int bestOwn = -1;
      int bestOther = -1;
      for (int c = 0; c < captions.size(); c++) {
        if (right.contains(captions.get(c))) {
          bestOwn = bestOwn < 0 || similarity[i][c] > similarity[i][bestOwn] ? c : bestOwn;
        } else {
          bestOther = bestOther < 0 || similarity[i][c] > similarity[i][bestOther] ? c : bestOther;
        }
      }
      quality[i] = bestOther < 0 ? 0 : similarity[i][bestOwn] - similarity[i][bestOther];
      own.add(bestOther < 0 || quality[i] > 0);
      said.add(captions.get(own.get(i) ? bestOwn : bestOther));
    }
    return new Measurement(name(part), retrieval, null, null, null, null, some, said, own, quality, List.of());
  }

  private static String name(Part part) {
    return part.name().toLowerCase(Locale.ROOT);
  }

  private static List<Photo> evenly(List<Photo> photos, int limit) {
    int n = Math.min(limit, photos.size());
    return IntStream.range(0, n).mapToObj(i -> photos.get((int) ((long) i * photos.size() / n))).toList();
  }
}
