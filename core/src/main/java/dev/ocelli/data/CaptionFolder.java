package dev.ocelli.data;

import dev.ocelli.AtomicFile;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.csv.CSVFormat;

/**
 * A folder of photos with {@code captions.csv} or {@code captions.tsv}: columns {@code image} and {@code caption} in any order, several
 * rows an image allowed, optionally {@code split} (train, or one of val, valid, validation, dev, test, holdout for held-out photos, or
 * unseen for photos held out and measured apart), and {@code origin} (who wrote a caption: given, or the name of a model).
 * Photos lie beside the file or in {@code images/}.
 *
 * <p>Photos are shared out whole, never caption by caption. The order of the rows has no say in it, and neither has where the folder lies.
 */
public final class CaptionFolder {
  private static final int MOST_VALIDATION = 500;
  private static final Set<String> HELD_OUT = Set.of("val", "valid", "validation", "dev", "test", "holdout");
  private static final CSVFormat CSV = CSVFormat.RFC4180.builder().setRecordSeparator("\n").get();

  private final List<Photo> photos;
  private final Map<String, String> missing;
  private final Map<String, Entry> entries;
  private final CaptionsFile table;
  private final List<String> warnings;
  private final String sha256;

  private CaptionFolder(
      List<Photo> photos, Map<String, String> missing, Map<String, Entry> entries, CaptionsFile table, List<String> warnings) {
    this.photos = List.copyOf(photos);
    this.missing = Collections.unmodifiableMap(missing);
    this.entries = entries;
    this.table = table;
    this.warnings = List.copyOf(warnings);
    this.sha256 = Sha256.of(table.sha256() + "\n" + split());
  }

  /** Reads a folder and draws its split from the settings' seed. */
  public static CaptionFolder read(Path dir, SplitSettings settings) {
    return read(dir, settings, null);
  }

  /**
   * Reads a folder with the split of an earlier run, as {@link #writeSplit} left it.
   *
   * @param splitCsv the split, or null to draw it
   */
  public static CaptionFolder read(Path dir, SplitSettings settings, Path splitCsv) {
    CaptionsFile table = CaptionsFile.read(find(dir), "caption");
    List<String> warnings = new ArrayList<>();
    Map<String, String> missing = new LinkedHashMap<>();
    Map<String, Entry> entries = entries(dir, table, missing, warnings);
    List<String> images = new ArrayList<>(entries.keySet());
    Map<String, Part> parts =
        splitCsv == null ? draw(images, entries, table.hasSplit(), settings) : recall(images, splitCsv, warnings);
    List<Photo> photos = new ArrayList<>();
    entries.forEach((image, entry) -> photos.add(new Photo(image, entry.file, List.copyOf(entry.captions.keySet()), parts.get(image))));
    return new CaptionFolder(photos, missing, entries, table, warnings);
  }

  /** All photos, by name. */
  public List<Photo> photos() {
    return photos;
  }

  /** The photos of one part, by name. */
  public List<Photo> photos(Part part) {
    return photos.stream().filter(photo -> photo.part() == part).toList();
  }

  /** Photos that rows name but that aren't there: image → why, with file and row. How many are too many is the caller's to say. */
  public Map<String, String> missing() {
    return missing;
  }

  /** Where a photo's caption stands, for messages: "photos/captions.csv, row 12". */
  public String place(Photo photo, String caption) {
    return table.file() + ", row " + entries.get(photo.image()).captions.get(caption);
  }

  /** What stands for this data in a key: the SHA-256 of the captions file's bytes and the split. Photos' own bytes aren't in it. */
  public String sha256() {
    return sha256;
  }

  /** How many captions of a part's photos models wrote, by the column {@code origin}: "model" → 812. */
  public Map<String, Integer> synthetic(Part part) {
    Map<String, Integer> counts = new TreeMap<>();
    for (Photo photo : photos(part)) {
      entries.get(photo.image()).synthetic.values().forEach(origin -> counts.merge(origin, 1, Integer::sum));
    }
    return counts;
  }

