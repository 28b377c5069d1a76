package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The same work in Python: {@code bench/peer.py}.
 *
 * @param python an interpreter with {@code bench/requirements.txt}
 * @param script {@code bench/peer.py}
 * @param work folder for what it says
 */
record Peer(Path python, Path script, Path work) {
  void check() {
    if (!Files.isRegularFile(script)) {
      throw UserError.of("There is no %s. Run ocelli bench from a checkout, or name the script by --peer.", script);
    }
    Child.run(List.of(python.toString(), "-c", "import torch, transformers, peft"), Map.of(), work.resolve("peer-check.log"));
  }

  JsonNode run(String what, String... options) {
    List<String> command = new ArrayList<>(List.of(python.toString(), script.toString(), what));
    command.addAll(List.of(options));
    // Some machines set a kernel for NumPy's BLAS that is slow for torch, too.
    return Child.run(command, Map.of("HF_HUB_OFFLINE", "1"), work.resolve("peer-" + what + ".log")).json();
  }
}
