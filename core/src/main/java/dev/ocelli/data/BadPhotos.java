package dev.ocelli.data;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;

/**
 * The photos that can't be used (missing, or not to be decoded) and why. A few are passed over; more than {@code max_bad_photos} mean that
 * something else is wrong, and the run stops. Threads may share one.
 */
public final class BadPhotos {
  private static final CSVFormat CSV = CSVFormat.RFC4180.builder().setRecordSeparator("\n").get();

  private final int limit;
  private final Path file;
  private final Map<String, String> reasons = new LinkedHashMap<>();

  /** Keeps the list in memory only. */
  public BadPhotos(int limit) {
    this(limit, null);
  }

  /**
   * @param limit how many are passed over ({@code max_bad_photos})
   * @param skippedCsv where the list ({@code image,reason}) is kept, whole after every {@link #add}; what an earlier run listed counts
   */
  public BadPhotos(int limit, Path skippedCsv) {
    this.limit = limit;
    this.file = skippedCsv;
    if (skippedCsv != null && Files.exists(skippedCsv)) {
      read();
    }
  }

  /** Notes a photo; one already noted counts once. Past the limit this throws a {@link UserError} with the first three reasons. */
  public synchronized void add(String image, String reason) {
    if (reasons.putIfAbsent(image, reason) != null) {
      return;
    }
    if (file != null) {
      AtomicFile.write(file, csv());
    }
    if (reasons.size() > limit) {
      throw UserError.of(
          "%d photos can't be used, and max_bad_photos is %d. The first: %s. Mend or remove them, or raise max_bad_photos.",
          reasons.size(),
          limit,
          reasons.entrySet().stream().limit(3).map(e -> e.getKey() + ": " + e.getValue()).collect(Collectors.joining("; ")));
    }
  }

  /** Whether a photo has been noted. */
  public synchronized boolean contains(String image) {
    return reasons.containsKey(image);
  }

  /** Why a photo can't be used; null where it wasn't noted. */
  public synchronized String reason(String image) {
    return reasons.get(image);
  }

  public synchronized int count() {
    return reasons.size();
  }

  /** All that were noted, {@code image,reason}. */
  public synchronized String csv() {
    StringBuilder text = new StringBuilder("image,reason\n");
    reasons.forEach((image, reason) -> text.append(CSV.format(image, reason)).append('\n'));
    return text.toString();
  }

  private void read() {
    try (var rows = CSV.parse(new StringReader(Files.readString(file, StandardCharsets.UTF_8)))) {
      boolean header = true;
      for (CSVRecord row : rows) {
        if (!header && row.size() == 2) {
          reasons.put(row.get(0), row.get(1));
        }
        header = false;
      }
    } catch (IOException | RuntimeException e) {
      throw new UserError("Can't read " + file + ": " + e.getMessage() + ". Delete it to begin a new list.", e);
    }
  }
}
