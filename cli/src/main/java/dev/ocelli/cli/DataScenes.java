package dev.ocelli.cli;

import dev.ocelli.data.scenes.SceneFolder;
import dev.ocelli.data.scenes.SceneTables;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ocelli data scenes}. */
@Command(
    name = "scenes",
    mixinStandardHelpOptions = true,
    description = {
      "Draws pictures that it knows all about: coloured objects before backgrounds, with captions in varied words and, with --questions,"
          + " questions and answers.",
      "8 of 10 scenes are for training, 1 is new (test), and 1 shows a colour and an object, or an object and a direction, that never come"
          + " together in the others (unseen). The same seed always gives the same scenes. A run that was stopped goes on, and a larger"
          + " --count adds scenes."
    },
    footer = {"", "Example:", "  ocelli data scenes --out scenes --questions"})
final class DataScenes implements Callable<Integer> {
  private final Console console;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "The folder to make: new, empty, or of scenes.")
  private Path out;

  @Option(names = "--count", paramLabel = "N", defaultValue = "2000", description = "Scenes, all splits together (default: 2000).")
  private int count;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "7", description = "Another seed draws other scenes (default: 7).")
  private long seed;

  @Option(names = "--questions", description = "Write questions.csv too.")
  private boolean questions;

  @Option(names = "--overwrite", description = "Replace scenes of another seed, or more of them. Other data is never touched.")
  private boolean overwrite;

  @Option(names = "--json", description = "Print what there is now as JSON.")
  private boolean json;

  DataScenes(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    SceneFolder.Settings settings = new SceneFolder.Settings(count, seed, questions);
    int threads = Runtime.getRuntime().availableProcessors();
    SceneFolder.Result result = SceneFolder.write(out, settings, overwrite, threads, console.progress());
    SceneTables.Rows rows = result.rows();
    if (json) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("out", out.toString());
      row.put("seed", seed);
      row.put("drawn", result.drawn());
      row.put("train", rows.train());
      row.put("test", rows.test());
      row.put("unseen", rows.unseen());
      row.put("captions", rows.captions());
      row.put("questions", rows.questions());
      console.json(row);
    } else {
      console.out().printf(
          "%s: %d scenes (%d train, %d test, %d unseen), %d captions, %d questions; %d drawn now%n",
          out, count, rows.train(), rows.test(), rows.unseen(), rows.captions(), rows.questions(), result.drawn());
    }
    return Ocelli.FINE;
  }
}
