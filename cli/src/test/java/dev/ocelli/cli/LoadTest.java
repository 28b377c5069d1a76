package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ocelli.testing.Drawings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code ocelli serve} under load, on loopback: one client, then many, then ten times as many with a signal to stop in the middle. The
 * figures go to {@code target/load.txt}. {@code -Docelli.load.run=RUN} names a run to serve (without it one is trained on drawings, with the
 * starter weights), {@code -Docelli.load.seconds} the length, 300 by default.
 */
@Tag("long")
class LoadTest {
  private static final Path REPOSITORY = Path.of("").toAbsolutePath().getParent();
  private static final int SECONDS = Integer.getInteger("ocelli.load.seconds", 300);
  private static final int CLIENTS = 64;
  private static final Pattern SERVING = Pattern.compile("Serving .* on (http\\S+)\\. ");

  @TempDir static Path folder;

  private final List<String> report = new ArrayList<>();

  /** A server as a user starts it. */
  private record Served(Process process, String address) {}

  private static ProcessBuilder launcher(String... arguments) {
    List<String> command = new ArrayList<>(List.of(REPOSITORY.resolve("ocelli").toString()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).directory(folder.toFile());
  }

  private static Path run() throws Exception {
    if (System.getProperty("ocelli.load.run") != null) {
      return Path.of(System.getProperty("ocelli.load.run")).toAbsolutePath();
    }
    Process trained =
        launcher(
                "train", "--data", "data", "--out", "run", "--set", "data.test=0.25", "--set", "data.validation=0.15", "--set", "stage1.passes=1",
                "--set", "stage1.batch=8", "--set", "stage1.warmup=1", "--set", "stage2.passes=1", "--set", "stage2.batch=4", "--set",
                "stage2.warmup=1")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("train.log").toFile())
            .start();
    assertThat(trained.waitFor()).as(Files.readString(folder.resolve("train.log"))).isZero();
    return folder.resolve("run");
  }

  private static Served serve(Path run) throws IOException {
    Process process = launcher("serve", "--run", run.toString(), "--port", "0").redirectOutput(folder.resolve("serve.log").toFile()).start();
    BufferedReader said = new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    StringBuilder all = new StringBuilder();
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      Matcher serving = SERVING.matcher(line);
      if (serving.find()) {
        // What comes later must be read, or the server would stop at a full pipe.
        CompletableFuture.runAsync(() -> said.lines().forEach(more -> {}), task -> new Thread(task).start());
        return new Served(process, serving.group(1));
      }
      all.append(line).append('\n');
    }
    throw new AssertionError("It doesn't serve:\n" + all);
  }

  /** Resident megabytes. */
  private static long memory(Process process) {
    try {
      return Files.readAllLines(Path.of("/proc", String.valueOf(process.pid()), "status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }

  private void say(String line) throws IOException {
    report.add(line);
    System.out.println(line);
    Files.write(Path.of("target/load.txt"), report);
  }

  @Test
  void manyClients() throws Exception {
    Drawings.write(folder.resolve("data"), 24);
    Served served = serve(run());
    try {
      Load load = new Load(served.address, folder.resolve("data/images"));
      load.run(8, 5);
      Load.Result one = load.run(1, Math.max(10, SECONDS / 5));
      say("one client: " + one);

      List<Long> memory = new ArrayList<>();
      Thread watch = watch(served.process, memory);
      Load.Result many = load.run(CLIENTS, SECONDS);
      watch.interrupt();
      watch.join();
      say(CLIENTS + " clients: " + many);
      say(String.format("%.2f times the answers of one client", many.answersPerSecond() / one.answersPerSecond()));
      long half = memory.get(memory.size() / 2);
      long end = memory.get(memory.size() - 1);
      say("resident memory: " + half + " MB in the middle, " + end + " MB at the end");
      // On a slow machine so many can't all be answered in their time: some are sent away at once and told when to come again.
      assertThat(many.statuses()).as("nothing lost").containsKey(200);
      assertThat(many.statuses().keySet()).as("nothing lost").isSubsetOf(200, 429);
      assertThat(end).as("memory is flat").isLessThan(half + half / 20 + 50);

      CompletableFuture<Load.Result> overload = CompletableFuture.supplyAsync(() -> tenfold(load), task -> new Thread(task).start());
      TimeUnit.SECONDS.sleep(Math.max(10, SECONDS / 2));
      // Less a second: a connection that the system has taken and the server has not is nobody's loss.
      long before = System.nanoTime() - 1_000_000_000L;
      served.process.destroy();
      long signalled = System.nanoTime();
      assertThat(served.process.waitFor(60, TimeUnit.SECONDS)).as("it ends").isTrue();
      say(String.format("stopped %.1f s after the signal, with code %d", (System.nanoTime() - signalled) / 1e9, served.process.exitValue()));
      Load.Result sent = overload.get();
      say(10 * CLIENTS + " clients, stopped in the middle: " + sent);
      assertThat(served.process.exitValue()).isZero();
      assertThat(sent.statuses()).as("whoever was let in got a whole answer").containsKeys(200, 429).doesNotContainKey(Load.CUT);
      assertThat(sent.statuses().keySet()).isSubsetOf(200, 429, 503, 504, Load.NO_CONNECTION);
      assertThat(sent.outcomes()).as("no connection only for those who came later").noneMatch(o -> o.status() == Load.NO_CONNECTION && o.begun() < before);
    } finally {
      served.process.destroyForcibly();
    }
  }

  private static Load.Result tenfold(Load load) {
    try {
      return load.run(10 * CLIENTS, Math.max(15, SECONDS / 2 + 5));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Thread watch(Process process, List<Long> memory) {
    Thread thread =
        new Thread(
            () -> {
              try {
                while (true) {
                  memory.add(memory(process));
                  Thread.sleep(1000);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    thread.start();
    return thread;
  }
}
