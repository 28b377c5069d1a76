package dev.ocelli.cli.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.train.RunFolder;
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

  private static final int FEW = 8;

  private final Path work;
  private final String precision;

  /** @param precision of all runs, so that no child chooses another */
  TrainingSpeed(Path work, String precision) {
    this.work = work;
    this.precision = precision;
  }

  String precision() {
    return precision;
  }

  /** Stage 1 with features kept, or with the store being built in the first and only pass. */
  Figures stage1(int batch, boolean cold, int repeat) throws IOException {
    Path data = BenchData.write(work.resolve("data-stage1"), STAGE_1_WORDS);
    Path run = work.resolve("stage1-" + batch + (cold ? "-cold-" : "-") + repeat);
    Path features = work.resolve(cold ? "features-cold-" + repeat : "features");
    int passes = cold ? 1 : Math.max(1, 20 * batch / BenchData.PHOTOS);
    Child child = train("qformer", data, run, features, List.of("stage1.batch=" + batch, "stage1.passes=" + passes));
    if (cold) {
      RunFolder.deleteTree(features);
    }
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

  /** A run with both stages for answering. Its encoder is DINOv2-small. It has learnt from a few pictures, as speed doesn't depend on it. */
  Path answering() throws IOException {
    Path run = work.resolve("answering");
    if (!Files.exists(run.resolve("vlm").resolve("projector.safetensors"))) {
      Path data = BenchData.write(work.resolve("data-answering"), STAGE_2_WORDS, FEW);
      List<String> few =
          List.of(
              "models.vision=facebook/dinov2-small", "stage1.batch=" + FEW, "stage1.passes=1", "stage2.batch=" + FEW, "stage2.accumulate=1",
              "stage2.passes=1");
      train("qformer", data, run, work.resolve("features"), few);
      train("vlm", data, run, work.resolve("features"), few);
    }
    return run;
  }

  private Child train(String stage, Path data, Path run, Path features, List<String> more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", stage, "--recipe", "article", "--data", data.toString(), "--out", run.toString(), "--features", features.toString()));
    List<String> settings =
        new ArrayList<>(
            List.of(
                "models.random=[vision,text]",
                "precision=" + precision,
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

  /** Pairs a second by the median step; the first quarter of the steps warms up. Nothing else needs the run, which is gigabytes: it goes. */
  private static Figures figures(Path run, String stage, int pairs, Child child) throws IOException {
    List<Double> seconds = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      JsonNode row = new ObjectMapper().readTree(line);
      if (row.path("stage").asText().equals(stage) && row.has("seconds")) {
        seconds.add(row.get("seconds").asDouble());
      }
    }
    double features = new ObjectMapper().readTree(run.resolve("run.json").toFile()).requiredAt("/features/seconds_of_last_call").asDouble();
    RunFolder.deleteTree(run);
    return new Figures(pairs / Spread.of(seconds.subList(seconds.size() / 4, seconds.size())).median(), features, child.peakMib());
  }

  /**
   * @param pairsPerSecond of the training steps
   * @param featureSeconds of computing features before them, or of finding them kept
   */
  record Figures(double pairsPerSecond, double featureSeconds, double peakMib) {}
}
