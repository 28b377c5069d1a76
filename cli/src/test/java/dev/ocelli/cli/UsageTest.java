package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the command line says of itself, and of wrong arguments. */
class UsageTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "pull", "features", "train", "caption", "ask", "match", "index", "search", "serve", "bench", "eval", "eval retrieval", "eval captions",
        "eval grounding", "eval language", "data", "data scenes", "data download", "data grow", "data check", "data import"
      })
  void everyCommandHelpsWithAnExample(String command) {
    Call call = Call.of(folder, Stream.of((command + " --help").strip().split(" ")).toArray(String[]::new));
    assertThat(call.code()).isZero();
    assertThat(call.err()).isEmpty();
    assertThat(call.out()).contains("Usage: " + ("ocelli " + command).strip()).containsPattern("\n  ocelli " + command);
    assertThat(call.out().lines()).allMatch(line -> line.length() <= 100);
  }

  @Test
  void versionIsOneLine() {
    Call call = Call.of(folder, "--version");
    assertThat(call.code()).isZero();
    assertThat(call.out()).startsWith("ocelli ").hasLineCount(1);
  }

  @Test
  void wrongCommandsAndOptionsEndWith2AndTheNearestRightOne() {
    assertThat(Call.of(folder, "trian").err()).contains("'trian'").contains("ocelli train").contains("--help");
    Call option = Call.of(folder, "train", "--dat", "x", "--data", "x", "--out", "y");
    assertThat(option.code()).isEqualTo(2);
    assertThat(option.out()).isEmpty();
    assertThat(option.err()).contains("--dat").contains("Possible solutions: --data");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "frobnicate", "caption", "caption --run", "train vml --data d --out o", "train --data d", "eval",
        "eval retrieval --run r --data d --split dev", "eval retrieval --run r --data d --rerank -1", "data", "data scenes", "data scenes --out o --count many",
        "data download", "data download t.tsv --out o --format zip", "data grow d --run r", "data grow d --run r --out o --yes",
        "eval captions --run r --data d --limit 0", "caption --run r a.jpg --temperature warm",
        "features a.jpg --out f --model m --precision fp8", "match --run r a.jpg", "caption --run r a.jpg --head vlm", "serve", "serve --run r --port http",
        "bench --only stage3", "bench --repeats few", "index --out i", "index --run r --out i", "search dog", "search --index i", "search --index i dog --best 0"
      })
  void otherWrongUsageEndsWith2(String line) {
    Call call = Call.of(folder, line.split(" "));
    assertThat(call.code()).isEqualTo(2);
    assertThat(call.out()).isEmpty();
    assertThat(call.err()).startsWith("ocelli: ").doesNotContain("\tat ");
  }

  @Test
  void aloneItShowsWhatThereIs() {
    Call call = Call.of(folder);
    assertThat(call.code()).isEqualTo(2);
    assertThat(call.err()).contains("Say what to do");
  }

  /** Loading libtorch costs a second or two, and isn't needed to say that an argument is wrong. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help", "train --help", "--version", "train --dta x", "train --data nowhere --out o --set stage1.bacth=3",
        "train --data nowhere --out o",
        "caption --run nowhere a.jpg", "match --run nowhere a.jpg dog", "serve --run nowhere", "index --run nowhere photos --out i", "search --index nowhere dog",
        "data scenes --out o --count 3", "data download nowhere.tsv --out o", "data grow nowhere --run nowhere --out o",
        "eval grounding --run nowhere --data nowhere", "features --model m nowhere.jpg --out o"
      })
  void answersWithoutLibtorch(String line) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-Xlog:class+load:stdout", "-cp"));
    command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Ocelli.class.getName());
    command.addAll(List.of(line.split(" ")));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).directory(new File(folder.toString())).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isBetween(0, 2);
    assertThat(said).contains("dev.ocelli.cli.Ocelli ");
    assertThat(said.lines().filter(l -> l.contains(" org.bytedeco.") && !l.startsWith("ocelli"))).isEmpty();
  }
}
