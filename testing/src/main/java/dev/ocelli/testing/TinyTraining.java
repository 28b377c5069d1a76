package dev.ocelli.testing;

import dev.ocelli.Progress;
import dev.ocelli.train.Recipes;
import dev.ocelli.train.RunFolder;
import dev.ocelli.train.Training;
import dev.ocelli.weights.Pull;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs of the tiny models, trained on drawings in a second or two. */
public final class TinyTraining {
  private TinyTraining() {}

  /** Looks for models in {@code root} only, without a network. */
  public static Pull pull(Path root) {
    return new Pull(new Pull.Settings(root, root.resolve("hub"), "http://127.0.0.1:9", null, "no-python", true));
  }

  /**
   * Trains both stages into {@code root/name}; models and drawings are written beside it where they are missing.
   *
   * @param changes of the recipe
   */
  public static Path train(Path root, String name, String... changes) {
    if (!Files.exists(root.resolve("models"))) {
      TinyModels.write(root.resolve("models"));
      Drawings.write(root.resolve("data"), 16);
    }
    List<String> all =
        new ArrayList<>(
            List.of(
                "precision=fp32", "features.show=middle", "features.layers=1", "features.views=0", "data.test=0.25", "data.validation=0.2", "qformer.queries=4",
                "qformer.cross_every=2", "qformer.apart=false", "stage1.patches=1", "qformer.projection=8", "stage1.similarity=best", "stage1.passes=1", "stage1.batch=4", "stage1.warmup=1",
                "stage1.evaluate=1", "stage2.batch=4", "stage2.accumulate=1", "stage2.warmup=1", "stage2.rates.qformer=1e-4", "stage2.lora.rank=2",
                "generation.max_tokens=6"));
    for (String which : List.of("vision", "text", "language")) {
      all.add("models." + which + "=" + root.resolve("models").resolve(which));
    }
    all.addAll(List.of(changes));
    Path run = root.resolve(name);
    Training training = new Training(pull(root), root.resolve("features"), Progress.NONE, line -> {}, () -> false);
    training.train(new Recipes().read("photos", all), root.resolve("data"), new RunFolder(run), true, true, false);
    return run;
  }
}
