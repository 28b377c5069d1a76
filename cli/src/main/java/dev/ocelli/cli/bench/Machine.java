package dev.ocelli.cli.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What the figures were measured on. */
final class Machine {
  private Machine() {}

  /** One line: processor, cores, what it has for bf16, system. */
  static String text() {
    Path cpu = Path.of("/proc/cpuinfo");
    String model = System.getProperty("os.arch");
    String units = "";
    try (Stream<String> lines = Files.exists(cpu) ? Files.lines(cpu) : Stream.of()) {
      for (String line : lines.filter(l -> l.startsWith("model name") || l.startsWith("flags")).limit(2).toList()) {
        String value = line.substring(line.indexOf(':') + 1).strip();
        if (line.startsWith("model name")) {
          model = value;
        } else {
          units = value.contains("amx_bf16") ? ", AMX" : value.contains("avx512_bf16") ? ", AVX-512 with bf16, no AMX" : ", no bf16 units";
        }
      }
    } catch (IOException e) {
      units = "";
    }
    return model + ", " + Runtime.getRuntime().availableProcessors() + " cores" + units + "; " + System.getProperty("os.name") + ", Java "
        + System.getProperty("java.version");
  }
}
