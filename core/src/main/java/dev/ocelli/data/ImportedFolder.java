package dev.ocelli.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.image.PictureHeader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Data of any format as a plain folder: pictures in {@code images/}, bytes as they were, {@code captions.csv} and, where the source has
 * questions, {@code questions.jsonl}. {@code import.json} says where from. Pictures come first, then the tables; what was stopped goes on.
 */
public final class ImportedFolder {
  private static final String ABOUT = "import.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final CaptionFolder source;
  private final Questions questions;
  /** The source's name of a picture → its file in images/. */
  private final Map<String, String> names = new TreeMap<>();

  /**
   * What is there now.
   *
   * @param written pictures written now; the others were there
   * @param skipped pictures that can't be read or are none, with the reasons
   * @param conversations written; those about photos without captions aren't
   */
  public record Result(String format, int photos, int written, int captions, int conversations, Map<String, String> skipped) {}

  private ImportedFolder(Path folder, CaptionFolder source, Questions questions) {
    this.folder = folder;
    this.source = source;
    this.questions = questions;
  }

  /**
   * Writes what is missing.
   *
   * @param questions about the source's photos
   */
  public static Result write(CaptionFolder source, Questions questions, Path folder, Progress progress) {
    prepare(folder, source);
    return new ImportedFolder(folder, source, questions).write(progress);
  }

