package dev.ocelli.text;

import java.util.Arrays;

/**
 * Decodes an answer while it is being generated. A character whose bytes lie in several tokens is held back until its last byte has come,
 * so what {@link #next} and {@link #finish} return, joined, is what {@link Tokenizer#decode} makes of all ids at once. One a thread.
 */
public final class StreamDecoder {
  /** Ids decoded together before the oldest are let go, so that a long answer costs no more a token than a short one. */
  private static final int WINDOW = 32;

  /** Ids kept then at least: a UTF-8 character has up to 4 bytes, and the decoder sets spaces by the token before. */
  private static final int KEPT = 4;

  private final Tokenizer tokenizer;
  private final int[] window = new int[WINDOW];
  private int filled;
  /** Whether nothing had to be held back when an id had come: a cut behind it parts no character. */
  private final boolean[] whole = new boolean[WINDOW];
  /** How many characters of the window's text have been returned. */
  private int shown;

  StreamDecoder(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Takes the next id and returns the text that is now certain, often "". */
  public String next(int id) {
    String before = filled == WINDOW ? forget() : "";
    window[filled++] = id;
    String text = text(0, filled);
    // An unfinished character decodes to U+FFFD at the end: one, or where tokens are single bytes one each, of finished characters before
    // it, too. What stands before those won't change any more.
    int certain = text.length();
    while (certain > 0 && text.charAt(certain - 1) == '\uFFFD') {
      certain--;
    }
    whole[filled - 1] = certain == text.length();
    if (certain <= shown) {
      return before;
    }
    String fresh = text.substring(shown, certain);
    shown = certain;
    return before + fresh;
  }

  /** Returns what was held back, as it stands, and begins anew. */
  public String finish() {
    String text = text(0, filled);
    String rest = text.substring(Math.min(shown, text.length()));
    filled = 0;
    shown = 0;
    return rest;
  }

  /** Lets the oldest ids go, and returns what won't become text any more. */
  private String forget() {
    int cut = WINDOW - KEPT;
    while (cut > 0 && !whole[cut - 1]) {
      cut--;
    }
    if (cut == 0) {
      // Bytes that are no text: only the last of them may still become some.
      String text = text(0, filled);
      String bytes = text.substring(shown, Math.max(shown, text.length() - 1));
      int held = text.length() - shown - bytes.length();
      move(WINDOW - KEPT);
      shown = text(0, filled).length() - held;
      return bytes;
    }
    int last = filled;
    while (!whole[last - 1]) {
      last--;
    }
    int more = shown - text(0, last).length();
    move(cut);
    shown = text(0, last - cut).length() + more;
    return "";
  }

  private void move(int cut) {
    filled = WINDOW - cut;
    System.arraycopy(window, cut, window, 0, filled);
    System.arraycopy(whole, cut, whole, 0, filled);
  }

  private String text(int from, int to) {
    return tokenizer.decode(Arrays.copyOfRange(window, from, to), true);
  }
}
