package dev.ocelli.data.source;

import java.util.List;

/**
 * Questions about one picture, one after another, each with its answer.
 *
 * @param image the picture's name, as in {@link Pair}
 * @param split as in {@link Pair}
 */
public record Conversation(String image, List<Turn> turns, String split, Place place) {
  /** A question without the picture's placeholder, and its answer. */
  public record Turn(String question, String answer) {}

  public Conversation {
    turns = List.copyOf(turns);
  }
}
