package dev.ocelli.server;

import dev.ocelli.generate.SamplingSettings;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One answer that is asked for, from the queue to its last token. Prepared by one thread, then handed to the {@link Engine}, whose
 * compute thread fills in the times and calls the listener.
 */
final class Answer {
  /** Why an answer ended. */
  enum Finish {
    STOP,
    LENGTH,
    /** The request's time was up; what was said by then stands. */
    TIME
  }

  /** Hears the answer on the compute thread, which must not wait: pieces, then one of the two others. */
  interface Listener {
    void piece(String text);

    void end(Answer answer, Finish finish);

    void fail(ApiError error);
  }

  final ServedRun run;
  final boolean adapters;
  final List<int[]> words;
  /** Of each picture the encoder's input {@code [3, height, width]}. */
  final List<float[]> pictures;

  final SamplingSettings settings;
  /** By {@link System#nanoTime()}. */
  final long arrived;

  final long deadline;
  final Listener listener;
  private volatile boolean cancelled;
  private volatile long submitted;
  private volatile long joined;
  private volatile long firstToken;
  private volatile int tokens;

  /**
   * @param adapters whether the run's adapters are used
   * @param words token ids around the pictures
   * @param arrived when the request came, by {@link System#nanoTime()}
   */
  Answer(
      ServedRun run,
      boolean adapters,
      List<int[]> words,
      List<float[]> pictures,
      SamplingSettings settings,
      long arrived,
      long deadline,
      Listener listener) {
    this.run = run;
    this.adapters = adapters;
    this.words = words;
    this.pictures = pictures;
    this.settings = settings;
    this.arrived = arrived;
    this.deadline = deadline;
    this.listener = listener;
  }

  /** Says that nobody waits for the answer any more. */
  void cancel() {
    cancelled = true;
  }

  boolean cancelled() {
    return cancelled;
  }

  boolean expired(long now) {
    return now - deadline >= 0;
  }

  void submitted(long now) {
    submitted = now;
  }

  void joined(long now) {
    joined = now;
  }

  void said(long now) {
    if (firstToken == 0) {
      firstToken = now;
    }
  }

  boolean begun() {
    return firstToken != 0;
  }

  void tokens(int count) {
    tokens = count;
  }

  /** Tokens of the prompt, its pictures included. */
  int promptTokens() {
    return words.stream().mapToInt(w -> w.length).sum() + pictures.size() * run.slots();
  }

  /** Tokens of the answer. */
  int answerTokens() {
    return tokens;
  }

  /** Milliseconds until the answer was asked of the engine: fetching and unpacking pictures. */
  double prepareMillis() {
    return millis(arrived, submitted);
  }

  double queueMillis() {
    return millis(submitted, joined);
  }

  /** Milliseconds from the request to the first token. */
  double firstTokenMillis() {
    return firstToken == 0 ? 0 : millis(arrived, firstToken);
  }

  /** Milliseconds since the request came. */
  double totalMillis() {
    return millis(arrived, System.nanoTime());
  }

  private static double millis(long from, long to) {
    return to == 0 ? 0 : TimeUnit.NANOSECONDS.toMicros(to - from) / 1000.0;
  }
}
