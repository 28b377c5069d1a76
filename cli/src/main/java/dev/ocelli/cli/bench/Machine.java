package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/** What the figures were measured on. */
final class Machine {
  private Machine() {}

  /**
   * A paragraph: processor, cores, what it has for bf16, system, and the versions of both sides.
   *
   * @param precision Ocelli's on this machine
   * @param peer versions of the Python side, by name
   */
  static String text(String precision, JsonNode peer) {
    List<String> packages = new ArrayList<>();
    for (String name : List.of("python", "torch", "transformers", "peft", "llama-cpp-python")) {
      if (peer.path(name).isTextual()) {
        packages.add(name + " " + peer.get(name).asText());
      }
    }
    return "Machine: " + hardware() + ". Ocelli: Java " + System.getProperty("java.version") + ", libtorch "
        + Tensor.class.getPackage().getImplementationVersion() + ", in " + precision + ", the faster of bf16 and fp32 here. The other one: "
        + String.join(", ", packages) + ", in " + peer.path("precision").asText() + ", the faster for it.";
  }

  private static String hardware() {
    Path cpu = Path.of("/proc/cpuinfo");
    String model = System.getProperty("os.arch");
    String units = "";
    try (Stream<String> lines = Files.exists(cpu) ? Files.lines(cpu) : Stream.of()) {
      for (String line : lines.filter(l -> l.startsWith("model name") || l.startsWith("flags")).limit(2).toList()) {
        String value = line.substring(line.indexOf(':') + 1).strip();
        if (line.startsWith("model name")) {
          model = value;
        } else {
          units = value.contains("amx_bf16") ? "bf16 native (AMX)" : value.contains("avx512_bf16") ? "bf16 native (AVX-512, no AMX)" : "no bf16 units";
        }
      }
    } catch (IOException e) {
      units = "";
    }
    return model + ", " + Runtime.getRuntime().availableProcessors() + " cores" + (units.isEmpty() ? "" : ", " + units) + ", "
        + System.getProperty("os.name");
  }
}
