package dev.ocelli.generate;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.image.ImageReader;
import dev.ocelli.model.FeatureBuilder;
import dev.ocelli.text.ChatPrompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/** Answers one prompt about photo files, one after the other: from the file to the text. */
public record PhotoAnswers(FeatureBuilder features, Captioner captioner, ChatPrompt.Ids prompt, SamplingSettings settings) {
  /**
   * The answer about one photo. The draws depend on the seed alone, not on which photos came before.
   *
   * @param heard gets each piece of text as it comes
   */
  public String of(Path photo, Consumer<String> heard) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(photo);
    } catch (IOException e) {
      throw new UserError("Can't read " + photo + ": " + AtomicFile.reason(e) + ".", e);
    }
    try (Tensor seen = features.see(ImageReader.read(bytes, photo.toString()))) {
      return captioner.answers(seen, prompt, settings, 0, heard).get(0);
    }
  }
}
