package dev.ocelli.data;

import dev.ocelli.AtomicFile;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.data.source.Conversation;
import dev.ocelli.data.source.Pair;
import dev.ocelli.data.source.PairSource;
import dev.ocelli.data.source.Place;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Photos with captions, from any {@link PairSource}: a folder with {@code captions.csv} (image, caption, optionally split), or one of the
 * other formats. Splits are train, or one of val, valid, validation, dev, test, holdout for held-out photos, or unseen for photos held
 * out and measured apart.
 *
 * <p>Photos are shared out whole, never caption by caption. The order of the rows has no say in it, and neither has where the folder lies.
 */
public final class CaptionFolder {
  private static final int MOST_VALIDATION = 500;
  private static final Set<String> HELD_OUT = Set.of("val", "valid", "validation", "dev", "test", "holdout");

  private final List<Photo> photos;
  private final Map<String, String> missing;
  private final Map<String, Entry> entries;
  private final PairSource source;
  private final boolean hasSplit;
  private final List<Conversation> conversations;
  private final List<String> warnings;
  private final Set<String> fresh;
  private final String sha256;

  private CaptionFolder(
      PairSource source, PairSource.Contents contents, List<Photo> photos, Rows rows, List<String> warnings, Set<String> fresh) {
    this.photos = List.copyOf(photos);
    this.missing = Collections.unmodifiableMap(rows.missing);
    this.entries = rows.entries;
    this.source = source;
    this.hasSplit = contents.hasSplit();
    this.conversations = List.copyOf(rows.conversations);
    this.warnings = List.copyOf(warnings);
    this.fresh = Set.copyOf(fresh);
    this.sha256 = Sha256.of(contents.sha256() + "\n" + split());
  }

  /** Reads a folder, or a file of one of the formats, and draws its split from the settings' seed. */
  public static CaptionFolder read(Path data, SplitSettings settings) {
    return read(data, settings, null);
  }

  /**
   * Reads a folder or file with the split of an earlier run, as {@link #writeSplit} left it.
   *
   * @param splitCsv the split, or null to draw it
   */
  public static CaptionFolder read(Path data, SplitSettings settings, Path splitCsv) {
    return read(data, settings, splitCsv, false);
  }

  /**
   * The same for a folder that may have grown since: photos that the run did not know were not trained on, so they are held out, where the data
   * doesn't say otherwise.
   */
  public static CaptionFolder readGrown(Path data, SplitSettings settings, Path splitCsv) {
    return read(data, settings, splitCsv, true);
  }

  private static CaptionFolder read(Path data, SplitSettings settings, Path splitCsv, boolean grown) {
    PairSource source = PairSource.open(data);
    Rows rows = new Rows(source);
    PairSource.Contents contents = source.read(rows);
    List<String> warnings = new ArrayList<>(rows.warnings);
    warnings.addAll(contents.notes());
    rows.finish(data, contents.hasSplit(), warnings);
    List<String> images = new ArrayList<>(rows.entries.keySet());
    Set<String> fresh = new HashSet<>();
    Map<String, Part> parts =
        splitCsv == null ? draw(images, rows.entries, contents.hasSplit(), settings) : recall(rows.entries, splitCsv, grown, fresh, warnings);
    List<Photo> photos = new ArrayList<>();
    rows.entries.forEach(
        (image, entry) -> photos.add(new Photo(image, entry.picture, List.copyOf(entry.captions.keySet()), parts.get(image))));
    return new CaptionFolder(source, contents, photos, rows, warnings, fresh);
  }

  /** Where it all came from. */
  public PairSource source() {
    return source;
  }

  /** Whether the source says which photos are for training, or the seed did. */
  public boolean hasSplit() {
    return hasSplit;
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
    return entries.get(photo.image()).captions.get(caption).toString();
  }

  /** What stands for this data in a key: the SHA-256 of what the source says and of the split. Photos' own bytes aren't in it. */
  public String sha256() {
    return sha256;
  }

  /** Questions and answers that the source itself has, in its order; they may be about pictures without captions too. */
  public List<Conversation> conversations() {
    return conversations;
  }

  /** How many captions of a part's photos models wrote, by the column {@code origin}: "model" → 812. */
  public Map<String, Integer> synthetic(Part part) {
    Map<String, Integer> counts = new TreeMap<>();
    for (Photo photo : photos(part)) {
      entries.get(photo.image()).synthetic.values().forEach(origin -> counts.merge(origin, 1, Integer::sum));
    }
    return counts;
  }

  /** Whether models wrote any of the captions. */
  public boolean hasSynthetic() {
    return entries.values().stream().anyMatch(entry -> !entry.synthetic.isEmpty());
  }

  /** Who wrote a photo's caption, as the column {@code origin} says: "given" for people. */
  public String origin(Photo photo, String caption) {
    return entries.get(photo.image()).synthetic.getOrDefault(caption, "given");
  }

  /** Names of the photos that have come since the split was written, of which the source says nothing: nobody decided to hold them out. */
  public Set<String> fresh() {
    return fresh;
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
    photos.forEach(photo -> text.append(SplitFile.CSV.format(photo.image(), word(photo.part()))).append('\n'));
    return text.toString();
  }

  private static String word(Part part) {
    return part.name().toLowerCase(Locale.ROOT);
  }

  /** What the rows say of one image. */
  private static final class Entry {
    final Picture picture;
    final Place place;
    final Part given;
    /** Caption → where it first stands. */
    final Map<String, Place> captions = new LinkedHashMap<>();
    /** Captions that a model wrote → who, as the column {@code origin} says. */
    final Map<String, String> synthetic = new HashMap<>();

    Entry(Picture picture, Place place, Part given) {
      this.picture = picture;
      this.place = place;
      this.given = given;
    }
  }

