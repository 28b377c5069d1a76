package dev.ocelli.cli;

import dev.ocelli.UserError;
import dev.ocelli.data.CaptionFolder;
import dev.ocelli.data.Part;
import dev.ocelli.data.SplitSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which photos to measure on. */
final class DataOptions {
  /** A part of the data as a user names it: what chooses the best checkpoint counts as training. */
  enum Split {
    TEST(EnumSet.of(Part.TEST)),
    UNSEEN(EnumSet.of(Part.UNSEEN)),
    TRAIN(EnumSet.of(Part.TRAIN, Part.VALIDATION)),
    ALL(EnumSet.allOf(Part.class));

    private final Set<Part> parts;

    Split(Set<Part> parts) {
      this.parts = parts;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "Folder with captions.csv and its photos, or data in another format.")
  private Path data;

  @Option(
      names = "--split",
      paramLabel = "SPLIT",
      defaultValue = "test",
      description = "Which photos: ${COMPLETION-CANDIDATES} (default: test, the held-out ones).")
  private Split split;

  @Mixin private FeaturesFolder features;

  Path path() {
    return data;
  }

  Set<Part> parts() {
    return split.parts;
  }

  Path features(Console console) {
    return features.path(console);
  }

  /** Refuses a folder that can't be used, before anything is loaded. */
  void check() {
    checkFolder(data);
    CaptionFolder.read(data, new SplitSettings(0, 0, 0));
  }

  static void checkFolder(Path data) {
    if (!Files.exists(data)) {
      throw UserError.of("There is no folder or file %s. Name one with captions.csv and its photos, or in another format (--data).", data);
    }
  }
}
