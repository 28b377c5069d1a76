package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.UserError;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A process that did its work.
 *
 * @param output what it printed, without its errors
 * @param peakMib memory that it held at most; NaN where the system doesn't say
 */
record Child(String output, double peakMib) {
  private static final String OCELLI = "dev.ocelli.cli.Ocelli";

  /** What {@code ./ocelli} sets for itself: how threads wait, how memory is kept. */
  static final Set<String> LAUNCHER =
      Set.of(
          "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_",
          "GLIBC_TUNABLES");

  /** Another program, as it runs without Ocelli's launcher. */
  static Child other(List<String> command, Map<String, String> environment, Path errors) {
    return run(command, own -> {
      own.keySet().removeAll(LAUNCHER);
      own.putAll(environment);
    }, errors);
  }

  /** Runs a command to its end. What it says on the way goes into a file, whose end is shown where it fails. */
  private static Child run(List<String> command, Consumer<Map<String, String>> environment, Path errors) {
    try {
      Files.createDirectories(errors.getParent());
      Path output = errors.resolveSibling(errors.getFileName() + ".out");
      ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(output.toFile()).redirectError(errors.toFile());
      environment.accept(builder.environment());
      Process process = builder.start();
      double peak = Double.NaN;
      try {
        while (!process.waitFor(50, TimeUnit.MILLISECONDS)) {
          peak = peakMib(process, peak);
        }
      } catch (InterruptedException e) {
        process.destroy();
        throw new UserError("The benchmark was stopped.");
      }
      if (process.exitValue() != 0) {
        throw UserError.of("%s ended with code %d: %s", told(command), process.exitValue(), end(errors));
      }
      return new Child(Files.readString(output), peak);
    } catch (IOException e) {
      throw new UserError("Can't run " + command.get(0) + ": " + e.getMessage(), e);
    }
  }

  /** Ocelli itself, in a JVM like this one. */
  static Child ocelli(List<String> arguments, Path errors) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), OCELLI));
    command.addAll(arguments);
    return run(command, same -> {}, errors);
  }

  /** The last line of the output, which is JSON. */
  JsonNode json() {
    List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
    try {
      return new ObjectMapper().readTree(lines.get(lines.size() - 1));
    } catch (IOException | IndexOutOfBoundsException e) {
      throw new UserError("A process of the benchmark did not end with a line of JSON: " + output, e);
    }
  }

  /** A command without its class path, which fills a page. */
  private static String told(List<String> command) {
    int main = command.indexOf(OCELLI);
    return main < 0 ? String.join(" ", command) : "ocelli " + String.join(" ", command.subList(main + 1, command.size()));
  }

  private static double peakMib(Process process, double before) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status"), StandardCharsets.UTF_8)) {
        if (line.startsWith("VmHWM:")) {
          return Double.parseDouble(line.replaceAll("\\D", "")) / 1024;
        }
      }
    } catch (IOException gone) {
      // It has just ended, or this is no Linux: the last figure stands.
      return before;
    }
    return before;
  }

  private static String end(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    return String.join(" | ", lines.subList(Math.max(0, lines.size() - 4), lines.size()));
  }
}