  private static void prepare(Path folder, CaptionFolder source) {
    Path about = folder.resolve(ABOUT);
    if (Files.exists(about)) {
      JsonNode there = readAbout(about);
      if (!there.path("sha256").asText().equals(source.sha256())) {
        throw UserError.of(
            "%s holds an import of %s, or of an earlier state of it. Choose another --out, or remove the folder.",
            folder, there.path("source").asText());
      }
      return;
    }
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw UserError.of("%s is a file. Name a folder to import into (--out).", folder);
    }
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        if (files.anyMatch(file -> !file.getFileName().toString().startsWith("."))) {
          throw UserError.of("%s holds other files (no %s). Name a new or empty folder (--out).", folder, ABOUT);
        }
      } catch (IOException e) {
        throw new UserError("Can't read the folder " + folder + ": " + AtomicFile.reason(e) + ".", e);
      }
    }
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("source", source.source().file().toString());
    values.put("format", source.source().format());
    values.put("sha256", source.sha256());
    AtomicFile.write(about, JSON.valueToTree(values).toPrettyString() + "\n");
  }

  private static JsonNode readAbout(Path about) {
    try {
      return JSON.readTree(Files.readAllBytes(about));
    } catch (IOException e) {
      throw new UserError("Can't read " + about + ". Choose another --out, or remove the folder.", e);
    }
  }

  private Result write(Progress progress) {
    Map<String, Integer> taken = new HashMap<>();
    Map<String, String> skipped = new LinkedHashMap<>();
    int written = 0;
    List<Photo> photos = source.photos().stream().sorted(Comparator.comparing(Photo::picture, Picture.BY_PLACE)).toList();
    // Names don't depend on the order of reading, nor on what is there already.
    Map<String, String> stems = new HashMap<>();
    source.photos().forEach(photo -> stems.put(photo.image(), unique(plain(photo.image()), taken)));
    Map<String, Path> there = existing();
    try (Progress.Task task = progress.start("pictures", photos.size(), "photos")) {
      for (Photo photo : photos) {
        String stem = stems.get(photo.image());
        Path before = there.get(stem);
        if (before != null) {
          names.put(photo.image(), before.getFileName().toString());
        } else {
          written += copy(photo, stem, skipped) ? 1 : 0;
        }
        task.advance(1);
      }
    }
    if (names.isEmpty()) {
      throw UserError.of("%s: no picture can be read. The first: %s", source.source().file(), skipped.values().iterator().next());
    }
    int conversations = questions();
    return new Result(source.source().format(), names.size(), written, captions(), conversations, skipped);
  }

  private boolean copy(Photo photo, String stem, Map<String, String> skipped) {
    byte[] bytes;
    try {
      bytes = photo.picture().bytes();
    } catch (UserError e) {
      skipped.put(photo.image(), e.getMessage());
      return false;
    }
    PictureHeader header = PictureHeader.of(bytes).orElse(null);
    if (header == null) {
      skipped.put(photo.image(), photo.picture() + ": no picture, or cut short (" + bytes.length + " bytes)");
      return false;
    }
    String name = stem + "." + (header.format().equals("jpeg") ? "jpg" : header.format());
    AtomicFile.writeUnforced(folder.resolve("images").resolve(name), bytes);
    names.put(photo.image(), name);
    return true;
  }

  /** Pictures of an earlier call, by their names without ending. */
  private Map<String, Path> existing() {
    Map<String, Path> there = new HashMap<>();
    Path images = folder.resolve("images");
    if (Files.isDirectory(images)) {
      try (Stream<Path> files = Files.list(images)) {
        files.filter(file -> !file.getFileName().toString().startsWith(".")).forEach(file -> there.put(stem(file), file));
      } catch (IOException e) {
        throw new UserError("Can't read the folder " + images + ": " + AtomicFile.reason(e) + ".", e);
      }
    }
    return there;
  }

  private static String stem(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.lastIndexOf('.') < 0 ? name.length() : name.lastIndexOf('.'));
  }

  /** A file name that every system takes, without its ending; folders become a part of it. */
  private static String plain(String image) {
    String name = image.replaceFirst("\\.[A-Za-z0-9]{1,5}$", "").replaceAll("[^\\p{L}\\p{N}._-]+", "-").replaceAll("^[.-]+", "");
    name = name.replace('.', '-');
    name = name.isEmpty() ? "photo" : name.length() > 120 ? name.substring(name.length() - 120) : name;
    // Systems count bytes, of which a letter may have four.
    while (name.getBytes(StandardCharsets.UTF_8).length > 180) {
      name = name.substring(name.offsetByCodePoints(0, 1));
    }
    return name;
  }

  private static String unique(String name, Map<String, Integer> taken) {
    // Some systems don't tell upper from lower case.
    int times = taken.merge(name.toLowerCase(Locale.ROOT), 1, Integer::sum);
    return times == 1 ? name : unique(name + "-" + times, taken);
  }

  /** Writes a table, but not over one that somebody has changed since an earlier call wrote it. */
  private void table(String name, AtomicFile.Content content) {
    Path file = folder.resolve(name);
    Path about = folder.resolve(ABOUT);
    String key = name + "_sha256";
    String wanted = Sha256.of(content);
    ObjectNode known = (ObjectNode) readAbout(about);
    String there = Files.exists(file) ? Sha256.of(file) : null;
    if (there != null && !there.equals(wanted) && !there.equals(known.path(key).asText())) {
      throw UserError.of(
          "%s isn't what this import would write, and is left as it is: somebody has changed it, or other pictures are there now. Remove it to have its"
              + " rows imported anew, or choose another --out.",
          file);
    }
    if (!wanted.equals(there)) {
      AtomicFile.write(file, content);
    }
    AtomicFile.write(about, known.put(key, wanted).toPrettyString() + "\n");
  }

  private int captions() {
    int[] count = {0};
    table(
        "captions.csv",
        out -> {
          count[0] = 0;
          Writer rows = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
          boolean origin = source.hasSynthetic();
          rows.append("image,caption").append(source.hasSplit() ? ",split" : "").append(origin ? ",origin" : "").append('\n');
          for (Photo photo : source.photos()) {
            String name = names.get(photo.image());
            for (String caption : name == null ? List.<String>of() : photo.captions()) {
              List<String> row = new ArrayList<>(List.of(name, caption));
              if (source.hasSplit()) {
                row.add(split(photo.part()));
              }
              if (origin) {
                row.add(source.origin(photo, caption));
              }
              rows.append(SplitFile.CSV.format(row.toArray())).append('\n');
              count[0]++;
            }
          }
          rows.flush();
        });
    return count[0];
  }

  /** Which training photos choose the checkpoint is drawn anew from the seed. */
  private static String split(Part part) {
    return part == Part.VALIDATION ? "train" : part.name().toLowerCase(Locale.ROOT);
  }

  private int questions() {
    List<Dialogue> about =
        source.photos().stream().filter(photo -> names.containsKey(photo.image())).flatMap(photo -> questions.of(photo).stream()).toList();
    if (!about.isEmpty()) {
      table(
          "questions.jsonl",
          out -> {
            Writer lines = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
            for (Dialogue dialogue : about) {
              lines.append(line(dialogue)).append('\n');
            }
            lines.flush();
          });
    }
    return about.size();
  }

  private String line(Dialogue dialogue) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("image", names.get(dialogue.image()));
    List<Map<String, String>> turns = new ArrayList<>();
    for (Dialogue.Turn turn : dialogue.turns()) {
      Map<String, String> row = new LinkedHashMap<>();
      row.put("question", turn.question());
      row.put("answer", turn.answer());
      if (!turn.kind().isEmpty()) {
        row.put("kind", turn.kind());
      }
      turns.add(row);
    }
    line.put("turns", turns);
    try {
      return JSON.writeValueAsString(line);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
