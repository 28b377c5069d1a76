package dev.ocelli.grow;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Picture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Where grown data goes: a new folder with links to the photos, or the folder itself, whose own tables stay beside the new ones.
 *
 * @param data the user's folder
 * @param out the new folder, or {@code data} itself
 */
record GrowTarget(Path data, Path out) {
  private static final String BEFORE = ".before-grow";

  boolean inPlace() {
    return out.toAbsolutePath().normalize().equals(data.toAbsolutePath().normalize());
  }

  Path drafts() {
    return out.resolve(".grow.jsonl");
  }

  /** What was drafted stands in the tables now. */
  void forgetDrafts() {
    try {
      Files.deleteIfExists(drafts());
    } catch (IOException e) {
      throw new UserError("Can't delete " + drafts() + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /** Refuses a new folder that holds anything else. */
  void check() {
    if (inPlace() || !Files.exists(out) || Files.exists(drafts())) {
      return; // drafts are there until all is
    }
    try (Stream<Path> files = Files.list(out)) {
      if (files.anyMatch(file -> !file.getFileName().toString().startsWith("."))) {
        throw UserError.of("%s holds files already. Choose a new folder (--out).", out);
      }
    } catch (IOException e) {
      throw new UserError("Can't read " + out + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /** The user's captions file. */
  static Path captions(Path data) {
    return Files.isRegularFile(data.resolve("captions.csv")) ? data.resolve("captions.csv") : data.resolve("captions.tsv");
  }

  /**
   * Writes the tables and, in a new folder, links the photos.
   *
   * @param held photos that are held out, which the new table says for all time
   */
  void write(CaptionFolder folder, Set<String> held, UserTable captions, List<Grown> grown, List<Photo> gaps) {
    Map<String, Picture> pictures = new HashMap<>();
    gaps.forEach(photo -> pictures.put(photo.image(), photo.picture()));
    List<Grown> kept = grown.stream().filter(Grown::kept).toList();
    if (!inPlace()) {
      folder.photos().forEach(photo -> link(photo.image(), photo.picture()));
      kept.stream().map(Grown::image).distinct().filter(pictures::containsKey).forEach(image -> link(image, pictures.get(image)));
    }
    if (kept.stream().anyMatch(one -> one.origin() == Grown.Origin.QUESTION)) {
      writeQuestions(kept);
    } else if (!inPlace()) {
      copy("questions.csv");
      copy("questions.tsv");
    }
    if (!inPlace()) {
      copy("questions.jsonl");
    }
    // Last: with it the folder is whole.
    addRows(folder, held, captions, kept);
    if (inPlace()) {
      keepOld(captions(data));
    }
    captions.write(out.resolve("captions.csv"));
  }

  private static void addRows(CaptionFolder folder, Set<String> held, UserTable captions, List<Grown> kept) {
    Map<String, Part> parts = new HashMap<>();
    folder.photos().forEach(photo -> parts.put(photo.image(), photo.part()));
    Set<String> filled = new HashSet<>();
    kept.stream().filter(one -> one.origin() == Grown.Origin.MODEL).forEach(one -> filled.add(one.image()));
    captions.removeIf(row -> captions.get(row, "caption").isEmpty() && filled.contains(captions.get(row, "image")));
    boolean split = captions.has("split");
    for (int row = 0; row < captions.size(); row++) {
      if (!split) {
        String image = captions.get(row, "image");
        captions.set(row, "split", !held.contains(image) ? "train" : parts.get(image) == Part.UNSEEN ? "unseen" : "test");
      }
      if (captions.get(row, "origin").isEmpty()) {
        captions.set(row, "origin", "given");
      }
    }
    for (Grown one : kept) {
      if (one.origin() != Grown.Origin.QUESTION) {
        int row = captions.add();
        captions.set(row, "image", one.image());
        captions.set(row, "caption", one.text());
        captions.set(row, "split", "train");
        captions.set(row, "origin", one.origin().word());
      }
    }
  }

  private void writeQuestions(List<Grown> kept) {
    Path csv = data.resolve("questions.csv");
    Path tsv = data.resolve("questions.tsv");
    Path old = Files.isRegularFile(csv) ? csv : tsv;
    boolean there = Files.isRegularFile(old);
    UserTable table = there ? UserTable.read(old) : new UserTable(List.of("image", "question", "answer", "kind", "origin"));
    for (int row = 0; row < table.size(); row++) {
      if (table.get(row, "origin").isEmpty()) {
        table.set(row, "origin", "given");
      }
    }
    for (Grown one : kept) {
      if (one.origin() == Grown.Origin.QUESTION) {
        int row = table.add();
        table.set(row, "image", one.image());
        table.set(row, "question", one.question());
        table.set(row, "answer", one.text());
        table.set(row, "kind", "caption");
        table.set(row, "origin", one.origin().word());
        if (table.has("split")) {
          table.set(row, "split", "train");
        }
      }
    }
    if (inPlace() && there) {
      keepOld(old);
    }
    table.write(out.resolve("questions.csv"));
  }

  /** A copy under another name that was free. The CSV that comes takes the place of a TSV, too: it is looked for first. */
  private static void keepOld(Path file) {
    Path place = file.resolveSibling(file.getFileName() + BEFORE);
    for (int i = 2; Files.exists(place); i++) {
      place = file.resolveSibling(file.getFileName() + BEFORE + "-" + i);
    }
    Path target = place;
    AtomicFile.write(target, content -> Files.copy(file, content));
  }

  private void copy(String name) {
    if (Files.isRegularFile(data.resolve(name))) {
      AtomicFile.write(out.resolve(name), content -> Files.copy(data.resolve(name), content));
    }
  }

  private void link(String image, Picture picture) {
    Path file = picture.file();
    Path place = out.resolve("images").resolve(image);
    try {
      Files.createDirectories(place.getParent());
      Files.deleteIfExists(place);
      try {
        Files.createLink(place, file.toRealPath());
      } catch (IOException | UnsupportedOperationException otherDisk) {
        Files.copy(file, place, StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      throw new UserError("Can't put " + file + " into " + out + ": " + AtomicFile.reason(e) + ".", e);
    }
  }
}
