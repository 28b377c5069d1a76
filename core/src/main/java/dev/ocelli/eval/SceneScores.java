package dev.ocelli.eval;

import dev.ocelli.data.Photo;
import dev.ocelli.data.scenes.CaptionSlots;
import dev.ocelli.data.scenes.SceneTruth;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What captions name, against what drawn scenes show.
 *
 * @param own of each caption with its own scene
 * @param other with the next scene, which says how much is right by chance
 */
public record SceneScores(CaptionSlots.Slots own, CaptionSlots.Slots other) {
  /** Null where the data folder doesn't say what is in its pictures, or not of all of them. */
  public static SceneScores of(Path data, List<Photo> photos, List<String> captions) {
    if (!SceneTruth.isIn(data) || photos.isEmpty()) {
      return null;
    }
    Map<String, SceneTruth> known = SceneTruth.read(data);
    if (!photos.stream().allMatch(photo -> known.containsKey(photo.image()))) {
      return null;
    }
    List<SceneTruth> scenes = photos.stream().map(photo -> known.get(photo.image())).toList();
    List<SceneTruth> others = new ArrayList<>(scenes.subList(1, scenes.size()));
    others.add(scenes.get(0));
    return new SceneScores(CaptionSlots.of(scenes, captions), CaptionSlots.of(others, captions));
  }
}
