package dev.ocelli.embed;

import java.util.List;

/**
 * What one side says in a conversation.
 *
 * @param role "system", "user" or "assistant"
 * @param pictures that come with the words, each the bytes of a JPEG, PNG, GIF, BMP or WebP
 */
public record Turn(String role, String text, List<byte[]> pictures) {
  public Turn {
    pictures = List.copyOf(pictures);
  }

  public static Turn system(String text) {
    return new Turn("system", text, List.of());
  }

  public static Turn user(String text, byte[]... pictures) {
    return new Turn("user", text, List.of(pictures));
  }

  public static Turn assistant(String text) {
    return new Turn("assistant", text, List.of());
  }
}
