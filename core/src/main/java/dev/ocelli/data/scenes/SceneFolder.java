package dev.ocelli.data.scenes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A data folder of scenes: pictures in {@code images/}, {@code captions.csv} (image, caption, split), {@code questions.csv} (image,
 * question, answer, kind, split) where asked for, {@code scenes.jsonl}, which says all that is in each picture, and {@code scenes.json},
 * the settings, by which the folder is known as ours.
 *
 * <p>Pictures come first, then the tables. What was stopped goes on where it was, and a larger count adds to what there is.
 */
public final class SceneFolder {
  /** Raised whenever the same seed comes to mean other scenes, so that one folder never holds both. */
  private static final int GENERATOR = 1;

  private static final String SETTINGS = "scenes.json";
  private static final int MOST = 1_000_000;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final Settings settings;
  private final SceneTables tables;

  /**
   * What is drawn.
   *
   * @param count of all splits together: 8 of 10 train, 1 test, 1 unseen
   * @param questions whether to write questions.csv
   */
  public record Settings(int count, long seed, boolean questions) {
    public Settings {
      if (count < 1 || count > MOST) {
        throw UserError.of("%d scenes can't be drawn: ask for 1 to %d.", count, MOST);
      }
    }
  }

  /**
   * @param drawn scenes drawn now; the others were there
   */
  public record Result(Settings settings, int drawn, SceneTables.Rows rows) {}

  private SceneFolder(Path folder, Settings settings) {
    this.folder = folder;
    this.settings = settings;
    this.tables = new SceneTables(settings);
  }

  /**
   * Draws what is missing.
   *
   * @param overwrite whether scenes of other settings may be replaced; other data never is
   * @param threads that draw
   */
  public static Result write(Path folder, Settings settings, boolean overwrite, int threads, Progress progress) {
    boolean complete = prepare(folder, settings, overwrite);
    SceneFolder scenes = new SceneFolder(folder, settings);
    int drawn = scenes.drawAll(threads, progress);
    if (!complete || drawn > 0 || !scenes.tables.isIn(folder)) {
      scenes.tables.write(folder, progress);
      writeSettings(folder, settings, true);
    }
    return new Result(settings, drawn, scenes.tables.rows());
  }

  /** How many scenes a folder holds, or is to hold when it is finished; 0 where it is no folder of scenes. */
  public static int count(Path folder) {
    Path settings = folder.resolve(SETTINGS);
    return Files.exists(settings) ? read(settings).path("count").asInt() : 0;
  }

  /** Makes the folder ours; says whether it already holds all that is asked for. */
  private static boolean prepare(Path folder, Settings settings, boolean overwrite) {
    if (!Files.exists(folder.resolve(SETTINGS))) {
      refuseOthers(folder);
      writeSettings(folder, settings, false);
      return false;
    }
    JsonNode there = read(folder.resolve(SETTINGS));
    boolean same = there.path("seed").asLong() == settings.seed() && there.path("generator").asInt() == GENERATOR;
    int count = there.path("count").asInt();
    if (same && count <= settings.count()) {
      if (count == settings.count() && there.path("questions").asBoolean() == settings.questions() && there.path("complete").asBoolean()) {
        return true;
      }
    } else if (!overwrite) {
      throw UserError.of(
          "%s holds %d scenes of seed %d%s. Choose another folder, or replace them with --overwrite.",
          folder, count, there.path("seed").asLong(), same ? ", more than asked for" : "");
    } else {
      clear(folder);
    }
    writeSettings(folder, settings, false);
    return false;
  }

  private static void refuseOthers(Path folder) {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw UserError.of("%s is a file. Name a folder for the scenes.", folder);
    }
    // Hidden files may be what a stop at the very beginning left.
    if (Files.isDirectory(folder) && !names(folder).stream().allMatch(name -> name.startsWith("."))) {
      throw UserError.of("%s holds other files (no %s). Name a new or empty folder for the scenes.", folder, SETTINGS);
    }
  }

  private static void clear(Path folder) {
    try {
      for (String table : SceneTables.NAMES) {
        Files.deleteIfExists(folder.resolve(table));
      }
      Path images = folder.resolve("images");
      for (String name : Files.isDirectory(images) ? names(images) : List.<String>of()) {
        if (name.matches("scene-[0-9]{6}\\.jpg")) {
          Files.delete(images.resolve(name));
        }
      }
    } catch (IOException e) {
      throw new UserError("Can't empty " + folder + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new UserError("Can't read the folder " + folder + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  private static JsonNode read(Path file) {
    try {
      return JSON.readTree(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ". Name another folder for the scenes, or remove this file and the scenes.", e);
    }
  }

  private static void writeSettings(Path folder, Settings settings, boolean complete) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("generator", GENERATOR);
    values.put("seed", settings.seed());
    values.put("count", settings.count());
    values.put("questions", settings.questions());
    values.put("complete", complete);
    AtomicFile.write(folder.resolve(SETTINGS), JSON.valueToTree(values).toPrettyString() + "\n");
  }

  private int drawAll(int threads, Progress progress) {
    AtomicInteger next = new AtomicInteger();
    AtomicInteger drawn = new AtomicInteger();
    AtomicBoolean failed = new AtomicBoolean();
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try (Progress.Task task = progress.start("scenes", settings.count(), "scenes")) {
      Callable<Void> work =
          () -> {
            Composer composer = new Composer(settings.seed());
            try {
              for (int i = next.getAndIncrement(); i < settings.count() && !failed.get(); i = next.getAndIncrement()) {
                drawn.addAndGet(draw(composer, i) ? 1 : 0);
                task.advance(1);
              }
            } catch (Throwable e) {
              failed.set(true);
              throw e;
            }
            return null;
          };
      List<Future<Void>> workers = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        workers.add(pool.submit(work));
      }
      for (Future<Void> worker : workers) {
        worker.get();
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserError("Interrupted while drawing scenes. The same command goes on.", e);
    } finally {
      failed.set(true);
      pool.shutdown();
    }
    return drawn.get();
  }

  private boolean draw(Composer composer, int index) {
    Path file = folder.resolve("images").resolve(Scene.image(index));
    if (isWhole(file)) {
      return false;
    }
    AtomicFile.writeUnforced(file, Painter.jpeg(composer.compose(index)));
    return true;
  }

  /** A power cut may leave a file without its end. */
  private static boolean isWhole(Path file) {
    if (!Files.exists(file)) {
      return false;
    }
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      if (in.length() < 4) {
        return false;
      }
      in.seek(in.length() - 2);
      return in.readUnsignedShort() == 0xFFD9;
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
