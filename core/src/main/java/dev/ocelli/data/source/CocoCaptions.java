package dev.ocelli.data.source;

import static dev.ocelli.data.source.JsonItems.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.UserError;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * COCO's captions, a file a split: a list {@code images} (id, file_name) and a list {@code annotations} (image_id, caption). Also
 * Karpathy's form of them, in which each image has its {@code sentences} and its {@code split}.
 */
record CocoCaptions(List<Path> files, List<Path> folders) implements PairSource {
  @Override
  public String format() {
    return "COCO captions, " + files.size() + (files.size() == 1 ? " file" : " files");
  }

  @Override
  public Path file() {
    return files.get(0);
  }

  @Override
  public Contents read(Sink sink) {
    SplitNames splits = new SplitNames(files);
    RowDigest rows = new RowDigest(sink);
    boolean[] hasSplit = {splits.several()};
    for (Path file : files) {
      Map<String, String> names = new HashMap<>();
      JsonItems.read(
          file,
          "images",
          (number, image) -> {
            String name = text(image, image.has("file_name") ? "file_name" : "filename");
            if (name.isEmpty()) {
              throw UserError.of("%s, image %d: it has no file_name. Mend or remove it.", file, number);
            }
            if (image.has("sentences")) {
              hasSplit[0] |= image.has("split");
              sentences(image, name, new Place(file, "image", number), rows);
            } else {
              names.put(text(image, "id"), name);
            }
            return true;
          });
      JsonItems.read(
          file,
          "annotations",
          (number, annotation) -> {
            String name = names.get(text(annotation, "image_id"));
            if (name == null) {
              throw UserError.of(
                  "%s, annotation %d: no image has the id \"%s\". Mend or remove it.", file, number, text(annotation, "image_id"));
            }
            if (!annotation.has("caption")) {
              throw UserError.of("%s, annotation %d: it has no caption. Give the file named captions_…, not instances_….", file, number);
            }
            rows.pair(new Pair(name, null, text(annotation, "caption"), splits.of(file), new Place(file, "annotation", number)));
            return true;
          });
    }
    return new Contents(rows.sha256(), hasSplit[0], List.of());
  }

  private static void sentences(JsonNode image, String name, Place place, Sink sink) {
    String split = text(image, "split");
    String folder = text(image, "filepath");
    for (JsonNode sentence : image.get("sentences")) {
      sink.pair(
          new Pair(
              folder.isEmpty() ? name : folder + "/" + name, null, text(sentence, "raw"), split.equals("restval") ? "train" : split, place));
    }
  }
}
