package dev.ocelli.wordpress;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Starts programs, and ends them with all that they have started. */
final class Processes {
  private static final int SECONDS = 300;

  record Ended(int code, String out, String err) {
    /** What was printed, of a program that must not fail. */
    String printed() {
      if (code != 0) {
        throw new AssertionError("Exit code " + code + ": " + out + "\n" + err);
      }
      return out;
    }
  }

  private Processes() {}

  /** Runs a program to its end. */
  static Ended run(String input, List<String> command) {
    try {
      Path out = Files.createTempFile("ocelli", ".out");
      Path err = Files.createTempFile("ocelli", ".err");
      Path in = Files.createTempFile("ocelli", ".in");
      Files.writeString(in, input);
      Process process =
          new ProcessBuilder(command).redirectInput(in.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        end(process);
        throw new AssertionError("Not done in " + SECONDS + " s: " + command + "\n" + Files.readString(err));
      }
      Ended ended =
          new Ended(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
      for (Path file : List.of(in, out, err)) {
        Files.delete(file);
      }
      return ended;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static Ended run(String... command) {
    return run("", List.of(command));
  }

  /** Starts a program that runs until the tests end; its output goes to {@code log}. */
  static Process start(Path log, ProcessBuilder builder) {
    try {
      Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> end(process)));
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void end(Process process) {
    List<ProcessHandle> all = process.descendants().toList();
    process.destroy();
    all.forEach(ProcessHandle::destroy);
    try {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for something that must come. */
  static void await(String what, BooleanSupplier come) {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!come.getAsBoolean()) {
      if (System.nanoTime() > until) {
        throw new AssertionError("Never came: " + what);
      }
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
