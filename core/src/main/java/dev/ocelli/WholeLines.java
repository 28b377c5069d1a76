package dev.ocelli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A file that grew line by line, up to its last whole line: a kill or a full disk may have cut the one behind it, even within a letter. */
public final class WholeLines {
  private WholeLines() {}

  /** The whole lines, in UTF-8, each with its end. */
  public static String read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    return new String(Arrays.copyOf(bytes, end), StandardCharsets.UTF_8);
  }
}
