package dev.ocelli.train;

import dev.ocelli.UserError;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Whether a call of {@link Training} may begin in a run folder, or go on there. For whoever holds its lock.
 *
 * @param recipe that the call asks for
 */
record RunStart(Recipe recipe, RunFolder run, Consumer<String> say) {
  /** Keys of the recipe that may change under way: what is learnt doesn't depend on them. */
  private static final Set<String> FREE = Set.of("threads", "device", "generation", "data.max_bad_photos");

  /** Besides, before stage 2 has begun. */
  private static final Set<String> FREE_BEFORE_VLM =
      Stream.concat(FREE.stream(), Stream.of("stage2", "models.language")).collect(Collectors.toUnmodifiableSet());

  /** Refuses what can't go on, or clears all of it where that is wanted; true where all is trained and only the last look at it is missing. */
  boolean nothingLeft(boolean stage1, boolean stage2, boolean overwrite) {
    if (!run.exists()) {
      if (!stage1) {
        throw UserError.of("%s holds no Q-Former yet. Train it first: ocelli train qformer, or both stages by ocelli train.", run.path());
      }
      return false;
    }
    if (run.about().isEmpty() && !new Recipes().savedByRun(run.recipe())) {
      throw UserError.of(
          "%s is there, but no run of Ocelli: training would write its own file over it. Give it another name, or choose another --out.", run.recipe());
    }
    if (stage1 && !run.trained()) {
      // Stopped by a mistake, or by hand, before anything was learnt: captions, photos or recipe may have been mended since.
      run.clear();
      say.accept("The run in " + run.path() + " had learnt nothing yet, and begins anew; features that it computed are used again");
      return false;
    }
    if (overwrite && stage1) {
      run.clear();
      return false;
    }
    Recipes recipes = new Recipes();
    Recipe own = recipes.read(run.recipe());
    List<String> differences = recipes.differences(own, recipe, overwrite ? FREE_BEFORE_VLM : free());
    if (!differences.isEmpty()) {
      boolean onlyVlm = run.finished("qformer") && recipes.differences(own, recipe, FREE_BEFORE_VLM).isEmpty();
      String both = "begin anew with --overwrite" + (onlyVlm ? " (ocelli train vlm --overwrite: with stage 2 alone)" : "");
      throw UserError.of(
          "%s holds a run of another recipe (%s). Go on with its own (--recipe %s), choose another --out, or %s.",
          run.path(), String.join(", ", differences), run.recipe(),
          stage1 ? both : onlyVlm ? "train stage 2 anew with --overwrite" : "train both stages anew (ocelli train --overwrite)");
    }
    if (overwrite && run.finished("qformer")) {
      return false; // stage 2 alone: it is cleared where its data and models have been looked at
    }
    if ((!stage1 || run.finished("qformer")) && (!stage2 || run.finished("vlm"))) {
      if (stage2 && !Files.exists(run.summary())) {
        return true;
      }
      throw UserError.of("%s holds a finished run. Choose another --out, or --overwrite it.", run.path());
    }
    if (!stage1 && !run.finished("qformer")) {
      throw UserError.of("%s: stage 1 is not finished. Go on with it first: ocelli train qformer.", run.path());
    }
    say.accept("Going on with the run in " + run.path());
    return false;
  }

  /** Besides {@link #FREE}, what hasn't had its turn yet: all of stage 2, and what is added to the Q-Former at its end. */
  private Set<String> free() {
    Set<String> free = new HashSet<>(run.begunVlm() ? FREE : FREE_BEFORE_VLM);
    if (!run.finished("qformer")) {
      free.add("stage1.querybank");
    }
    return free;
  }
}
