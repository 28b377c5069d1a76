package dev.ocelli.generate;

import dev.ocelli.UserError;
import java.util.List;

/**
 * Ends a stream of text at the first stop text. What may be the beginning of one is held back until more is known, so that no part of a
 * stop text is ever shown. How the text is cut into pieces makes no difference: the stop text that is complete first ends it, the longest
 * where two are complete at once.
 */
public final class StopStrings {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  public StopStrings(List<String> stops) {
    if (stops.stream().anyMatch(String::isEmpty)) {
      throw new UserError("A stop text is empty, but it must have at least one character.");
    }
    this.stops = List.copyOf(stops);
  }

  /** Takes the next piece of text and returns what can be shown by now; nothing once stopped. */
  public String accept(String piece) {
    if (stopped) {
      return "";
    }
    int from = held.length();
    held.append(piece);
    int start = -1;
    for (int end = from + 1; end <= held.length() && start < 0; end++) {
      start = stopEndingAt(end);
    }
    if (start >= 0) {
      stopped = true;
      String shown = held.substring(0, start);
      held.setLength(0);
      return shown;
    }
    int safe = held.length() - longestBeginning();
    String shown = held.substring(0, safe);
    held.delete(0, safe);
    return shown;
  }

  /** Whether a stop text came. */
  public boolean stopped() {
    return stopped;
  }

  /** The text still held back when the stream ends without a stop text. */
  public String finish() {
    String rest = held.toString();
    held.setLength(0);
    return rest;
  }

  /** Where the longest stop text that ends at {@code end} begins, or -1. */
  private int stopEndingAt(int end) {
    int start = -1;
    for (String stop : stops) {
      int begin = end - stop.length();
      if (begin >= 0 && (start < 0 || begin < start) && held.indexOf(stop, begin) == begin) {
        start = begin;
      }
    }
    return start;
  }

  /** The length of the longest end of the text that a stop text may begin with. */
  private int longestBeginning() {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (held.indexOf(stop.substring(0, n), held.length() - n) == held.length() - n) {
          longest = n;
        }
      }
    }
    return longest;
  }
}
