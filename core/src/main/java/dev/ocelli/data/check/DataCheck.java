package dev.ocelli.data.check;

import dev.ocelli.Progress;
import dev.ocelli.Sha256;
import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.CaptionStyle;
import dev.ocelli.data.Captions;
import dev.ocelli.data.Part;
import dev.ocelli.data.Photo;
import dev.ocelli.data.Picture;
import dev.ocelli.data.check.DataReport.Bad;
import dev.ocelli.data.check.DataReport.Finding;
import dev.ocelli.data.check.DataReport.Range;
import dev.ocelli.data.check.DataReport.Verdict;
import dev.ocelli.image.ImageReader;
import dev.ocelli.image.PictureHash;
import dev.ocelli.image.PictureHeader;
import dev.ocelli.image.ReadingThreads;
import dev.ocelli.image.RgbImage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** Looks at every picture and caption of a data set and says what a person would want to know before training on it. */
public final class DataCheck {
  private static final int AHEAD = 64;
  private static final int MOST_REPEATED = 5;

  private final CaptionFolder folder;
  private final CaptionStyle style;
  private final int badAllowed;

  /** A picture after one look at it; problem is null where there is none. */
  record Seen(Photo photo, String sha256, PictureHash hash, String format, int width, int height, long bytes, String problem) {}

  private DataCheck(CaptionFolder folder, CaptionStyle style, int badAllowed) {
    this.folder = folder;
    this.style = style;
    this.badAllowed = badAllowed;
  }

  /**
   * Checks all of it.
   *
   * @param style that training gives captions
   * @param badAllowed how many missing or broken photos training passes over
   * @param threads that decode pictures
   */
  public static DataReport of(CaptionFolder folder, CaptionStyle style, int badAllowed, int threads, Progress progress) {
    return new DataCheck(folder, style, badAllowed).report(look(folder.photos(), threads, progress));
  }

  private static List<Seen> look(List<Photo> photos, int threads, Progress progress) {
    List<Photo> inOrder = photos.stream().sorted(Comparator.comparing(Photo::picture, Picture.BY_PLACE)).toList();
    List<Seen> all = new ArrayList<>(photos.size());
    ExecutorService decoders = ReadingThreads.start(threads);
    try (Progress.Task task = progress.start("checking", photos.size(), "photos")) {
      Deque<Future<Seen>> ahead = new ArrayDeque<>();
      int next = 0;
      while (all.size() < inOrder.size()) {
        while (next < inOrder.size() && ahead.size() < AHEAD) {
          Photo photo = inOrder.get(next++);
          ahead.add(decoders.submit(() -> look(photo)));
        }
        all.add(ReadingThreads.result(ahead.remove()));
        task.advance(1);
      }
    } finally {
      decoders.shutdownNow();
    }
    all.sort(Comparator.comparing(seen -> seen.photo().image()));
    return all;
  }

  private static Seen look(Photo photo) {
    try {
      byte[] bytes = photo.picture().bytes();
      RgbImage image = ImageReader.read(bytes, photo.picture().toString());
      String format = PictureHeader.of(bytes).map(PictureHeader::format).orElse("other");
      return new Seen(photo, Sha256.of(bytes), PictureHash.of(image), format, image.width(), image.height(), bytes.length, null);
    } catch (OutOfMemoryError e) {
      return new Seen(photo, null, null, null, 0, 0, 0, photo.picture() + " " + ImageReader.NO_MEMORY);
    } catch (UserError e) {
      return new Seen(photo, null, null, null, 0, 0, 0, e.getMessage());
    }
  }

  private DataReport report(List<Seen> seen) {
    List<Seen> whole = seen.stream().filter(s -> s.problem == null).toList();
    DataReport.Pictures pictures = pictures(seen, whole);
    DataReport.Texts texts = texts();
    DataReport.Duplicates duplicates = Copies.among(whole);
    List<Finding> findings = findings(pictures, texts, duplicates);
    Verdict verdict = findings.stream().map(Finding::verdict).max(Comparator.naturalOrder()).orElse(Verdict.FINE);
    return new DataReport(folder.source().format(), pictures, texts, duplicates, findings, verdict);
  }