  /** What was passed over, one line each. */
  public List<String> warnings() {
    return warnings;
  }

  /** Writes which photo is in which part: {@code image,split}. */
  public void writeSplit(Path csv) {
    AtomicFile.write(csv, split());
  }

  private String split() {
    StringBuilder text = new StringBuilder("image,split\n");
    photos.forEach(photo -> text.append(CSV.format(photo.image(), word(photo.part()))).append('\n'));
    return text.toString();
  }

  private static String word(Part part) {
    return part.name().toLowerCase(Locale.ROOT);
  }

  /** What the rows say of one image. */
  private static final class Entry {
    final Path file;
    final long row;
    final Part given;
    /** Caption → the first row that has it. */
    final Map<String, Long> captions = new LinkedHashMap<>();
    /** Captions that a model wrote → who, as the column {@code origin} says. */
    final Map<String, String> synthetic = new HashMap<>();

    Entry(Path file, long row, Part given) {
      this.file = file;
      this.row = row;
      this.given = given;
    }
  }

  private static Path find(Path dir) {
    if (!Files.isDirectory(dir)) {
      throw UserError.of("There is no folder %s. Give the folder that holds captions.csv and the photos.", dir);
    }
    for (String name : List.of("captions.csv", "captions.tsv")) {
      if (Files.isRegularFile(dir.resolve(name))) {
        return dir.resolve(name);
      }
    }
    throw UserError.of("%s has neither captions.csv nor captions.tsv. Add one, with the columns image and caption.", dir);
  }

  private static Map<String, Entry> entries(Path dir, CaptionsFile table, Map<String, String> missing, List<String> warnings) {
    Map<String, Entry> entries = new TreeMap<>();
    PhotoFinder finder = new PhotoFinder(dir);
    int empty = 0;
    for (CaptionsFile.Row row : table.rows()) {
      if (row.image().isEmpty()) {
        throw UserError.of("%s, row %d: no image is named. Fill in the column image or remove the row.", table.file(), row.number());
      }
      refuseOutside(table.file(), row);
      Part given = table.hasSplit() ? given(table.file(), row) : null;
      Entry entry = entries.get(row.image());
      if (entry == null && !missing.containsKey(row.image())) {
        Path file = finder.find(row.image());
        if (file == null) {
          missing.put(
              row.image(),
              String.format(Locale.ROOT, "%s, row %d: no photo %s%s", table.file(), row.number(), row.image(), finder.hint(row.image())));
        } else {
          entry = new Entry(file, row.number(), given);
          entries.put(row.image(), entry);
        }
      }
      if (entry != null && entry.given != given) {
        throw UserError.of(
            "%s: %s is %s data in row %d and %s data in row %d. Give all its rows one split.",
            table.file(), row.image(), word(entry.given), entry.row, word(given), row.number());
      }
      if (row.caption().isEmpty()) {
        empty++;
        warnings.add(table.file() + ", row " + row.number() + ": the caption of " + row.image() + " is empty; skipped");
      } else if (entry != null) {
        boolean fresh = entry.captions.putIfAbsent(row.caption(), row.number()) == null;
        if (fresh && row.synthetic()) {
          entry.synthetic.put(row.caption(), row.origin());
        }
      }
    }
    if (missing.size() > entries.size()) {
      throw UserError.of(
          "%d of the %d photos named aren't in %s or its folder images. The first: %s. Add them or remove their rows.",
          missing.size(), missing.size() + entries.size(), dir, missing.values().iterator().next());
    }
    if (!missing.isEmpty()) {
      String others = missing.size() == 1 ? "" : ", nor " + (missing.size() - 1) + " others that rows name";
      warnings.add(missing.values().iterator().next() + others + "; skipped");
    }
    entries.values().removeIf(entry -> entry.captions.isEmpty());
    if (entries.isEmpty()) {
      throw UserError.of("%s leaves no photo with a caption: %d captions are empty. Write some.", table.file(), empty);
    }
    return entries;
  }

