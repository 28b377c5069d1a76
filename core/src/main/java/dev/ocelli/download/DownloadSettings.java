package dev.ocelli.download;

import dev.ocelli.UserError;
import java.time.Duration;
import java.util.List;

/**
 * What to fetch and how politely.
 *
 * @param limit rows drawn from the table at most
 * @param seed of that draw
 * @param tars whether pictures end in tars (WebDataset) rather than in a folder
 * @param side pictures whose shorter side has more pixels are made smaller
 * @param parallel requests at the same time, to all hosts together
 * @param perHost requests at the same time to one host
 * @param pause from the begin of one request to a host to that of the next
 * @param timeout of one request
 * @param allowed {@code host} or {@code host:port} that may be in a private network
 * @param retry whether rows that failed for what may pass are tried anew
 */
public record DownloadSettings(
    int limit, long seed, boolean tars, int side, int parallel, int perHost, Duration pause, Duration timeout, List<String> allowed,
    boolean retry) {
  /** Bytes of one picture's file. */
  static final int LARGEST = 16 << 20;

  public DownloadSettings {
    within("--limit", limit, 1, Integer.MAX_VALUE);
    within("--side", side, 16, 10_000);
    within("--parallel", parallel, 1, 1000);
    within("--per-host", perHost, 1, 100);
    within("--timeout", timeout.toSeconds(), 1, 3600);
    if (pause.isNegative() || pause.compareTo(Duration.ofHours(1)) > 0) {
      throw UserError.of("--pause is %s s; it must be from 0 to 3600.", pause.toMillis() / 1000.0);
    }
    long heap = Runtime.getRuntime().maxMemory();
    if (parallel > 32 && 2L * parallel * LARGEST > heap * 6 / 10) {
      throw UserError.of(
          "--parallel %d may need %d MB of memory, and Java has %d MB. Set OCELLI_JAVA_OPTS=-Xmx%dm, or lower it.",
          parallel, 2L * parallel * LARGEST >> 20, heap >> 20, (2L * parallel * LARGEST >> 20) * 10 / 6 + 1);
    }
    allowed = List.copyOf(allowed);
  }

  private static void within(String option, long value, long least, long most) {
    if (value < least || value > most) {
      throw UserError.of("%s is %d; it must be from %d to %d.", option, value, least, most);
    }
  }
}
