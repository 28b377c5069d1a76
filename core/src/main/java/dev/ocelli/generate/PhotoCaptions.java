package dev.ocelli.generate;

import dev.ocelli.Progress;
import dev.ocelli.model.PhotoFeatures;
import dev.ocelli.nn.Scope;
import dev.ocelli.text.ChatPrompt;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Describes many photos whose features are known, several at a time. */
public record PhotoCaptions(Captioner captioner, ChatPrompt.Ids prompt, SamplingSettings settings, Progress progress) {
  private static final int AT_ONCE = 16;

  /** One caption a photo, in their order. */
  public List<String> of(PhotoFeatures photos) {
    int n = photos.photos().size();
    List<String> captions = new ArrayList<>();
    try (Progress.Task task = progress.start("captions", n, "photos")) {
      for (int from = 0; from < n; from += AT_ONCE) {
        int to = Math.min(n, from + AT_ONCE);
        int first = from;
        Scope.run(
            () -> {
              ByteBuffer buffer = photos.buffer(to - first);
              for (int i = first; i < to; i++) {
                photos.read(i, buffer);
              }
              captions.addAll(captioner.answers(photos.tensor(buffer, captioner.vlm().compute()), prompt, settings, first));
            });
        task.advance(to - from);
      }
    }
    return captions;
  }
}
