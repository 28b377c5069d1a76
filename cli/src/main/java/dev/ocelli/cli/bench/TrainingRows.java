package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.cli.bench.Comparison.Figure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The rows of training.
 *
 * @param folder for what processes say
 */
record TrainingRows(Table table, TrainingSpeed ours, Peer peer, Path folder) {
  /** 62 GFLOP a pair: forward through frozen and trained parts, backward by activations everywhere and by what is trained. */
  private static final double STAGE_2_FLOPS = 62e9;

  void stage1() throws IOException {
    for (int batch : new int[] {8, 32}) {
      String work = "stage 1, batch " + batch;
      Comparison plain = table.row(work, "Python peer", "pairs/s", false, batch == 8 ? 3 : 3.5);
      Comparison free = table.row(work, "peer, features free", "pairs/s", false, 1);
      Comparison cold = batch == 8 ? table.row("stage 1, first epoch, store being built", "Python peer", "pairs/s", false, 1.5) : null;
      Comparison memory = memory(work);
      for (int i = 0; i < table.repeats(); i++) {
        TrainingSpeed.Figures figures = ours.stage1(batch, false, i);
        JsonNode theirs = peer.run("stage1", "--batch", Integer.toString(batch));
        add(plain, figures.pairsPerSecond(), theirs, "pairs_per_s");
        add(free, figures.pairsPerSecond(), theirs, "pairs_per_s_features_free");
        add(memory, figures.peakMib(), theirs, "peak_mib");
        if (cold != null) {
          TrainingSpeed.Figures fresh = ours.stage1(batch, true, i);
          double steps = BenchData.PHOTOS / fresh.pairsPerSecond();
          add(cold, BenchData.PHOTOS / (fresh.featureSeconds() + steps), theirs, "pairs_per_s");
        }
        table.say(plain, i);
      }
    }
  }

  void stage2() throws IOException {
    String work = "stage 2, batch 8 x 4";
    Comparison plain = table.row(work, "Python peer", "pairs/s", false, 3);
    Comparison free = table.row(work, "peer, features free", "pairs/s", false, 1);
    Comparison memory = memory(work);
    List<Double> share = new ArrayList<>();
    for (int i = 0; i < table.repeats(); i++) {
      TrainingSpeed.Figures figures = ours.stage2(i);
      JsonNode theirs = peer.run("stage2", "--steps", "3", "--warmup", "1");
      add(plain, figures.pairsPerSecond(), theirs, "pairs_per_s");
      add(free, figures.pairsPerSecond(), theirs, "pairs_per_s_features_free");
      add(memory, figures.peakMib(), theirs, "peak_mib");
      double best = Math.max(tflops(peer.run("gemm")), tflops(Child.ocelli(List.of("bench", "--gemm"), folder.resolve("gemm.log")).json()));
      share.add(100 * figures.pairsPerSecond() * STAGE_2_FLOPS / 1e12 / best);
      table.say(plain, i);
    }
    table.note(
        String.format(
            Locale.ROOT, "Part of the peak of products in %s, the higher of both sides', that stage 2 uses: %s%% (wanted: 30%%).",
            ours.precision(), Spread.of(share).text()));
  }

  private static double tflops(JsonNode measured) {
    return measured.get("tflops").asDouble();
  }

  private Comparison memory(String work) {
    return table.row(work + ", peak memory", "Python peer", "MiB", true, 1);
  }

  private void add(Comparison row, double figure, JsonNode theirs, String name) {
    row.add(new Figure(figure, ours.precision()), Peer.figure(theirs, name));
  }
}
