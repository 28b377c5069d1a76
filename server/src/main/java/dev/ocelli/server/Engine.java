package dev.ocelli.server;

import dev.ocelli.Progress;
import dev.ocelli.generate.ContinuousBatch;
import dev.ocelli.generate.SamplingSettings;
import dev.ocelli.image.Preprocessing;
import dev.ocelli.model.Vlm;
import dev.ocelli.nn.Scope;
import dev.ocelli.text.ChatPrompt;
import dev.ocelli.train.FrozenModels;
import dev.ocelli.train.TrainedRun;
import dev.ocelli.weights.Pull;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Holds the models and answers with them, on the one thread that calls libtorch. Requests wait in one line, first come, first served; all
 * answers under way get a token in turn, so a long one holds up nobody.
 */
final class Engine implements AutoCloseable {
  /** Prompts read in one pass, between two steps of the answers under way. */
  private static final int PROMPTS_AT_ONCE = 8;

  private static final long IDLE_MILLIS = 200;

  private final Limits limits;
  private final EngineEvents events;
  private final BlockingQueue<Runnable> arrivals = new LinkedBlockingQueue<>();
  private final CompletableFuture<Map<String, ServedRun>> loaded = new CompletableFuture<>();
  private final Thread thread;

  /** Below: the compute thread's own. */
  private final Deque<Answer> waiting = new ArrayDeque<>();

  /** What is to be done beside answers, one after each step of theirs. */
  private final Queue<Runnable> tasks = new ArrayDeque<>();

  private final Map<Vlm, Lane> lanes = new LinkedHashMap<>();
  private boolean closing;

  /**
   * @param warn gets a line where a run may not answer as it was trained to
   */
  Engine(Map<String, Path> runs, Pull pull, Limits limits, EngineEvents events, Consumer<String> warn) {
    this.limits = limits;
    this.events = events;
    thread = new Thread(() -> work(runs, pull, warn), "ocelli-compute");
    thread.setDaemon(true);
  }

  /** Begins to load the runs. */
  void start() {
    thread.start();
  }

  /** The runs by name, the default first, once all are loaded; or why they can't be. */
  CompletableFuture<Map<String, ServedRun>> loaded() {
    return loaded;
  }

  /** Whether the compute thread is still there: without it nothing is ever answered again. */
  boolean alive() {
    return thread.isAlive();
  }

  boolean ready() {
    return thread.isAlive() && loaded.isDone() && !loaded.isCompletedExceptionally();
  }

  /** Puts an answer in the line. Any thread may. */
  void submit(Answer answer) {
    arrivals.add(
        () -> {
          answer.submitted(System.nanoTime());
          waiting.add(answer);
        });
  }

  /** Does something with the models between two steps: one task a step, so that many hold up nobody's answer. Any thread may ask. */
  <T> CompletableFuture<T> call(Supplier<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Runnable work =
        () -> {
          if (result.isDone()) {
            return;
          }
          try {
            result.complete(task.get());
          } catch (RuntimeException | OutOfMemoryError e) {
            result.completeExceptionally(e);
          }
        };
    arrivals.add(() -> tasks.add(work));
    return result;
  }

  /** What the compute thread hasn't seen yet. */
  int unseen() {
    return arrivals.size();
  }

  /** Tells of what no client can mend. */
  void report(Throwable cause) {
    events.failed(cause);
  }

