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
  /** Of Python and its packages, by name; null for a package that isn't there. */
  JsonNode versions() {
    if (!Files.isRegularFile(script)) {
      throw UserError.of("There is no %s. Run ocelli bench from a checkout, or name the script by --peer.", script);
    }
    return run("versions");
  }

  JsonNode run(String what, String... options) {
    return run(script, what, options);
  }

  /** All photos of a folder described, in batches of the best of these sizes. */
  JsonNode folder(Path photos, int tokens, String... batches) {
    List<String> options = new ArrayList<>(List.of("--photos", photos.toString(), "--tokens", Integer.toString(tokens), "--batches"));
    options.addAll(List.of(batches));
    return run("folder", options.toArray(String[]::new));
  }

  /** llama.cpp on a file: {@code llama.py} beside the script. */
  JsonNode llama(Path gguf, int tokens) {
    return run(script.resolveSibling("llama.py"), gguf.toString(), "--tokens", Integer.toString(tokens));
  }

  /** A figure of what either side printed, with the type that it names. */
  static Comparison.Figure figure(JsonNode printed, String name) {
    return new Comparison.Figure(printed.get(name).asDouble(), printed.get("precision").asText());
  }

  private JsonNode run(Path file, String what, String... options) {
    List<String> command = new ArrayList<>(List.of(python.toString(), file.toString(), what));
    command.addAll(List.of(options));
    return Child.other(command, Map.of("HF_HUB_OFFLINE", "1"), work.resolve("peer-" + Path.of(what).getFileName() + ".log")).json();
  }
}
