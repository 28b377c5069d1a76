package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.generate.CaptionTable;
import dev.ocelli.generate.FolderCaptions;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.train.FrozenModels;
import dev.ocelli.train.TrainedRun;
import dev.ocelli.weights.Pull;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Speed of describing a folder of photos as {@code ocelli caption DIR --out FILE} does, with every caption of equally many tokens. */
final class FolderSpeed {
  /** No token's id: captions end by their length alone. */
  private static final int NO_END = -1;

  private static final int WARM_UP = 8;

  private FolderSpeed() {}

  /** In a process of its own. */
  static JsonNode of(Path run, Path photos, int tokens, Path work) {
    List<String> arguments =
        List.of("bench", "--caption", run.toString(), "--photos", photos.toString(), "--tokens", Integer.toString(tokens));
    return Child.ocelli(arguments, work.resolve("folder.log")).json();
  }

  /** In this process, as a line of JSON: photos a second, their reading and the table included, the loading of models not. */
  static String measure(Path folder, Path photos, int tokens, Pull pull) throws IOException {
    try (FrozenModels frozen = new FrozenModels(pull, Progress.NONE);
        TrainedRun run = TrainedRun.open(folder, frozen, Progress.NONE, warning -> {})) {
      FolderCaptions captions =
          new FolderCaptions(
              run.features().vision(), run.merged(), run.language().tokenizer(), NO_END, run.prompt(null),
              new SamplingSettings(tokens, 0, 0, 1, 1, List.of(), 0), Progress.NONE, () -> false);
      List<String> images = FolderCaptions.photos(photos);
      seconds(captions, photos, images.subList(0, Math.min(WARM_UP, images.size())));
      return String.format(
          Locale.ROOT, "{\"photos_per_s\": %.3f, \"precision\": \"%s\"}",
          images.size() / seconds(captions, photos, images), run.compute().precision());
    }
  }

  private static double seconds(FolderCaptions captions, Path photos, List<String> images) throws IOException {
    Path out = Files.createTempDirectory("ocelli-bench-").resolve("captions.csv");
    try {
      long began = System.nanoTime();
      try (CaptionTable table = CaptionTable.open(out, Map.of())) {
        captions.write(photos, images, table);
        table.finish(images);
        if (table.size() < images.size()) {
          throw UserError.of("Not all photos of %s could be described: %s", photos, table.problems());
        }
      }
      return (System.nanoTime() - began) / 1e9;
    } finally {
      Files.deleteIfExists(out);
      Files.deleteIfExists(out.resolveSibling(out.getFileName() + ".partial"));
      Files.deleteIfExists(out.getParent());
    }
  }
}
