package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import dev.ocelli.nn.Compute;
import dev.ocelli.train.DecodingWeights;
import dev.ocelli.weights.Pull;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
      "Example:",
      "  python3 -m venv venv && venv/bin/pip install -r bench/requirements.txt",
      "  ocelli bench --python venv/bin/python --out docs/benchmarks.md"
    })
public final class BenchCommand implements Callable<Integer> {
  /** 62 GFLOP a pair: forward through frozen and trained parts, backward by activations everywhere and by what is trained. */
  private static final double STAGE_2_FLOPS = 62e9;

  /** What can be measured apart. */
  enum Part {
    STAGE1,
    STAGE2,
    DECODING
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

  /** @param pull finds the weights of a run */
  public BenchCommand(PrintStream out, PrintStream err, Supplier<Pull> pull) {
    this.out = out;
    this.err = err;
    this.pull = pull;
  }

  @Override
  public Integer call() throws IOException {
    if (gemm) {
      out.println("{\"tflops\": " + Gemm.teraflops() + "}");
      return 0;
    }
    if (decode != null) {
      out.println(DecodingSpeed.measure(decode, weights, pull.get()));
      return 0;
    }
    if (python == null) {
      throw new UserError("Name a Python with bench/requirements.txt: --python venv/bin/python.");
    }
    Path folder = work.resolve("run-" + ProcessHandle.current().pid()).toAbsolutePath();
    Peer peer = new Peer(python.toAbsolutePath(), script.toAbsolutePath(), folder);
    peer.check();
    String table = measure(new TrainingSpeed(folder), peer, folder);
    if (file == null) {
      out.print(table);
    } else {
      AtomicFile.write(file, table);
      err.println("Wrote " + file);
    }
    return 0;
  }

  private String measure(TrainingSpeed ours, Peer peer, Path folder) throws IOException {
    List<Comparison> rows = new ArrayList<>();
    List<Double> share = new ArrayList<>();
    if (only.contains(Part.STAGE1)) {
      stage1(rows, ours, peer);
    }
    if (only.contains(Part.STAGE2)) {
      stage2(rows, share, ours, peer, folder);
    }
    if (only.contains(Part.DECODING)) {
      decoding(rows, ours, peer, folder);
    }
    return text(rows, share);
  }

  private void stage1(List<Comparison> rows, TrainingSpeed ours, Peer peer) throws IOException {
    for (int batch : new int[] {8, 32}) {
      Comparison plain = row(rows, "stage 1, batch " + batch, "Python peer", batch == 8 ? 3 : 3.5);
      Comparison free = row(rows, "stage 1, batch " + batch, "peer, features free", 1);
      Comparison cold = batch == 8 ? row(rows, "stage 1, first epoch, store being built", "Python peer", 1.5) : null;
      Comparison memory = memory(rows, "stage 1, batch " + batch);
      for (int i = 0; i < repeats; i++) {
        TrainingSpeed.Figures figures = ours.stage1(batch, false, i);
        JsonNode theirs = peer.run("stage1", "--batch", Integer.toString(batch));
        plain.add(figures.pairsPerSecond(), theirs.get("pairs_per_s").asDouble());
        free.add(figures.pairsPerSecond(), theirs.get("pairs_per_s_features_free").asDouble());
        memory.add(figures.peakMib(), theirs.get("peak_mib").asDouble());
        if (cold != null) {
          TrainingSpeed.Figures fresh = ours.stage1(batch, true, i);
          // What the same process takes longer than with kept features is their computing.
          double building = Math.max(0, fresh.seconds() - figures.seconds());
          cold.add(BenchData.PHOTOS / (BenchData.PHOTOS / fresh.pairsPerSecond() + building), theirs.get("pairs_per_s").asDouble());
        }
        say(plain, i);
      }
    }
  }

