package dev.ocelli.text;

import java.util.Arrays;

/**
 * Decodes an answer while it is being generated. A character whose bytes lie in several tokens is held back until its last byte has come,
 * so what {@link #next} and {@link #finish} return, joined, is what {@link Tokenizer#decode} makes of all ids at once. One a thread.
 */
public final class StreamDecoder {
  /** Ids decoded together before the oldest are let go, so that a long answer costs no more a token than a short one. */
  private static final int WINDOW = 32;

  /** Ids kept then: a UTF-8 character has up to 4 bytes, and the decoder sets spaces by the token before. */
  private static final int KEPT = 4;

  private final Tokenizer tokenizer;
  private final int[] window = new int[WINDOW];
  private int filled;
  /** How many characters of the window's text have been returned. */
  private int shown;

  StreamDecoder(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Takes the next id and returns the text that is now certain, often "". */
  public String next(int id) {
    if (filled == WINDOW) {
      forget();
    }
    window[filled++] = id;
    String text = text();
    // An unfinished character decodes to one U+FFFD at the end; those before it won't change any more.
    int certain = text.endsWith("\uFFFD") ? text.length() - 1 : text.length();
    if (certain <= shown) {
      return "";
    }
    String fresh = text.substring(shown, certain);
    shown = certain;
    return fresh;
  }

  /** Returns what was held back, as it stands, and begins anew. */
  public String finish() {
    String text = text();
    String rest = text.substring(Math.min(shown, text.length()));
    filled = 0;
    shown = 0;
    return rest;
  }

  private void forget() {
    int held = text().length() - shown;
    System.arraycopy(window, WINDOW - KEPT, window, 0, KEPT);
    filled = KEPT;
    shown = text().length() - held;
  }

  private String text() {
    return tokenizer.decode(Arrays.copyOf(window, filled), true);
  }
}
