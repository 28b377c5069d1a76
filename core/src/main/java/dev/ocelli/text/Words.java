package dev.ocelli.text;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The words of a text that was written token by token.
 *
 * @param text what the tokens say
 * @param words in the order of the text
 */
public record Words(String text, List<Word> words) {
  /** Letters and digits, also around an apostrophe or a hyphen. */
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{M}\\p{N}]+(?:['’-][\\p{L}\\p{M}\\p{N}]+)*");

  /**
   * @param start of its characters (UTF-16) in the text
   * @param end of its characters, exclusive
   * @param firstToken that holds some of it
   * @param endToken behind the last that does
   */
  public record Word(String text, int start, int end, int firstToken, int endToken) {}

  public static Words of(Tokenizer tokenizer, int[] tokens) {
    StreamDecoder decoder = tokenizer.stream();
    StringBuilder text = new StringBuilder();
    // Token i begins where the text ended before it; one whose character isn't whole yet shares that beginning with the next.
    int[] starts = new int[tokens.length];
    int[] ends = new int[tokens.length];
    for (int i = 0; i < tokens.length; i++) {
      starts[i] = text.length();
      text.append(decoder.next(tokens[i]));
      ends[i] = text.length();
    }
    text.append(decoder.finish());
    for (int i = tokens.length - 1; i >= 0; i--) {
      if (ends[i] == starts[i]) {
        ends[i] = i + 1 < tokens.length ? ends[i + 1] : text.length();
      }
    }
    List<Word> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(text);
    while (matcher.find()) {
      int first = 0;
      while (first < tokens.length && ends[first] <= matcher.start()) {
        first++;
      }
      int end = first;
      while (end < tokens.length && starts[end] < matcher.end()) {
        end++;
      }
      if (end > first) {
        words.add(new Word(matcher.group(), matcher.start(), matcher.end(), first, end));
      }
    }
    return new Words(text.toString(), List.copyOf(words));
  }
}
