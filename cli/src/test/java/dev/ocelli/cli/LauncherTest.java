package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.testing.Drawings;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The program as a user starts it, with the real starter weights: drawings in, a trained model out, and Python reading it. */
@Tag("system")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LauncherTest {
  private static final Path REPOSITORY = Path.of("").toAbsolutePath().getParent();
  private static final int MINUTES = 15;

  @TempDir static Path folder;

  private record Ended(int code, String out, String err) {}

  @BeforeAll
  static void draw() {
    assumeTrue(File.separatorChar == '/', "the launcher is a shell script");
    Drawings.write(folder.resolve("data"), 24);
  }

  private static ProcessBuilder launcher(String... arguments) {
    List<String> command = new ArrayList<>(List.of(REPOSITORY.resolve("ocelli").toString()));
    command.addAll(Arrays.asList(arguments));
    return new ProcessBuilder(command).directory(folder.toFile());
  }

  private static Ended ended(ProcessBuilder builder) throws IOException, InterruptedException {
    Path out = Files.createTempFile(folder, "out", "");
    Path err = Files.createTempFile(folder, "err", "");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError("Not done after " + MINUTES + " minutes: " + builder.command() + "\n" + Files.readString(err));
    }
    return new Ended(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
  }

  private static Ended call(String... arguments) throws IOException, InterruptedException {
    return ended(launcher(arguments));
  }

  private static JsonNode json(Ended ended) throws IOException {
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.out()).hasLineCount(1);
    return new ObjectMapper().readTree(ended.out());
  }

  private static String[] train(String run, String... more) {
    List<String> arguments = new ArrayList<>(List.of("train", "--json", "--data", "data", "--out", run, "--features", "features"));
    for (String figure :
        List.of(
            "data.test=0.25", "data.validation=0.15", "stage1.passes=3", "stage1.batch=8", "stage1.warmup=1", "stage1.evaluate=1",
            "stage2.passes=1", "stage2.batch=4", "stage2.warmup=1", "generation.max_tokens=8",
            // With these a model of so few steps says something at all.
            "qformer.apart=false", "stage1.similarity=best")) {
      arguments.addAll(List.of("--set", figure));
    }
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  @Test
  @Order(1)
  void aKilledRunGoesOn() throws Exception {
    Path metrics = folder.resolve("run/metrics.jsonl");
    Process first = launcher(train("run")).redirectErrorStream(true).redirectOutput(folder.resolve("killed").toFile()).start();
    long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES);
    while (first.isAlive() && System.nanoTime() < until && !(Files.exists(metrics) && Files.size(metrics) > 0)) {
      Thread.sleep(100);
    }
    assertThat(metrics).as(Files.readString(folder.resolve("killed"))).isNotEmptyFile();
    first.destroyForcibly().waitFor();
    assertThat(first.exitValue()).isEqualTo(137);
    Ended second = call(train("run"));
    // By where the kill met it: behind its first evaluation, or before.
    assertThat(second.err()).containsAnyOf("Going on with the run in run", "The run in run had learnt nothing yet");
    JsonNode summary = json(second);
    assertThat(summary.at("/retrieval/images").asInt()).isEqualTo(6);
    assertThat(summary.at("/grounding/loss_own").asDouble()).isBetween(0.0, 10.0);
    for (String line : Files.readAllLines(metrics)) {
      assertThat(new ObjectMapper().readTree(line).has("stage")).isTrue();
    }
  }

  @Test
  @Order(2)
  void aFinishedRunIsNotOverwrittenUnasked() throws Exception {
    Ended again = call(train("run"));
    assertThat(again.code()).isEqualTo(1);
    assertThat(again.out()).isEmpty();
    assertThat(again.err()).contains("finished").contains("--overwrite");
  }

  @Test
  @Order(3)
  void everyCommandAnswers() throws Exception {
    JsonNode caption = json(call("caption", "--json", "--run", "run", "data/images/drawing-00.png"));
    assertThat(caption.get("image").asText()).isEqualTo("data/images/drawing-00.png");
    assertThat(caption.get("text").asText()).isNotBlank();
    Ended answer = call("ask", "--run", "run", "data/images/drawing-01.png", "What colour is it?");
    assertThat(answer.code()).isZero();
    assertThat(answer.out()).isNotBlank();
    for (String what : List.of("retrieval", "grounding", "captions")) {
      json(call("eval", what, "--json", "--run", "run", "--data", "data", "--features", "features"));
    }
    assertThat(json(call("features", "--json", "--model", "facebook/dinov2-small", "data/images/drawing-00.png", "--out", "seen"))
            .get("shape").toString())
        .isEqualTo("[257,384]");
    String[] deep = {"features", "--json", "--layers", "4", "--model", "facebook/dinov2-small", "data/images/drawing-00.png", "--out", "deep"};
    assertThat(json(call(deep)).get("shape").toString())
        .isEqualTo("[257,1536]");
  }

  @Test
  @Order(4)
  void mistakesHaveTheirExitCodes() throws Exception {
    assertThat(call("--help").code()).isZero();
    assertThat(call("train", "--dta", "data").code()).isEqualTo(2);
    assertThat(call("caption", "--run", "data", "data/images/drawing-00.png").code()).isEqualTo(1);
    assertThat(call("caption", "--run", "run", "gone.jpg").err()).contains("gone.jpg");
  }

  @Test
  @Order(5)
  void itStartsThroughALinkAndInTheLocaleC() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("link"), REPOSITORY.resolve("ocelli"));
    Path photo = Files.copy(folder.resolve("data/images/drawing-00.png"), folder.resolve("déjà vu.png"));
    ProcessBuilder builder =
        new ProcessBuilder(link.toString(), "features", "--model", "facebook/dinov2-small", photo.getFileName().toString(), "--out", "f");
    // The second one is named but not installed.
    for (String locale : List.of("C", "xx_XX.UTF-8")) {
      builder.directory(folder.toFile()).environment().put("LC_ALL", locale);
      Ended ended = ended(builder);
      assertThat(ended.code()).as(locale + ": " + ended.err()).isZero();
      Files.delete(folder.resolve("f"));
    }
  }

  @Test
  @Order(6)
  void pythonOpensEveryFile() throws Exception {
    assumeTrue(new ProcessBuilder("python3", "-c", "import venv, ensurepip").start().waitFor() == 0, "no python3 with venv");
    Path python = folder.resolve("venv/bin/python");
    Ended made = ended(new ProcessBuilder("python3", "-m", "venv", folder.resolve("venv").toString()));
    assertThat(made.code()).as(made.err()).isZero();
    Ended installed = ended(new ProcessBuilder(python.toString(), "-m", "pip", "install", "-q", "safetensors==0.6.2", "numpy==2.2.6"));
    assertThat(installed.code()).as(installed.err()).isZero();
    String script = REPOSITORY.resolve("tools/check_run.py").toString();
    Ended checked = ended(new ProcessBuilder(python.toString(), script, "run").directory(folder.toFile()));
    assertThat(checked.code()).as(checked.out() + checked.err()).isZero();
    assertThat(checked.out()).contains("vlm/adapter/adapter_model.safetensors").doesNotContain("FAIL");
  }
}