  /** Ends once everything that was asked for is answered; what is left after a time is not. */
  void close(long millis) {
    arrivals.add(() -> closing = true);
    try {
      thread.join(Math.max(1, millis));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    close(TimeUnit.SECONDS.toMillis(1));
  }

  private void work(Map<String, Path> folders, Pull pull, Consumer<String> warn) {
    try (FrozenModels frozen = new FrozenModels(pull, Progress.NONE)) {
      Map<String, ServedRun> runs = new LinkedHashMap<>();
      for (Map.Entry<String, Path> folder : folders.entrySet()) {
        runs.put(folder.getKey(), load(folder.getKey(), folder.getValue(), frozen, warn));
      }
      loaded.complete(Collections.unmodifiableMap(runs));
      while (!closing || !idle()) {
        take();
        expire();
        admit();
        lanes.values().forEach(this::step);
        task();
        events.state(waiting.size(), active(), lanes.values().stream().mapToLong(Lane::bytes).sum());
      }
      lanes.values().forEach(Lane::close);
      runs.values().forEach(run -> run.trained().close());
    } catch (RuntimeException | Error e) {
      if (!loaded.completeExceptionally(e)) {
        events.failed(e);
      }
    }
  }

  private ServedRun load(String name, Path folder, FrozenModels frozen, Consumer<String> warn) {
    TrainedRun run = TrainedRun.open(folder, frozen, Progress.NONE, warn);
    Vlm with = run.speaking();
    Vlm without = new Vlm(with.qformer(), with.projector(), with.language(), null, with.compute());
    ChatPrompt chat = run.chat();
    ServedRun served =
        new ServedRun(
            name, run, run.features().vision(), run.language(), with, without, chat, run.system(), run.question(), run.sampling(),
            with.qformer().config().vectors(), Math.min(limits.context(), with.language().config().positions()), created(folder));
    warmUp(served);
    return served;
  }

  private static long created(Path folder) {
    try {
      return Files.getLastModifiedTime(folder.resolve("recipe.yaml")).to(TimeUnit.SECONDS);
    } catch (IOException e) {
      return 0;
    }
  }

  /** The first pass through a model is slow: it is made here rather than by the first request. A run that can't answer shows itself, too. */
  private void warmUp(ServedRun run) {
    Preprocessing size = run.vision().preprocessing();
    ChatPrompt.Turn turn = new ChatPrompt.Turn("user", run.question(), 1);
    SamplingSettings two = new SamplingSettings(2, 0, 0, 1, 1, List.of(), 0);
    Answer answer =
        new Answer(
            run, true, run.chat().conversation(List.of(new ChatPrompt.Turn("system", run.system(), 0), turn)),
            List.of(new float[3 * size.height() * size.width()]), two, 0, 0, null);
    ContinuousBatch.Listener deaf =
        new ContinuousBatch.Listener() {
          @Override
          public void piece(String text) {}

          @Override
          public void end(ContinuousBatch.End end, int tokens) {}
        };
    Scope.run(
        () -> {
          try (ContinuousBatch batch = new ContinuousBatch(run.with(), run.language().tokenizer(), run.language().end())) {
            batch.join(List.of(new ContinuousBatch.Prompt(answer.words, Lane.see(run.with(), List.of(answer)).get(0), two, deaf)));
            while (batch.size() > 0) {
              batch.step();
            }
          }
        });
  }

  private boolean idle() {
    return waiting.isEmpty() && active() == 0 && arrivals.isEmpty() && tasks.isEmpty();
  }

  private int active() {
    return lanes.values().stream().mapToInt(Lane::size).sum();
  }

  /** What has come since; waits for something where there is nothing else to do. */
  private void take() {
    try {
      Runnable next = idle() ? arrivals.poll(IDLE_MILLIS, TimeUnit.MILLISECONDS) : arrivals.poll();
      for (; next != null; next = arrivals.poll()) {
        next.run();
      }
    } catch (InterruptedException e) {
      closing = true;
    }
  }

  private void task() {
    Runnable task = tasks.poll();
    if (task != null) {
      task.run();
    }
  }

  /** Lets go of those who left and of those whose time is up. */
  private void expire() {
    long now = System.nanoTime();
    for (Iterator<Answer> all = waiting.iterator(); all.hasNext(); ) {
      Answer answer = all.next();
      if (answer.cancelled() || answer.expired(now)) {
        all.remove();
        if (!answer.cancelled()) {
          answer.listener.fail(ApiError.timedOut("The request's time was up before its turn came."));
        }
      }
    }
    lanes.values().forEach(lane -> lane.expire(now));
  }

  /** The first in line, and with it others for the same model, as many as there is room for. */
  private void admit() {
    int room = Math.min(PROMPTS_AT_ONCE, limits.batch() - active());
    if (waiting.isEmpty() || room < 1) {
      return;
    }
    Vlm model = model(waiting.peek());
    List<Answer> chosen = new ArrayList<>();
    int pictures = 0;
    for (Iterator<Answer> all = waiting.iterator(); all.hasNext() && chosen.size() < room; ) {
      Answer answer = all.next();
      boolean fits = chosen.isEmpty() || pictures + answer.pictures.size() <= PROMPTS_AT_ONCE;
      if (model(answer) == model && fits) {
        pictures += answer.pictures.size();
        chosen.add(answer);
        all.remove();
      }
    }
    Answer first = chosen.get(0);
    Lane lane = lanes.computeIfAbsent(model, m -> new Lane(m, first.run.language(), events));
    guarded(lane, chosen, () -> lane.join(chosen));
  }

  private static Vlm model(Answer answer) {
    return answer.adapters ? answer.run.with() : answer.run.without();
  }

  private void step(Lane lane) {
    if (lane.size() > 0) {
      guarded(lane, List.of(), lane::step);
    }
  }

  /** A failure costs those in the lane their answers, and nobody else. */
  private void guarded(Lane lane, Collection<Answer> also, Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | OutOfMemoryError e) {
      events.failed(e);
      lane.fail(also);
    }
  }
}
