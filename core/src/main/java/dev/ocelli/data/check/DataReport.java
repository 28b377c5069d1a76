package dev.ocelli.data.check;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What {@link DataCheck} found.
 *
 * @param format of the source, for people
 * @param findings what a person should know, the gravest first
 */
public record DataReport(String format, Pictures pictures, Texts captions, Duplicates duplicates, List<Finding> findings, Verdict verdict) {
  /** What to do about the data. */
  public enum Verdict {
    /** Nothing to do. */
    FINE,
    /** It can be trained on; a person should look at the findings. */
    LOOK,
    /** Scores or training would suffer: mend it first. */
    MEND;

    /** As people and JSON see it. */
    @JsonValue
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** One finding with what to do about it. */
  public record Finding(Verdict verdict, String text) {}

  /** The smallest, the middle and the largest of some numbers. */
  public record Range(long least, long median, long most) {
    static Range of(List<Long> numbers) {
      List<Long> sorted = numbers.stream().sorted().toList();
      return sorted.isEmpty() ? new Range(0, 0, 0) : new Range(sorted.get(0), sorted.get(sorted.size() / 2), sorted.get(sorted.size() - 1));
    }
  }

  /** A picture with why it can't be used. */
  public record Bad(String image, String reason) {}

  /**
   * @param photos with a caption, the broken ones included
   * @param parts how many are train, validation, test, unseen
   * @param splitGiven whether the source says so, or the seed did
   * @param formats how many are jpeg, png, …
   * @param bytes of all
   * @param width in pixels
   * @param missing rows name them, but they aren't there
   */
  public record Pictures(
      int photos, Map<String, Integer> parts, boolean splitGiven, Map<String, Integer> formats, long bytes, Range width, Range height,
      List<Bad> missing, List<Bad> broken) {}

  /**
   * @param count of different captions of each photo, all together
   * @param words in a caption
   * @param differentWords in lower case, without marks
   * @param repeated captions that many photos share: caption → photos, the most frequent first
   * @param conversations questions with answers in the source itself
   */
  public record Texts(int count, Range perPhoto, Range words, int differentWords, Map<String, Integer> repeated, int conversations) {}

  /**
   * Pictures that are copies of each other.
   *
   * @param crossing whether some are for training and others held out
   */
  public record Group(boolean exact, boolean crossing, List<String> images) {}

  /**
   * @param exact groups of files with the same bytes
   * @param near groups of pictures that look alike, without those of the same bytes
   * @param exactCrossing of the exact ones, how many lie across the split
   * @param nearCrossing the same of the near ones
   * @param groups the first of them, those across the split before others
   */
  public record Duplicates(int exact, int near, int exactCrossing, int nearCrossing, List<Group> groups) {}
}