  /** Gathers what rows say of each image. */
  private static final class Rows implements PairSource.Sink {
    private static final int MOST_WARNINGS = 20;

    final Map<String, Entry> entries = new TreeMap<>();
    final Map<String, String> missing = new LinkedHashMap<>();
    final List<String> warnings = new ArrayList<>();
    final List<Conversation> conversations = new ArrayList<>();
    private final PhotoFinder finder;
    private long empty;
    private Pair splitless;

    Rows(PairSource source) {
      this.finder = new PhotoFinder(source.folders());
    }

    @Override
    public void pair(Pair pair) {
      String image = pair.image();
      if (pair.picture() == null) {
        refuseOutside(pair);
      }
      Part given = given(pair);
      if (given == null && splitless == null) {
        splitless = pair;
      }
      Entry entry = entries.get(image);
      if (entry == null && !missing.containsKey(image)) {
        Picture picture = picture(pair);
        if (picture == null) {
          missing.put(image, pair.place() + ": no photo " + image + finder.hint(image));
        } else {
          entry = new Entry(picture, pair.place(), given);
          entries.put(image, entry);
        }
      }
      if (entry != null && entry.given != given && given != null && entry.given != null) {
        throw UserError.of(
            "%s: %s is %s data in %s %d and %s data in %s %d. Give all its rows one split.",
            pair.place().file(), image, word(entry.given), entry.place.unit(), entry.place.number(), word(given), pair.place().unit(),
            pair.place().number());
      }
      if (pair.caption().isEmpty()) {
        if (empty++ < MOST_WARNINGS) {
          warnings.add(pair.place() + ": the caption of " + image + " is empty; skipped");
        }
      } else if (entry != null) {
        boolean fresh = entry.captions.putIfAbsent(pair.caption(), pair.place()) == null;
        if (fresh && pair.synthetic()) {
          entry.synthetic.put(pair.caption(), pair.origin());
        }
      }
    }

    @Override
    public void conversation(Conversation conversation) {
      conversations.add(conversation);
    }

    private Picture picture(Pair pair) {
      if (pair.picture() != null) {
        return pair.picture();
      }
      Path file = finder.find(pair.image());
      return file == null ? null : new Picture.InFile(file);
    }

    void finish(Path data, boolean hasSplit, List<String> warnings) {
      if (hasSplit && splitless != null) {
        throw UserError.of(
            "%s: the split of %s is \"\". Use train, or one of val, valid, validation, dev, test, holdout, unseen.",
            splitless.place(), splitless.image());
      }
      if (empty > MOST_WARNINGS) {
        warnings.add((empty - MOST_WARNINGS) + " more captions are empty");
      }
      if (missing.size() > entries.size()) {
        throw UserError.of(
            "%d of the %d photos named aren't in %s or its folder images. The first: %s. Add them or remove their rows.",
            missing.size(), missing.size() + entries.size(), data, missing.values().iterator().next());
      }
      if (!missing.isEmpty()) {
        String others = missing.size() == 1 ? "" : ", nor " + (missing.size() - 1) + " others that rows name";
        warnings.add(missing.values().iterator().next() + others + "; skipped");
      }
      entries.values().removeIf(entry -> entry.captions.isEmpty());
      if (entries.isEmpty()) {
        throw UserError.of(
            "%s leaves no photo with a caption: %d captions are empty%s. Write some.",
            data, empty, conversations.isEmpty() ? "" : ", and its " + conversations.size() + " conversations ask other things than that");
      }
    }
  }

  /** A captions file from elsewhere must not make us read, or show, files outside its folder. */
  private static void refuseOutside(Pair pair) {
    String name = pair.image();
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
          "%s: the image \"%s\" isn't a name inside the folder. Give names relative to it, without \"..\".",
          pair.place(), name.length() <= 80 ? name : name.substring(0, 79) + "…");
    }
  }

  /** The part that a row's split means, or null where it says none. */
  private static Part given(Pair pair) {
    String split = pair.split().toLowerCase(Locale.ROOT);
    if (split.isEmpty()) {
      return null;
    }
    if (split.equals("train") || split.equals("unseen")) {
      return Part.valueOf(split.toUpperCase(Locale.ROOT));
    }
    if (HELD_OUT.contains(split)) {
      return Part.TEST;
    }
    throw UserError.of(
        "%s: the split of %s is \"%s\". Use train, or one of val, valid, validation, dev, test, holdout, unseen.",
        pair.place(), pair.image(), pair.split());
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

  private static Map<String, Part> recall(Map<String, Entry> entries, Path splitCsv, boolean grown, Set<String> free, List<String> warnings) {
    Map<String, Part> parts = SplitFile.read(splitCsv);
    List<String> fresh = entries.keySet().stream().filter(image -> !parts.containsKey(image)).toList();
    if (grown && !fresh.isEmpty()) {
      fresh.forEach(image -> parts.put(image, entries.get(image).given == null ? Part.TEST : entries.get(image).given));
      fresh.stream().filter(image -> entries.get(image).given == null).forEach(free::add);
      warnings.add(fresh.size() + " photos have come since the run began, the first being " + fresh.get(0) + ". It hasn't seen them, so they count as held out");
    } else if (!fresh.isEmpty()) {
      throw UserError.of(
          "%s doesn't say where %d photos belong, the first being %s. Add rows for them, or go without the file to draw a new split.",
          splitCsv, fresh.size(), fresh.get(0));
    }
    long gone = parts.keySet().stream().filter(image -> !entries.containsKey(image)).count();
    if (gone > 0) {
      warnings.add(splitCsv + " names " + gone + " photos that the captions file no longer has");
    }
    return parts;
  }
}