  private void stage2(List<Comparison> rows, List<Double> share, TrainingSpeed ours, Peer peer, Path folder) throws IOException {
    Comparison plain = row(rows, "stage 2, batch 8 x 4", "Python peer", 3);
    Comparison free = row(rows, "stage 2, batch 8 x 4", "peer, features free", 1);
    Comparison memory = memory(rows, "stage 2, batch 8 x 4");
    for (int i = 0; i < repeats; i++) {
      TrainingSpeed.Figures figures = ours.stage2(i);
      JsonNode theirs = peer.run("stage2", "--steps", "3", "--warmup", "1");
      plain.add(figures.pairsPerSecond(), theirs.get("pairs_per_s").asDouble());
      free.add(figures.pairsPerSecond(), theirs.get("pairs_per_s_features_free").asDouble());
      memory.add(figures.peakMib(), theirs.get("peak_mib").asDouble());
      double peak = Math.max(peer.run("gemm").get("tflops").asDouble(), Child.ocelli(List.of("bench", "--gemm"), folder.resolve("gemm.log")).json().get("tflops").asDouble());
      share.add(100 * figures.pairsPerSecond() * STAGE_2_FLOPS / 1e12 / peak);
      say(plain, i);
    }
  }

  private void decoding(List<Comparison> rows, TrainingSpeed ours, Peer peer, Path folder) throws IOException {
    Path run = ours.described();
    Map<DecodingWeights, Comparison> first = new EnumMap<>(DecodingWeights.class);
    Map<DecodingWeights, Comparison> rates = new EnumMap<>(DecodingWeights.class);
    for (DecodingWeights each : DecodingWeights.values()) {
      String as = each == DecodingWeights.BF16 ? "" : ", " + each + " weights";
      first.put(each, row(rows, "one caption, first token" + as, "ms", true, 2));
      rates.put(each, row(rows, "one caption, decoding" + as, "tokens/s", false, 3));
    }
    for (int i = 0; i < repeats; i++) {
      JsonNode theirs = peer.run("decode");
      for (DecodingWeights each : DecodingWeights.values()) {
        JsonNode figures = DecodingSpeed.of(run, each, folder);
        first.get(each).add(figures.get("first_ms").asDouble(), theirs.get("first_ms").asDouble());
        rates.get(each).add(figures.get("tokens_per_s").asDouble(), theirs.get("tokens_per_s").asDouble());
        say(rates.get(each), i);
      }
    }
  }

  private static Comparison row(List<Comparison> rows, String work, String unit, boolean lessIsBetter, double wanted) {
    rows.add(new Comparison(work, "Python peer", unit, lessIsBetter, wanted));
    return rows.get(rows.size() - 1);
  }

  private String text(List<Comparison> rows, List<Double> share) {
    StringBuilder text = new StringBuilder("# Benchmarks\n\nMade by `ocelli bench`, each figure the median of " + repeats
        + " turns with its range, Ocelli and the other one in turn.\n\nMachine: " + Machine.text() + ". Ocelli computes in "
        + Compute.of("auto", "cpu").precision() + " here, the peer in the faster of both, too.\n\n" + Comparison.HEADING);
    rows.forEach(r -> text.append(r.row()));
    if (!share.isEmpty()) {
      text.append(String.format(Locale.ROOT, "%nPart of the measured product's peak used in stage 2: %s%% (wanted: 30%%).%n", Spread.of(share).text()));
    }
    return text.toString();
  }

  private static Comparison row(List<Comparison> rows, String work, String against, double wanted) {
    rows.add(new Comparison(work, against, "pairs/s", false, wanted));
    return rows.get(rows.size() - 1);
  }

  private static Comparison memory(List<Comparison> rows, String work) {
    rows.add(new Comparison(work + ", peak memory", "Python peer", "MiB", true, 1));
    return rows.get(rows.size() - 1);
  }

  private void say(Comparison row, int turn) {
    err.printf(Locale.ROOT, "%s, turn %d of %d: %.1f and %.1f %s%n", row.work(), turn + 1, repeats, row.ours().get(turn), row.theirs().get(turn), row.unit());
  }
}
