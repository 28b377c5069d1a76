package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.testing.Drawings;
import dev.ocelli.testing.TinyModels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Commands on models of a few kilobytes.
 *
 * @param root holds the models and data, and all that commands write
 */
record TinyCalls(Path root) {
  /** Writes the models, and 16 drawings as data. */
  static TinyCalls in(Path root) {
    TinyModels.write(root.resolve("models"));
    Drawings.write(root.resolve("data"), 16);
    return new TinyCalls(root);
  }

  /** The arguments of a quick training on the tiny models. */
  List<String> train(String run, String... more) {
    List<String> arguments = new ArrayList<>(List.of("train", "--json", "--features", at("features")));
    arguments.addAll(List.of("--data", at("data"), "--out", at(run)));
    for (String which : List.of("vision", "text", "language")) {
      arguments.addAll(List.of("--set", "models." + which + "=" + at("models/" + which)));
    }
    for (String figure :
        List.of(
            "precision=fp32", "features.layers=1", "features.views=0", "data.test=0.25", "data.validation=0.2", "qformer.queries=4", "qformer.projection=8",
            "stage1.passes=2", "stage1.batch=4", "stage1.warmup=1", "stage1.evaluate=1", "stage2.batch=4", "stage2.warmup=1",
            "stage2.lora.rank=2", "generation.max_tokens=6")) {
      arguments.addAll(List.of("--set", figure));
    }
    arguments.addAll(List.of(more));
    return arguments;
  }

  /** As {@link #train}, of one stage. */
  String[] stage(String run, String stage, String... more) {
    List<String> arguments = train(run, more);
    arguments.add(1, stage);
    return arguments.toArray(String[]::new);
  }

  String at(String name) {
    return root.resolve(name).toString();
  }

  Call call(String line, String... more) {
    return Call.of(root, Stream.concat(Stream.of(line.split(" ")), Stream.of(more)).toArray(String[]::new));
  }

  static JsonNode json(Call call) throws IOException {
    assertThat(call.err()).doesNotContain("internal error");
    assertThat(call.code()).as(call.err()).isZero();
    assertThat(call.out()).hasLineCount(1);
    return new ObjectMapper().readTree(call.out());
  }
}
