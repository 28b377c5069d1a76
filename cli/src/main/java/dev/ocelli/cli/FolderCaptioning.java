package dev.ocelli.cli;

import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.generate.CaptionTable;
import dev.ocelli.generate.FolderCaptions;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.train.TrainedRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code ocelli caption} of a whole folder.
 *
 * @param out the CSV file, written when all is done
 */
record FolderCaptioning(Console console, Path folder, Path out, boolean overwrite, boolean json) {
  private static final int PROBLEMS_SHOWN = 10;

  /** Refuses what can't work, before a model is loaded. */
  List<String> check() {
    OutFile.check("--out", out);
    if (Files.exists(out) && !overwrite) {
      throw UserError.of("%s is finished. Give --overwrite to write it anew, or another --out.", out);
    }
    List<String> images = FolderCaptions.photos(folder);
    if (images.isEmpty()) {
      throw UserError.of("%s has no photos. Names must end in .jpg, .png, .gif, .bmp or .webp.", folder);
    }
    return images;
  }

  int work(TrainedRun run, List<String> images, SamplingSettings settings) {
    try (CaptionTable table = open(folder, out, run, settings);
        StopSignal stop = new StopSignal("Stopping. The same command goes on from here.", console::say)) {
      if (table.size() > 0) {
        console.say("Going on: " + table.size() + " of " + images.size() + " photos have their caption.");
      }
      new FolderCaptions(
              run.features().vision(), run.merged(), run.language().tokenizer(), run.language().end(), run.prompt(null), settings,
              console.progress(), stop)
          .write(folder, images, table);
      if (stop.getAsBoolean()) {
        return stop.exitCode();
      }
      table.finish(images);
      report(images.size(), table);
      return table.problems().isEmpty() ? Ocelli.FINE : Ocelli.MEND_INPUT;
    }
  }

  static CaptionTable open(Path folder, Path out, TrainedRun run, SamplingSettings settings) {
    Map<String, String> made = new LinkedHashMap<>();
    made.put("run", Sha256.of(run.adapter()));
    made.put("weights", run.weights().toString());
    made.put("settings", settings.toString());
    // Other folders may have photos of the same names.
    made.put("folder", folder.toAbsolutePath().normalize().toString());
    return CaptionTable.open(out, made);
  }

  private void report(int photos, CaptionTable table) {
    Map<String, String> problems = table.problems();
    if (json) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("out", out.toString());
      result.put("captions", photos - problems.size());
      result.put("skipped", problems);
      console.json(result);
    } else {
      console.out().println((photos - problems.size()) + " captions in " + out);
    }
    problems.values().stream().limit(PROBLEMS_SHOWN).forEach(reason -> console.say("ocelli: " + reason));
    if (problems.size() > PROBLEMS_SHOWN) {
      console.say("ocelli: and " + (problems.size() - PROBLEMS_SHOWN) + " photos more that can't be read");
    }
  }
}
