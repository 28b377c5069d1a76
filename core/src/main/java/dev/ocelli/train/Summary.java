package dev.ocelli.train;

import dev.ocelli.Progress;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.eval.CaptionMetrics;
import dev.ocelli.eval.CaptionScores;
import dev.ocelli.eval.GroundingScores;
import dev.ocelli.eval.RetrievalScores;
import dev.ocelli.generate.PhotoCaptions;
import dev.ocelli.model.PhotoFeatures;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * How a finished run does on the photos held out, which are read for this alone.
 *
 * @param retrieval null, as all, where none is held out; also without ITC
 * @param grounding null also where there is only one photo
 */
public record Summary(RetrievalScores retrieval, GroundingScores grounding, CaptionScores captions) {
  /** Measures, and writes {@code summary.json}: with it a run is complete. */
  public static Summary write(TrainedRun run, Path data, Path stores, Progress progress) {
    Summary summary = run.data().has(data, Part.TEST) ? measure(run, run.data().photos(data, Set.of(Part.TEST), stores), progress) : new Summary(null, null, null);
    RunFiles.writeJson(run.folder().summary(), RunFiles.snakeCase(summary));
    return summary;
  }

  private static Summary measure(TrainedRun run, PhotoFeatures photos, Progress progress) {
    RetrievalScores retrieval = run.imageText().contrast() == null ? null : run.retrieval().score(photos);
    PhotoFeatures shown = run.forLanguage(photos);
    GroundingScores grounding = photos.photos().size() > 1 ? run.grounding().score(shown) : null;
    List<String> captions = new PhotoCaptions(run.captioner(), run.prompt(null), run.sampling(), progress).of(shown);
    CaptionScores scores = CaptionMetrics.score(captions, photos.photos().stream().map(Photo::captions).toList());
    return new Summary(retrieval, grounding, scores);
  }
}
