package dev.ocelli.data;

import java.util.List;

/**
 * Questions about one photo with their answers. Several turns are one conversation: later questions may build on earlier answers.
 *
 * @param image as the photo's captions name it
 */
public record Dialogue(String image, List<Turn> turns) {
  /**
   * One question.
   *
   * @param kind what one has to see, such as "colour", to tell scores apart by; "" where the data doesn't say
   */
  public record Turn(String question, String answer, String kind) {}

  public Dialogue {
    turns = List.copyOf(turns);
  }
}
