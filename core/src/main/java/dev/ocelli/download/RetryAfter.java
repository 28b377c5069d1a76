package dev.ocelli.download;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;

/** The header Retry-After (RFC 9110, 10.2.3): seconds, or a date. */
final class RetryAfter {
  private RetryAfter() {}

  /** How many seconds to wait from now; -1 where the header is missing or says nothing. */
  static long seconds(String header) {
    return seconds(header, Instant.now());
  }

  static long seconds(String header, Instant now) {
    if (header == null) {
      return -1;
    }
    String text = header.strip();
    if (text.matches("\\d{1,18}")) {
      return Long.parseLong(text);
    }
    try {
      Instant then = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text));
      return Math.max(0, Duration.between(now, then).plusMillis(999).toSeconds());
    } catch (DateTimeException e) {
      return -1;
    }
  }
}
