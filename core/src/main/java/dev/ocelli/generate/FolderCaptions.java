package dev.ocelli.generate;

import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.image.ImageFiles;
import dev.ocelli.image.ImageReader;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.image.ReadingThreads;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.text.Tokenizer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.bytedeco.pytorch.Tensor;

/**
 * Describes all photos of a folder into a {@link CaptionTable}. Pictures are unpacked on other threads, some go through the encoder at a
 * time, and their captions are written together: as captions end, further photos take their places.
 *
 * @param vlm with the adapters merged
 * @param end the token that ends a caption
 * @param stop asked between tokens: true ends early, with what is done kept
 */
public record FolderCaptions(
    Pretrained.Vision vision, Vlm vlm, Tokenizer tokenizer, int end, ChatPrompt.Ids prompt, SamplingSettings settings, Progress progress,
    BooleanSupplier stop) {
  /** Photos that go through the encoder together. */
  private static final int JOINING = 16;

  /** Captions written together. */
  private static final int TOGETHER = 32;

  /** A photo's pixels, or why there are none. */
  private record Seen(String image, float[] pixels, String problem) {}

  /** Names of a folder's photos, those in folders below it included, in order; {@code /} stands between folders. */
  public static List<String> photos(Path folder) {
    try {
      return ImageFiles.under(folder).stream().map(file -> folder.relativize(file).toString().replace(File.separatorChar, '/')).sorted().toList();
    } catch (IOException e) {
      throw new UserError("Can't list " + folder + ": " + AtomicFile.reason(e) + ".", e);
    }
  }

  /** Describes the photos that the table lacks. */
  public void write(Path folder, List<String> images, CaptionTable table) {
    Deque<String> missing = new ArrayDeque<>(images.stream().filter(image -> !table.has(image)).toList());
    ExecutorService readers = ReadingThreads.start(Runtime.getRuntime().availableProcessors());
    try (Progress.Task task = progress.start("captions", missing.size(), "photos");
        ContinuousBatch batch = new ContinuousBatch(vlm, tokenizer, end)) {
      Deque<Future<Seen>> ahead = new ArrayDeque<>();
      while (!stop.getAsBoolean() && !(missing.isEmpty() && ahead.isEmpty() && batch.size() == 0)) {
        while (!missing.isEmpty() && ahead.size() < 3 * JOINING) {
          String image = missing.remove();
          ahead.add(readers.submit(() -> see(folder, image)));
        }
        if (batch.size() <= TOGETHER - JOINING && !ahead.isEmpty()) {
          join(batch, next(ahead, table, task), table, task);
        }
        if (batch.size() > 0) {
          batch.step();
        }
      }
    } finally {
      readers.shutdownNow();
    }
  }

  private Seen see(Path folder, String image) {
    Path file = folder.resolve(image);
    try {
      return new Seen(image, vision.preprocessing().apply(ImageReader.read(file)), null);
    } catch (UserError e) {
      return new Seen(image, null, e.getMessage());
    }
  }

  /** Some photos that can be read; the others go on the list. */
  private static List<Seen> next(Deque<Future<Seen>> ahead, CaptionTable table, Progress.Task task) {
    List<Seen> seen = new ArrayList<>();
    while (!ahead.isEmpty() && seen.size() < JOINING) {
      Seen photo = ReadingThreads.result(ahead.remove());
      if (photo.problem == null) {
        seen.add(photo);
      } else {
        table.problem(photo.image, photo.problem);
        task.advance(1);
      }
    }
    return seen;
  }

  private void join(ContinuousBatch batch, List<Seen> photos, CaptionTable table, Progress.Task task) {
    if (photos.isEmpty()) {
      return;
    }
    Scope.run(
        () -> {
          Tensor all = Scope.noGrad(() -> vlm.image(vision.encoder().forward(pixels(photos)), false));
          List<ContinuousBatch.Prompt> prompts = new ArrayList<>();
          for (int i = 0; i < photos.size(); i++) {
            String image = photos.get(i).image;
            prompts.add(
                new ContinuousBatch.Prompt(
                    List.of(prompt.before(), prompt.after()), List.of(all.narrow(0, i, 1)), settings, new Caption(image, table, task)));
          }
          batch.join(prompts);
        });
  }

  private Tensor pixels(List<Seen> photos) {
    Preprocessing size = vision.preprocessing();
    int each = 3 * size.height() * size.width();
    float[] pixels = new float[photos.size() * each];
    for (int i = 0; i < photos.size(); i++) {
      System.arraycopy(photos.get(i).pixels, 0, pixels, i * each, each);
    }
    return vlm.compute().place(Tensors.of(pixels, photos.size(), 3, size.height(), size.width()));
  }

  /** Gathers one caption. */
  private static final class Caption implements ContinuousBatch.Listener {
    private final String image;
    private final CaptionTable table;
    private final Progress.Task task;
    private final StringBuilder text = new StringBuilder();

    Caption(String image, CaptionTable table, Progress.Task task) {
      this.image = image;
      this.table = table;
      this.task = task;
    }

    @Override
    public void piece(String piece) {
      text.append(piece);
    }

    @Override
    public void end(ContinuousBatch.End end, int tokens) {
      table.caption(image, text.toString().strip());
      task.advance(1);
    }
  }
}
