package dev.ocelli.train;

import dev.ocelli.AtomicFile;
import dev.ocelli.FolderLock;
import dev.ocelli.UserError;
import dev.ocelli.model.Pretrained;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Everything of a run in one folder:
 *
 * <pre>
 *   recipe.yaml      every figure, resolved
 *   run.json         hashes of weights and data, how each stage ended
 *   split.csv        which photo is in which part
 *   skipped.csv      photos that are missing or could not be read
 *   metrics.jsonl    losses and evaluations, a line each
 *   stage1/          the best Q-Former of stage 1, text half included, with its tokenizer.json
 *   vlm/             the best of stage 2: qformer/, projector.safetensors, adapter/
 *   state/           last checkpoint of each stage
 *   .lock            empty; locked while a trainer is at work
 * </pre>
 */
public record RunFolder(Path path) {
  /** In the order in which they are removed: as long as there is a checkpoint, there is what says whose it is. */
  static final List<String> OWN =
      List.of("state", "summary.json", "vlm.new", "vlm.old", "vlm", "stage1.new", "stage1.old", "stage1", "metrics.jsonl", "skipped.csv",
          "split.csv", "run.json", "recipe.yaml");

  public Path recipe() {
    return path.resolve("recipe.yaml");
  }

  Path split() {
    return path.resolve("split.csv");
  }

  Path skipped() {
    return path.resolve("skipped.csv");
  }

  Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  Path summary() {
    return path.resolve("summary.json");
  }

  /** The best model of stage 1. */
  Path stage1() {
    return path.resolve("stage1");
  }

  /** The best model of stage 2. */
  Path vlm() {
    return path.resolve("vlm");
  }

  Path checkpoint(String stage) {
    return path.resolve("state").resolve(stage + ".safetensors");
  }

  /** Whether a run was begun here. */
  public boolean exists() {
    return Files.exists(recipe());
  }

  /** Whether anything was learnt here yet: a checkpoint, or a model. */
  boolean trained() {
    return Files.exists(path.resolve("state")) || Files.exists(stage1().resolve("model.safetensors")) || Files.exists(vlm());
  }

  /** Whether stage 2 has learnt anything yet. */
  boolean begunVlm() {
    return Files.exists(checkpoint("vlm")) || Files.exists(vlm());
  }

  /** What run.json says; empty before the run has begun. */
  Map<String, Object> about() {
    Path file = path.resolve("run.json");
    return Files.exists(file) ? RunFiles.readJson(file) : new LinkedHashMap<>();
  }

  /** Adds to run.json. */
  void note(String key, Object value) {
    Map<String, Object> about = about();
    about.put(key, value);
    RunFiles.writeJson(path.resolve("run.json"), about);
  }

  /** Whether a stage was trained to its end here. */
  boolean finished(String stage) {
    return about().get(stage) instanceof Map<?, ?> result && Boolean.TRUE.equals(result.get("finished"));
  }

  /** Whether both stages were trained to their ends here. */
  public boolean complete() {
    return finished("qformer") && finished("vlm");
  }

  /** Notes which bytes a model was, or refuses other bytes than the run began with. */
  void identify(String which, Pretrained.Identity identity) {
    if (about().get(which) instanceof Map<?, ?> known && !identity.sha256().equals(known.get("sha256"))) {
      throw UserError.of(
          "%s: the run began with %s weights of SHA-256 %.12s…, but %s (%s) now has %.12s…. Restore those weights, or start a new run folder.",
          path, which, known.get("sha256"), identity.name(), identity.origin(), identity.sha256());
    }
    note(which, identity.about());
  }

  /** Removes what a run wrote here, and nothing else. */
  void clear() {
    forget("qformer", "vlm", "language");
    OWN.forEach(name -> deleteTree(path.resolve(name)));
  }

  /** Removes what stage 2 wrote here. Its lines of metrics.jsonl go when it begins. */
  void clearVlm() {
    forget("vlm", "language");
    deleteTree(checkpoint("vlm"));
    List.of("summary.json", "vlm.new", "vlm.old", "vlm").forEach(name -> deleteTree(path.resolve(name)));
  }

  /** Before what these keys of run.json tell of is removed: half of it must not count as finished. */
  private void forget(String... keys) {
    Map<String, Object> about = about();
    if (about.keySet().removeAll(List.of(keys))) {
      RunFiles.writeJson(path.resolve("run.json"), about);
    }
  }

  /** Puts a folder in another's place. A kill in between leaves one of them whole, under its own name or with ".old" behind it. */
  static void replace(Path place, Path fresh) {
    Path old = old(place);
    try {
      delete(old);
      if (Files.exists(place)) {
        Files.move(place, old);
      }
      Files.move(fresh, place);
      delete(old);
    } catch (IOException e) {
      throw new UserError("Can't put " + fresh + " in place of " + place + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /** Brings back what {@link #replace} had set aside when it was killed. For whoever holds the folder's lock. */
  void recover() {
    for (Path place : List.of(stage1(), vlm())) {
      if (lost(place)) {
        try {
          Files.move(old(place), place);
        } catch (IOException e) {
          throw new UserError("Can't bring back " + place + " from " + old(place) + ": " + AtomicFile.reason(e) + ".", e);
        }
      }
    }
  }

  /** The same for a reader: a trainer that is in the middle of {@link #replace} has lost nothing. */
  void recoverWhereNobodyTrains() {
    if (lost(stage1()) || lost(vlm())) {
      try (FolderLock lock = FolderLock.take(path, "ocelli train")) {
        recover();
      }
    }
  }

  private static boolean lost(Path place) {
    return !Files.exists(place) && Files.exists(old(place));
  }

  private static Path old(Path place) {
    return place.resolveSibling(place.getFileName() + ".old");
  }

  /** Removes a file, or a folder with all that is in it, where it is. */
  public static void deleteTree(Path place) {
    try {
      delete(place);
    } catch (IOException e) {
      throw new UserError("Can't remove " + place + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  private static void delete(Path place) throws IOException {
    if (Files.exists(place)) {
      try (Stream<Path> tree = Files.walk(place)) {
        for (Path file : tree.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
