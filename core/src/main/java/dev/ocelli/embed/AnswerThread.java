package dev.ocelli.embed;

import dev.ocelli.UserError;
import dev.ocelli.generate.ContinuousBatch;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.model.Pretrained;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.nn.Tensors;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.train.TrainedRun;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/** The one thread that calls libtorch for an {@link Ocelli}, and what others hand it. */
final class AnswerThread implements AutoCloseable {
  /** Answers written at the same time; more wait. */
  private static final int AT_ONCE = 8;

  /** What callers read of a loaded run, none of which calls libtorch. */
  record Model(
      Preprocessing preprocessing, ChatPrompt chat, String system, String question, SamplingSettings sampling, int slots, int positions) {}

  /** A piece of text, or the end with its cause. */
  private record Event(String piece, ContinuousBatch.End end, int tokens, RuntimeException failure) {}

  /** One answer that somebody waits for. */
  private static final class Asked implements ContinuousBatch.Listener {
    final List<int[]> words;
    final List<float[]> pictures;
    final SamplingSettings settings;
    final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    volatile boolean left;

    Asked(List<int[]> words, List<float[]> pictures, SamplingSettings settings) {
      this.words = words;
      this.pictures = pictures;
      this.settings = settings;
    }

    @Override
    public void piece(String text) {
      events.add(new Event(text, null, 0, null));
    }

    @Override
    public void end(ContinuousBatch.End end, int tokens) {
      events.add(new Event(null, end, tokens, null));
    }

    void fail(RuntimeException failure) {
      events.add(new Event(null, null, 0, failure));
    }
  }

  private final CompletableFuture<Model> loaded = new CompletableFuture<>();
  private final BlockingQueue<Asked> waiting = new LinkedBlockingQueue<>();
  private final Thread thread;
  private volatile boolean closing;

  /** Below: the thread's own. */
  private final List<Asked> underWay = new ArrayList<>();

  private Vlm vlm;
  private Pretrained.Vision vision;
  private Supplier<ContinuousBatch> fresh;
  private ContinuousBatch batch;

  AnswerThread(Supplier<TrainedRun> open) {
    thread = new Thread(() -> work(open), "ocelli-compute");
    thread.setDaemon(true);
    thread.start();
  }

  /** Waits until the run is loaded; throws why it can't be. */
  Model model() {
    try {
      return loaded.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Waits for an answer; one whose caller is interrupted is given up. */
  Reply answer(List<int[]> words, List<float[]> pictures, SamplingSettings settings, Consumer<String> heard) {
    int prompt = words.stream().mapToInt(w -> w.length).sum() + pictures.size() * model().slots;
    if ((long) prompt + settings.maxTokens() > model().positions) {
      throw UserError.of(
          "The conversation has %d tokens and asks for %d; the language model has %d positions. Ask for fewer.", prompt, settings.maxTokens(),
          model().positions);
    }
    Asked asked = new Asked(words, pictures, settings);
    StringBuilder text = new StringBuilder();
    try {
      waiting.add(asked);
      if (closing) {
        turnAway();
      }
      for (Event event = asked.events.take(); ; event = asked.events.take()) {
        if (event.failure != null) {
          throw event.failure;
        }
        if (event.end != null) {
          return new Reply(text.toString().strip(), prompt, event.tokens, event.end == ContinuousBatch.End.STOP);
        }
        // Blanks at the beginning aren't part of the answer.
        String piece = text.length() == 0 ? event.piece.stripLeading() : event.piece;
        if (!piece.isEmpty()) {
          text.append(piece);
          heard.accept(piece);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while waiting for an answer", e);
    } finally {
      asked.left = true;
    }
  }

  /** Once closed nobody is taken in any more: who still waits hears of it, from whichever thread gets here first. */
  private void turnAway() {
    for (Asked asked = waiting.poll(); asked != null; asked = waiting.poll()) {
      asked.fail(closed());
    }
  }

  private static IllegalStateException closed() {
    return new IllegalStateException("This Ocelli is closed");
  }

  @Override
  public void close() {
    closing = true;
    thread.interrupt();
    boolean interrupted = false;
    while (thread.isAlive() && Thread.currentThread() != thread) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    turnAway();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void work(Supplier<TrainedRun> open) {
    try (TrainedRun run = open.get()) {
      vlm = run.merged();
      vision = run.features().vision();
      Pretrained.Language language = run.language();
      fresh = () -> new ContinuousBatch(vlm, language.tokenizer(), language.end());
      batch = fresh.get();
      loaded.complete(
          new Model(
              vision.preprocessing(), run.chat(), run.system(), run.question(), run.sampling(), vlm.qformer().config().vectors(),
              vlm.language().config().positions()));
      while (!closing) {
        round();
      }
      underWay.forEach(asked -> asked.fail(closed()));
      batch.close();
    } catch (RuntimeException | Error e) {
      loaded.completeExceptionally(e);
      underWay.forEach(asked -> asked.fail(new IllegalStateException(e)));
    } finally {
      closing = true;
      turnAway();
      vlm = null;
      vision = null;
      fresh = null;
      batch = null;
    }
  }

  /** Takes in who waits, and gives everyone a token. A failure costs those in this round their answers, and nobody else. */
  private void round() {
    List<Asked> joining = new ArrayList<>();
    try {
      if (underWay.isEmpty()) {
        joining.add(waiting.take());
      }
    } catch (InterruptedException e) {
      return; // closing
    }
    waiting.drainTo(joining, AT_ONCE - underWay.size() - joining.size());
    joining.removeIf(asked -> asked.left);
    try {
      underWay.stream().filter(asked -> asked.left).forEach(batch::drop);
      underWay.removeIf(asked -> asked.left);
      if (!joining.isEmpty()) {
        underWay.addAll(joining);
        Scope.run(() -> batch.join(joining.stream().map(this::prompt).toList()));
      }
      if (batch.size() > 0) {
        batch.step();
      }
      underWay.removeIf(asked -> !batch.has(asked));
    } catch (RuntimeException | OutOfMemoryError e) {
      underWay.forEach(asked -> asked.fail(new IllegalStateException("The answer failed: " + e, e)));
      underWay.clear();
      batch.close();
      batch = fresh.get();
    }
  }

  private ContinuousBatch.Prompt prompt(Asked asked) {
    List<Tensor> seen = new ArrayList<>();
    for (float[] pixels : asked.pictures) {
      Tensor picture = vlm.compute().place(Tensors.of(pixels, 1, 3, vision.preprocessing().height(), vision.preprocessing().width()));
      seen.add(Scope.noGrad(() -> vlm.image(vision.encoder().forward(picture), false)));
    }
    return new ContinuousBatch.Prompt(asked.words, seen, asked.settings, asked);
  }
}
