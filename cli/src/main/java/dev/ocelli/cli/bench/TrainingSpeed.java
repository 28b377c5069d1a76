package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Speed of training by {@code ocelli train} itself, at the article's sizes: ViT-Base/16, a Q-Former of DistilBERT's size, SmolLM2-135M with
 * LoRA of rank 64. Weights of encoder and Q-Former are random, and every caption has equally many tokens.
 */
final class TrainingSpeed {
  /** More than stage 1 reads: each caption is cut at 32 tokens. */
  private static final int STAGE_1_WORDS = 40;

  /** With the token that ends an answer, 24. */
  private static final int STAGE_2_WORDS = 23;

  /** These prompts and their frame are 32 tokens, as {@code peer.py} has them. */
  private static final String SYSTEM = "You are a helpful assistant.";

  private static final String USER = "What do you see in this image of a big dog?";

  private final Path work;

  TrainingSpeed(Path work) {
    this.work = work;
  }

  /** Stage 1 with features kept, or with the store being built in the first and only pass. */
  Figures stage1(int batch, boolean cold, int repeat) throws IOException {
    Path data = BenchData.write(work.resolve("data-stage1"), STAGE_1_WORDS);
    Path run = work.resolve("stage1-" + batch + (cold ? "-cold-" : "-") + repeat);
    Path features = work.resolve(cold ? "features-cold-" + repeat : "features");
    int passes = cold ? 1 : Math.max(1, 20 * batch / BenchData.PHOTOS);
    Child child = train("qformer", data, run, features, List.of("stage1.batch=" + batch, "stage1.passes=" + passes));
    return figures(run, "qformer", batch, child);
  }

  /** Stage 2, four micro-batches of eight a step. */
  Figures stage2(int repeat) throws IOException {
    Path data = BenchData.write(work.resolve("data-stage2"), STAGE_2_WORDS);
    Path run = work.resolve("stage2-" + repeat);
    Path features = work.resolve("features");
    List<String> few = List.of("stage1.batch=" + BenchData.PHOTOS / 2, "stage1.micro_batch=16", "stage1.passes=1", "stage2.passes=2");
    train("qformer", data, run, features, few);
    return figures(run, "vlm", 32, train("vlm", data, run, features, few));
  }

  /** A run with both stages, for decoding: that of {@link #stage2}, trained where it is missing. */
  Path described() throws IOException {
    if (!Files.exists(work.resolve("stage2-0").resolve("vlm").resolve("projector.safetensors"))) {
      stage2(0);
    }
    return work.resolve("stage2-0");
  }

  private Child train(String stage, Path data, Path run, Path features, List<String> more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", stage, "--recipe", "article", "--data", data.toString(), "--out", run.toString(), "--features", features.toString()));
    List<String> settings =
        new ArrayList<>(
            List.of(
                "models.random=[vision,text]",
                "data.validation=0",
                "qformer.dropout=0",
                "stage2.prompt_per=batch",
                "stage2.system=[\"" + SYSTEM + "\"]",
                "stage2.user=[\"" + USER + "\"]",
                "generation.max_tokens=1"));
    settings.addAll(more);
    settings.forEach(s -> arguments.addAll(List.of("--set", s)));
    return Child.ocelli(arguments, run.resolveSibling(run.getFileName() + "-" + stage + ".log"));
  }

  /** Pairs a second by the median step; the first quarter of the steps warms up. */
  private static Figures figures(Path run, String stage, int pairs, Child child) throws IOException {
    List<Double> seconds = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      JsonNode row = new ObjectMapper().readTree(line);
      if (row.path("stage").asText().equals(stage) && row.has("seconds")) {
        seconds.add(row.get("seconds").asDouble());
      }
    }
    return new Figures(pairs / Spread.of(seconds.subList(seconds.size() / 4, seconds.size())).median(), child.seconds(), child.peakMib());
  }

  /**
   * @param pairsPerSecond of the training steps
   * @param seconds of the whole process
   */
  record Figures(double pairsPerSecond, double seconds, double peakMib) {}
}
