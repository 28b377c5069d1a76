package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.nn.Compute;
import dev.ocelli.train.DecodingWeights;
import dev.ocelli.train.RunFolder;
import dev.ocelli.weights.Pull;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ocelli bench}. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = {
      "Measures Ocelli beside the same work in Python (bench/peer.py), turn by turn, and writes a table.",
      "Each figure comes from a process of its own. Let nothing else run meanwhile."
    },
    footer = {
      "",
      "Examples:",
      "  python3 -m venv venv && venv/bin/pip install -r bench/requirements.txt",
      "  ocelli bench --python venv/bin/python --out docs/benchmarks.md",
      "  ocelli bench --python venv/bin/python --only decoding,folder --repeats 1",
      "",
      "Where the venv has llama-cpp-python, decoding is measured beside llama.cpp, too."
    })
public final class BenchCommand implements Callable<Integer> {
  /** The starter language model, whose package is a GGUF file. */
  private static final String LANGUAGE = "HuggingFaceTB/SmolLM2-135M-Instruct";

  private static final int DECODED_TOKENS = 64;
  private static final int CAPTION_TOKENS = 24;

  /** What can be measured apart. */
  enum Part {
    STAGE1,
    STAGE2,
    DECODING,
    FOLDER;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final PrintStream out;
  private final PrintStream err;
  private final Supplier<Pull> pull;

  @Option(names = "--python", paramLabel = "PYTHON", description = "An interpreter with bench/requirements.txt.")
  private Path python;

  @Option(names = "--peer", paramLabel = "FILE", defaultValue = "bench/peer.py", description = "The Python side (default: bench/peer.py).")
  private Path script;

  @Option(names = "--repeats", paramLabel = "N", defaultValue = "5", description = "Turns of each (default: 5).")
  private int repeats;

  @Option(names = "--work", paramLabel = "DIR", defaultValue = "target/bench", description = "Folder for runs (default: target/bench).")
  private Path work;

  @Option(names = "--out", paramLabel = "FILE", description = "Write the table there instead of to standard output.")
  private Path file;

  @Option(names = "--only", paramLabel = "PART", split = ",", description = "Some of ${COMPLETION-CANDIDATES} (default: all).")
  private Set<Part> only = EnumSet.allOf(Part.class);

  @Option(names = "--gemm", hidden = true, description = "Only this machine's best product by libtorch, as JSON.")
  private boolean gemm;

  @Option(names = "--decode", hidden = true, description = "Only the speed of this run's answers, as JSON.")
  private Path decode;

  @Option(names = "--weights", hidden = true, defaultValue = "BF16", description = "For --decode.")
  private DecodingWeights weights;

  @Option(names = "--caption", hidden = true, description = "Only the speed of this run with a folder of photos, as JSON.")
  private Path caption;

  @Option(names = "--photos", hidden = true, description = "For --caption.")
  private Path photos;

  @Option(names = "--tokens", hidden = true, description = "Of each answer, to try things out.")
  private Integer tokens;

  @Option(names = "--photo-count", hidden = true, defaultValue = "64", description = "Of the folder, to try things out.")
  private int photoCount;

  /** @param pull finds the weights of a run */
  public BenchCommand(PrintStream out, PrintStream err, Supplier<Pull> pull) {
    this.out = out;
    this.err = err;
    this.pull = pull;
  }

  @Override
  public Integer call() throws IOException {
    if (tokens != null && tokens < 2) {
      throw new UserError("An answer of the benchmark needs two tokens: --tokens 2 or more.");
    }
    if (gemm) {
      out.println("{\"tflops\": " + Gemm.teraflops() + "}");
    } else if (decode != null) {
      out.println(DecodingSpeed.measure(decode, weights, tokens(DECODED_TOKENS), pull.get()));
    } else if (caption != null) {
      out.println(FolderSpeed.measure(caption, photos, tokens(CAPTION_TOKENS), pull.get()));
    } else {
      compare();
    }
    return 0;
  }

  private int tokens(int otherwise) {
    return tokens == null ? otherwise : tokens;
  }

  private void compare() throws IOException {
    if (python == null) {
      throw new UserError("Name a Python with bench/requirements.txt: --python venv/bin/python.");
    }
    if (repeats < 1) {
      throw new UserError("A benchmark needs a turn: --repeats 1 or more.");
    }
    Path folder = work.resolve("run-" + ProcessHandle.current().pid()).toAbsolutePath();
    Peer peer = new Peer(python.toAbsolutePath(), script.toAbsolutePath(), folder);
    JsonNode versions = peer.versions();
    String precision = Compute.of("auto", "cpu").precision();
    Table table = new Table(repeats, err);
    try {
      measure(table, new TrainingSpeed(folder, precision), peer, versions, folder);
    } catch (UserError e) {
      // An hour's figures aren't lost by what comes after them, and don't take the place of a whole table.
      err.print(table.text(Machine.text(precision, versions)));
      throw e;
    }
    RunFolder.deleteTree(folder);
    String text = table.text(Machine.text(precision, versions));
    if (file == null) {
      out.print(text);
    } else {
      AtomicFile.write(file, text);
      err.println("Wrote " + file);
    }
  }

  private void measure(Table table, TrainingSpeed ours, Peer peer, JsonNode versions, Path folder) throws IOException {
    TrainingRows training = new TrainingRows(table, ours, peer, folder);
    if (only.contains(Part.STAGE1)) {
      training.stage1();
    }
    if (only.contains(Part.STAGE2)) {
      training.stage2();
    }
    if (only.contains(Part.DECODING)) {
      new AnsweringRows(table, ours.answering(), peer, tokens(DECODED_TOKENS), folder).decoding(gguf(table, versions));
    }
    if (only.contains(Part.FOLDER)) {
      new AnsweringRows(table, ours.answering(), peer, tokens(CAPTION_TOKENS), folder).folder(photoCount);
    }
  }

  /** The file that llama.cpp is measured on; null, with a note, where it can't be. */
  private Path gguf(Table table, JsonNode versions) {
    if (!versions.path("llama-cpp-python").isTextual()) {
      table.note("llama.cpp was left out: no llama-cpp-python in this venv.");
      return null;
    }
    Path weights = pull.get().pull(LANGUAGE, Progress.NONE).weights();
    if (!weights.toString().endsWith(".gguf")) {
      table.note("llama.cpp was left out: " + LANGUAGE + " is no GGUF file here.");
      return null;
    }
    return weights;
  }
}