  private DataReport.Pictures pictures(List<Seen> seen, List<Seen> whole) {
    Map<String, Integer> parts = new LinkedHashMap<>();
    for (Part part : Part.values()) {
      parts.put(part.name().toLowerCase(Locale.ROOT), folder.photos(part).size());
    }
    Map<String, Integer> formats = new TreeMap<>();
    whole.forEach(s -> formats.merge(s.format, 1, Integer::sum));
    List<Bad> broken = seen.stream().filter(s -> s.problem != null).map(s -> new Bad(s.photo.image(), s.problem)).toList();
    List<Bad> missing = folder.missing().entrySet().stream().map(e -> new Bad(e.getKey(), e.getValue())).toList();
    return new DataReport.Pictures(
        seen.size(), parts, folder.hasSplit(), formats, whole.stream().mapToLong(Seen::bytes).sum(),
        Range.of(whole.stream().map(s -> (long) s.width).toList()), Range.of(whole.stream().map(s -> (long) s.height).toList()), missing, broken);
  }

  private DataReport.Texts texts() {
    List<Long> perPhoto = new ArrayList<>();
    List<Long> lengths = new ArrayList<>();
    Map<String, Integer> words = new HashMap<>();
    Map<String, Integer> photosOf = new HashMap<>();
    for (Photo photo : folder.photos()) {
      perPhoto.add((long) photo.captions().size());
      for (String caption : photo.captions()) {
        photosOf.merge(caption, 1, Integer::sum);
        String[] split = caption.split("\\s+");
        lengths.add((long) split.length);
        for (String word : split) {
          String plain = word.toLowerCase(Locale.ROOT).replaceAll("^[^\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+$", "");
          if (!plain.isEmpty()) {
            words.merge(plain, 1, Integer::sum);
          }
        }
      }
    }
    Map<String, Integer> repeated = new LinkedHashMap<>();
    photosOf.entrySet().stream()
        .filter(e -> e.getValue() > 1)
        .sorted(Map.Entry.<String, Integer>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
        .limit(MOST_REPEATED)
        .forEach(e -> repeated.put(e.getKey(), e.getValue()));
    return new DataReport.Texts(
        lengths.size(), Range.of(perPhoto), Range.of(lengths), words.size(), repeated, folder.conversations().size());
  }

  private List<Finding> findings(DataReport.Pictures pictures, DataReport.Texts texts, DataReport.Duplicates copies) {
    List<Finding> findings = new ArrayList<>();
    int bad = pictures.missing().size() + pictures.broken().size();
    if (bad > 0) {
      findings.add(
          new Finding(
              bad > badAllowed ? Verdict.MEND : Verdict.LOOK,
              String.format(
                  Locale.ROOT, "%d photos are missing and %d can't be read; training passes over %d (data.max_bad_photos). Mend or remove them.",
                  pictures.missing().size(), pictures.broken().size(), badAllowed)));
    }
    List<String> wordless =
        folder.photos().stream()
            .flatMap(
                photo ->
                    photo.captions().stream()
                        .filter(caption -> !Captions.hasWords(style.apply(caption)))
                        .map(caption -> folder.place(photo, caption) + ": " + photo.image()))
            .toList();
    if (!wordless.isEmpty()) {
      findings.add(
          new Finding(
              Verdict.MEND,
              wordless.size() + " captions have no words, the first in " + wordless.get(0)
                  + ". Training refuses them: remove these rows, or give them texts."));
    }
    String remedy = "Give all copies one split, or remove some.";
    if (copies.exactCrossing() > 0) {
      findings.add(
          new Finding(
              Verdict.MEND, copies.exactCrossing() + " groups of equal photos lie in training and held-out data: scores would be too good. " + remedy));
    }
    if (copies.nearCrossing() > 0) {
      findings.add(
          new Finding(
              Verdict.LOOK,
              copies.nearCrossing() + " groups of photos that look alike lie in training and held-out data. If they are copies: " + remedy));
    }
    if (copies.exact() > copies.exactCrossing()) {
      findings.add(new Finding(Verdict.LOOK, (copies.exact() - copies.exactCrossing()) + " groups of equal photos lie within one part."));
    }
    int most = texts.repeated().values().stream().findFirst().orElse(0);
    if (most > Math.max(2, pictures.photos() / 20)) {
      findings.add(
          new Finding(
              Verdict.LOOK, most + " photos share the caption \"" + texts.repeated().keySet().iterator().next() + "\": it tells none of them apart."));
    }
    if (pictures.photos() < 100) {
      findings.add(new Finding(Verdict.LOOK, pictures.photos() + " photos are few to learn from; thousands do better."));
    }
    if (folder.photos(Part.TEST).isEmpty()) {
      findings.add(new Finding(Verdict.LOOK, "No photo is held out, so nothing can be measured. Add some with the split test."));
    }
    findings.sort(Comparator.comparing(Finding::verdict).reversed());
    return findings;
  }
}
