package dev.ocelli.data.source;

import static dev.ocelli.data.source.JsonItems.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A list of objects, or JSONL with one a line: either {@code image} (or file_name, …) and {@code caption} (a text, or a list of some), or
 * LLaVA's {@code image} and {@code conversations}. A conversation of one turn that asks for a description is a caption; all others are
 * questions with answers. Those without an image are passed over.
 *
 * @param root as in {@link DelimitedTable}
 */
record JsonRows(List<Path> files, List<Path> folders, Path root) implements PairSource {
  JsonRows(List<Path> files, List<Path> folders) {
    this(files, folders, null);
  }

  /** How requests for a description begin in LLaVA's published lists of them. */
  private static final Pattern DESCRIBE =
      Pattern.compile(
          "(?is)\\s*(please )?(describe|provide|offer|summari[sz]e|give|share|present|relay|render|write|create|explain|clarify|characteri[sz]e"
              + "|break down|walk through|portray|narrate|analy[sz]e|illustrate|examine|caption)\\b[^?]*");

  @Override
  public String format() {
    return files.size() == 1 ? "JSON " + file().getFileName() : files.size() + " JSON files";
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
    long[] imageless = {0};
    for (Path file : files) {
      JsonItems.read(
          file,
          null,
          (number, item) -> {
            Place place = new Place(file, file.toString().endsWith("l") ? "line" : "item", number);
            String split = item.has(Columns.SPLIT) ? text(item, Columns.SPLIT) : splits.of(file);
            hasSplit[0] |= item.has(Columns.SPLIT);
            String named = image(item);
            String image = named.isEmpty() ? named : SourceFinder.fromRoot(root, file, named);
            if (image.isEmpty() && item.has("conversations")) {
              imageless[0]++;
            } else if (image.isEmpty()) {
              throw UserError.of("%s: no image is named (\"image\": …). Name one or remove it.", place);
            } else if (item.has("conversations")) {
              conversation(image, turns(item.get("conversations"), place), split, place, rows);
            } else {
              captions(item, place).forEach(caption -> rows.pair(new Pair(image, null, caption, split, text(item, Columns.ORIGIN), place)));
            }
            return true;
          });
    }
    List<String> notes = imageless[0] == 0 ? List.of() : List.of(file() + ": " + imageless[0] + " conversations without an image; skipped");
    return new Contents(rows.sha256(), hasSplit[0], notes);
  }

  private static String image(JsonNode item) {
    return Columns.IMAGE.stream().map(name -> text(item, name)).filter(name -> !name.isEmpty()).findFirst().orElse("");
  }

  private static List<String> captions(JsonNode item, Place place) {
    List<String> names = new ArrayList<>();
    for (Iterator<String> i = item.fieldNames(); i.hasNext(); ) {
      names.add(i.next());
    }
    List<String> captions = new ArrayList<>();
    for (int at : Columns.captions(names.stream().map(Columns::plain).toList())) {
      JsonNode value = item.get(names.get(at));
      if (value.isArray()) {
        value.forEach(one -> captions.add((one.has("raw") ? one.get("raw") : one).asText("").strip()));
      } else {
        captions.add(value.asText("").strip());
      }
    }
    if (captions.isEmpty()) {
      throw UserError.of("%s has no caption (\"caption\": …), only: %s. Add one or remove it.", place, String.join(", ", names));
    }
    return captions;
  }

  private static void conversation(String image, List<Conversation.Turn> turns, String split, Place place, Sink sink) {
    if (turns.size() == 1 && DESCRIBE.matcher(turns.get(0).question()).matches()) {
      sink.pair(new Pair(image, null, turns.get(0).answer(), split, place));
    } else {
      sink.conversation(new Conversation(image, turns, split, place));
    }
  }

  private static List<Conversation.Turn> turns(JsonNode parts, Place place) {
    List<Conversation.Turn> turns = new ArrayList<>();
    String question = null;
    for (JsonNode part : parts) {
      String from = text(part, "from");
      String value = text(part, "value");
      if (from.equals("human") || from.equals("user")) {
        if (question != null) {
          throw UserError.of("%s: two questions follow each other. Each needs its answer.", place);
        }
        question = value.replace("<image>", "").strip();
      } else if (from.equals("gpt") || from.equals("assistant")) {
        if (question == null) {
          throw UserError.of("%s: an answer without a question (\"%s\"). Give each its question.", place, DelimitedTable.shortened(value));
        }
        turns.add(new Conversation.Turn(question, value));
        question = null;
      } else if (!from.equals("system")) {
        throw UserError.of("%s: a part from \"%s\"; known are human, gpt and system.", place, from);
      }
    }
    if (question != null || turns.isEmpty()) {
      throw UserError.of("%s: the conversation ends without an answer. Add it or remove the conversation.", place);
    }
    return turns;
  }
}