  /** A captions file from elsewhere must not make us read, or show, files outside its folder. */
  private static void refuseOutside(Path file, CaptionsFile.Row row) {
    String name = row.image();
    boolean outside = name.startsWith("/") || name.startsWith("\\") || name.matches("^[A-Za-z]:.*");
    for (String step : name.split("[/\\\\]")) {
      outside |= step.equals("..");
    }
    try {
      outside |= Path.of(name).isAbsolute();
    } catch (InvalidPathException e) {
      outside = true;
    }
    if (outside) {
      throw UserError.of(
          "%s, row %d: the image \"%s\" isn't a name inside the folder. Give names relative to it, without \"..\".",
          file, row.number(), CaptionsFile.shortened(name));
    }
  }

  private static Part given(Path file, CaptionsFile.Row row) {
    String split = row.split().toLowerCase(Locale.ROOT);
    if (split.equals("train") || split.equals("unseen")) {
      return Part.valueOf(split.toUpperCase(Locale.ROOT));
    }
    if (HELD_OUT.contains(split)) {
      return Part.TEST;
    }
    throw UserError.of(
        "%s, row %d: the split of %s is \"%s\". Use train, or one of val, valid, validation, dev, test, holdout, unseen.",
        file, row.number(), row.image(), row.split());
  }

  /**
   * Each photo draws a number from its name alone, so that adding some moves few others; the lowest are held out. Photos that models alone
   * have described are trained on: nothing is measured or chosen by what a model wrote.
   */
  private static Map<String, Part> draw(List<String> images, Map<String, Entry> entries, boolean given, SplitSettings settings) {
    Map<String, Long> numbers = new HashMap<>();
    images.forEach(image -> numbers.put(image, Draws.bits(settings.seed(), "split " + image, 0, 0)));
    List<String> order = new ArrayList<>(images);
    order.sort(Comparator.<String>comparingLong(numbers::get).thenComparing(Comparator.naturalOrder()));
    List<String> held =
        given
            ? order.stream().filter(image -> entries.get(image).given != Part.TRAIN).toList()
            : real(order, entries).subList(0, share(real(order, entries).size(), settings.test(), Integer.MAX_VALUE));
    Map<String, Part> parts = new HashMap<>();
    held.forEach(image -> parts.put(image, given ? entries.get(image).given : Part.TEST));
    List<String> rest = real(order.stream().filter(image -> !parts.containsKey(image)).toList(), entries);
    rest.subList(0, share(rest.size(), settings.validation(), MOST_VALIDATION)).forEach(image -> parts.put(image, Part.VALIDATION));
    order.forEach(image -> parts.putIfAbsent(image, Part.TRAIN));
    return parts;
  }

  private static List<String> real(List<String> images, Map<String, Entry> entries) {
    return images.stream().filter(image -> entries.get(image).synthetic.size() < entries.get(image).captions.size()).toList();
  }

  /** A fraction of some photos: at least one where any is asked for, and never the last. */
  private static int share(int photos, double fraction, int most) {
    if (fraction == 0 || photos < 2) {
      return 0;
    }
    long share = Math.max(1, Math.round(photos * fraction));
    return (int) Math.min(Math.min(share, most), photos - 1);
  }

  private static Map<String, Part> recall(List<String> images, Path splitCsv, List<String> warnings) {
    Map<String, Part> parts = CaptionsFile.parts(splitCsv);
    List<String> fresh = images.stream().filter(image -> !parts.containsKey(image)).toList();
    if (!fresh.isEmpty()) {
      throw UserError.of(
          "%s doesn't say where %d photos belong, the first being %s. Add rows for them, or go without the file to draw a new split.",
          splitCsv, fresh.size(), fresh.get(0));
    }
    Set<String> known = Set.copyOf(images);
    long gone = parts.keySet().stream().filter(image -> !known.contains(image)).count();
    if (gone > 0) {
      warnings.add(splitCsv + " names " + gone + " photos that the captions file no longer has");
    }
    return parts;
  }
}
