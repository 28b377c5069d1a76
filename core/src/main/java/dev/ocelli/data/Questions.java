package dev.ocelli.data;

import dev.ocelli.AtomicFile;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.data.source.Conversation;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The questions of a data folder, beside its captions: {@code questions.csv} or {@code questions.tsv} (columns {@code image},
 * {@code question}, {@code answer}, optionally {@code kind} and {@code split}) and, for conversations, {@code questions.jsonl} (see
 * {@link QuestionLines}). The captions say which photos there are and to which part each belongs; a split given here must agree.
 */
public final class Questions {
  /** No questions at all. */
  public static final Questions NONE = new Questions(Map.of(), List.of(), Sha256.of(""));

  private static final List<String> TABLES = List.of("questions.csv", "questions.tsv");
  private static final String LINES = "questions.jsonl";

  private final Map<String, List<Dialogue>> dialogues;
  private final List<String> warnings;
  private final String sha256;

  private Questions(Map<String, List<Dialogue>> dialogues, List<String> warnings, String sha256) {
    this.dialogues = dialogues;
    this.warnings = List.copyOf(warnings);
    this.sha256 = sha256;
  }

  /**
   * One row or line as it stands in a file.
   *
   * @param place for messages: "photos/questions.csv, row 12"
   * @param split "" where none is given
   */
  record Row(String place, Dialogue dialogue, String split) {}

  /**
   * Reads the questions about photos that have captions: those of the folder's files, and those that its captions' own format has.
   *
   * @param dir a folder, or a file of captions, which has no files of questions beside it
   * @param folder the captions of the same data
   */
  public static Questions read(Path dir, CaptionFolder folder) {
    List<Row> rows = new ArrayList<>();
    StringBuilder hashes = new StringBuilder();
    for (String name : TABLES) {
      Path file = dir.resolve(name);
      if (Files.isRegularFile(file)) {
        hashes.append(Sha256.of(file)).append('\n');
        rows.addAll(QuestionTable.rows(file, text(file)));
      }
    }
    Path lines = dir.resolve(LINES);
    if (Files.isRegularFile(lines)) {
      hashes.append(Sha256.of(lines)).append('\n');
      rows.addAll(QuestionLines.rows(lines, text(lines)));
    }
    for (Conversation c : folder.conversations()) {
      List<Dialogue.Turn> turns = c.turns().stream().map(t -> new Dialogue.Turn(t.question(), t.answer(), "")).toList();
      rows.add(new Row(c.place().toString(), new Dialogue(c.image(), turns), c.split()));
    }
    return of(rows, folder, Sha256.of(hashes.toString()));
  }

  private static Questions of(List<Row> rows, CaptionFolder folder, String sha256) {
    Map<String, Part> parts = new HashMap<>();
    folder.photos().forEach(photo -> parts.put(photo.image(), photo.part()));
    Map<String, List<Dialogue>> dialogues = new LinkedHashMap<>();
    List<String> warnings = new ArrayList<>();
    String first = null;
    int others = 0;
    for (Row row : rows) {
      check(row);
      String image = row.dialogue.image();
      if (!parts.containsKey(image)) {
        first = first == null ? row.place + ": no caption is about " + image : first;
        others++;
        continue;
      }
      if (!row.split.isEmpty() && !agrees(row.split, parts.get(image))) {
        throw UserError.of(
            "%s: the question says that %s is %s data, the captions say %s. Give both one split.",
            row.place, image, row.split, parts.get(image).name().toLowerCase(Locale.ROOT));
      }
      dialogues.computeIfAbsent(image, i -> new ArrayList<>()).add(row.dialogue);
    }
    if (first != null) {
      warnings.add(first + (others == 1 ? "" : ", and " + (others - 1) + " more rows are like that") + "; skipped");
    }
    return new Questions(dialogues, warnings, sha256);
  }

  private static void check(Row row) {
    if (row.dialogue.image().isEmpty()) {
      throw UserError.of("%s: no image is named. Fill it in or remove the row.", row.place);
    }
    for (Dialogue.Turn turn : row.dialogue.turns()) {
      for (String text : List.of(turn.question(), turn.answer())) {
        if (!Captions.hasWords(text)) {
          throw UserError.of(
              "%s: the %s about %s has no words. Fill it in or remove the row.",
              row.place, text == turn.question() ? "question" : "answer", row.dialogue.image());
        }
      }
    }
  }

  /** What was held out must stay so; which training photos choose the checkpoint is Ocelli's own choice. */
  private static boolean agrees(String split, Part part) {
    return switch (split.toLowerCase(Locale.ROOT)) {
      case "train" -> part == Part.TRAIN || part == Part.VALIDATION;
      case "unseen" -> part == Part.UNSEEN;
      default -> part == Part.TEST;
    };
  }

  private static String text(Path file) {
    try (Utf8Reader reader = new Utf8Reader(file)) {
      StringWriter text = new StringWriter();
      reader.transferTo(text);
      return text.toString();
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /** Those about one photo, in the order of the files; none is fine. */
  public List<Dialogue> of(Photo photo) {
    return dialogues.getOrDefault(photo.image(), List.of());
  }

  /** How many questions there are about some photos, every turn of a conversation counted. */
  public int count(List<Photo> photos) {
    return photos.stream().flatMap(photo -> of(photo).stream()).mapToInt(dialogue -> dialogue.turns().size()).sum();
  }

  public boolean isEmpty() {
    return dialogues.isEmpty();
  }

  /** What was passed over, one line each. */
  public List<String> warnings() {
    return warnings;
  }

  /** Of the files' bytes. */
  public String sha256() {
    return sha256;
  }
}
