package dev.ocelli.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.image.RgbImage;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.train.Measurement;
import dev.ocelli.train.Recipe;
import dev.ocelli.train.TrainedRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Gathers what a {@link Report} tells of a run. */
final class RunReport {
  private static final int SIDE = 224;

  private final TrainedRun run;
  private final Path folder;
  private final Path data;

  /** @param folder of the run */
  RunReport(TrainedRun run, Path folder, Path data) {
    this.run = run;
    this.folder = folder;
    this.data = data;
  }

  /** @param seconds how long all of it took; 0 where only the steps' own time is known */
  void write(Path out, List<Measurement> measured, double seconds) {
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("loss_own", "validation: captions");
    figures.put("loss_answers", "validation: answers");
    List<LossCurves> curves = List.of(curve("qformer", Map.of()), curve("vlm", figures));
    Report report =
        new Report(
            "Ocelli: " + folder,
            measured,
            photo -> pictures(measured, photo),
            curves.stream().filter(c -> !c.losses().isEmpty()).toList(),
            onTheWay(),
            about(curves, seconds),
            text(folder.resolve("recipe.yaml")));
    AtomicFile.write(out, report.html());
  }

  /** What was said of photos of the validation part in evaluations of stage 2; none where the data no longer has them. */
  private List<Report.OnTheWay> onTheWay() {
    Map<String, Photo> photos = new LinkedHashMap<>();
    CaptionFolder known = run.data().read(data);
    // Photos of other data may have the same names.
    if (known.sha256().equals(json().at("/data/sha256").asText())) {
      known.photos(Part.VALIDATION).forEach(photo -> photos.put(photo.image(), photo));
    }
    Map<String, Map<Long, String>> said = new LinkedHashMap<>();
    for (JsonNode row : MetricsFile.rows(folder.resolve("metrics.jsonl"), "vlm")) {
      row.path("said").fields().forEachRemaining(
          one -> said.computeIfAbsent(one.getKey(), image -> new LinkedHashMap<>()).put(row.path("step").asLong(), one.getValue().asText()));
    }
    return said.entrySet().stream()
        .filter(one -> photos.containsKey(one.getKey()))
        .map(one -> new Report.OnTheWay(photos.get(one.getKey()), one.getValue()))
        .toList();
  }

  private LossCurves curve(String stage, Map<String, String> figures) {
    return LossCurves.read(folder.resolve("metrics.jsonl"), stage, figures);
  }

  private Report.Pictures pictures(List<Measurement> measured, Photo photo) {
    RgbImage shown = run.features().vision().preprocessing().geometry(photo.picture().rgb());
    for (Measurement m : measured) {
      int at = m.photos().photos().indexOf(photo);
      if (at >= 0) {
        RgbImage gaze = GazePicture.of(shown, shares(m, at));
        return new Report.Pictures(Html.address(shown, SIDE), gaze == null ? null : Html.address(gaze, SIDE));
      }
    }
    return new Report.Pictures(Html.address(shown, SIDE), null);
  }

  private float[] shares(Measurement m, int photo) {
    float[][] found = new float[1][];
    ByteBuffer buffer = m.photos().buffer(1);
    m.photos().read(photo, buffer);
    Scope.noGrad(
        () -> {
          Tensor shares = run.qformer().gaze(m.photos().tensor(buffer, run.compute()));
          found[0] = Tensors.floats(shares);
          return shares;
        }).close();
    return run.features().vision().encoder().onPatches(found[0]);
  }

  private Map<String, String> about(List<LossCurves> curves, double seconds) {
    Map<String, String> about = new LinkedHashMap<>();
    Recipe recipe = run.recipe();
    about.put("data", data + parts());
    JsonNode json = json();
    Map<String, String> models = new LinkedHashMap<>();
    models.put("vision", "encoder, frozen");
    models.put("text", "what the Q-Former began as");
    models.put("language", "language model, frozen");
    models.forEach(
        (key, what) -> {
          JsonNode model = json.path(key);
          if (model.has("name")) {
            String from = model.path("origin").asText() + ", SHA-256 " + start(model.path("sha256").asText()) + "…";
            about.put(what, model.get("name").asText() + " (" + from + ")");
          }
        });
    about.put("trained", "Q-Former with " + recipe.qformer().queries() + " queries" + (run.canCaption() ? adapters(recipe) : ""));
    about.put("stage 1", stage(recipe.stage1().passes(), recipe.stage1().batch(), curves.get(0)) + objectives(recipe));
    if (run.canCaption()) {
      about.put("stage 2", stage(recipe.stage2().passes(), recipe.stage2().batch() * recipe.stage2().accumulate(), curves.get(1))
          + "; captions: " + recipe.stage2().captions()
          + (recipe.stage2().captionsAtOnce() > 1 ? ", " + recipe.stage2().captionsAtOnce() + " at once" : "") + ", questions: " + recipe.stage2().questions()
          + (recipe.stage2().blankImage() ? "; without seeing (blank_image)" : ""));
    }
    about.put("seed", String.valueOf(recipe.seed()));
    if (seconds > 0) {
      about.put("all together", time(seconds));
    }
    return about;
  }

  private static String adapters(Recipe recipe) {
    return ", projector, LoRA of rank " + recipe.stage2().lora().rank() + " on "
        + String.join(", ", recipe.stage2().lora().targets().stream().sorted().toList());
  }

  private static String objectives(Recipe recipe) {
    var o = recipe.stage1().objectives();
    Map<String, Double> weights = new LinkedHashMap<>();
    weights.put("contrast", o.itc());
    weights.put("matching", o.itm());
    weights.put("generation", o.itg());
    StringBuilder used = new StringBuilder();
    weights.forEach((name, weight) -> used.append(weight == 0 ? "" : (used.isEmpty() ? "; " : ", ") + name + (weight == 1 ? "" : " x " + weight)));
    return used.toString();
  }

  private static String stage(int passes, int batch, LossCurves curve) {
    return passes + (passes == 1 ? " pass" : " passes") + ", batch " + batch + ", " + curve.losses().size() + " steps in " + time(curve.seconds());
  }

  private String parts() {
    Map<String, Integer> counts = new LinkedHashMap<>();
    List.of("train", "validation", "test", "unseen").forEach(part -> counts.put(part, 0));
    text(folder.resolve("split.csv")).lines().skip(1).forEach(line -> counts.merge(line.substring(line.lastIndexOf(',') + 1), 1, Integer::sum));
    StringBuilder text = new StringBuilder(":");
    counts.forEach((part, n) -> text.append(n == 0 ? "" : (text.length() > 1 ? ", " : " ") + n + " " + part));
    return text + " photos";
  }

  private static String time(double seconds) {
    Duration d = Duration.ofSeconds(Math.round(seconds));
    if (d.toHours() > 0) {
      return d.toHours() + " h " + d.toMinutesPart() + " min";
    }
    return d.toMinutes() > 0 ? d.toMinutes() + " min " + d.toSecondsPart() + " s" : d.toSeconds() + " s";
  }

  private static String start(String hash) {
    return hash.substring(0, Math.min(12, hash.length()));
  }

  private JsonNode json() {
    try {
      return new ObjectMapper().readTree(text(folder.resolve("run.json")));
    } catch (IOException e) {
      throw new UserError(folder.resolve("run.json") + " is no valid JSON.", e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
