package dev.ocelli.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * While open, Ctrl-C (and a terminate or hang-up signal) asks work to stop at its next safe point; a second one ends the program at once.
 * A shutdown hook can't do this: the JVM ignores the second signal while hooks run.
 */
final class StopSignal implements AutoCloseable, BooleanSupplier {
  private static final int SIGNALLED = 128;

  private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();
  private volatile int exitCode;

  StopSignal(Consumer<String> say) {
    this("Stopping after this step, with a checkpoint. Once more ends at once.", say);
  }

  /** @param announcement what people are told at the first signal */
  StopSignal(String announcement, Consumer<String> say) {
    for (String name : new String[] {"INT", "TERM", "HUP"}) {
      try {
        Signal signal = new Signal(name);
        before.put(signal, Signal.handle(signal, s -> received(s, announcement, say)));
      } catch (IllegalArgumentException e) {
        // This platform has no such signal, or it was ignored from the start (nohup): leave it so.
        continue;
      }
    }
  }

  private void received(Signal signal, String announcement, Consumer<String> say) {
    int code = SIGNALLED + signal.getNumber();
    if (exitCode != 0) {
      Runtime.getRuntime().halt(code);
    }
    exitCode = code;
    say.accept(announcement);
  }

  /** Whether to stop. */
  @Override
  public boolean getAsBoolean() {
    return exitCode != 0;
  }

  /** What the program should return: 130 after Ctrl-C. */
  int exitCode() {
    return exitCode;
  }

  @Override
  public void close() {
    before.forEach(Signal::handle);
  }
}
