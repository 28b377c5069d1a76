package dev.ocelli.examples;

import dev.ocelli.embed.Ocelli;
import java.nio.file.Path;

/** Describes a photo: {@code CaptionPhoto runs/first dog.jpg}. */
public final class CaptionPhoto {
  private CaptionPhoto() {}

  public static void main(String[] args) {
    try (Ocelli ocelli = Ocelli.load(Path.of(args[0]))) {
      System.out.println(ocelli.caption(Path.of(args[1])));
    }
  }
}
