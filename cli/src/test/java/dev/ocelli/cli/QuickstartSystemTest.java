package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ocelli quickstart} as a user starts it, with the starter weights, on few scenes: stopped, gone on with, and its page in a browser. */
@Tag("system")
class QuickstartSystemTest {
  private static final Path REPOSITORY = Path.of("").toAbsolutePath().getParent();
  private static final int MINUTES = 15;
  private static final Pattern ASK = Pattern.compile("ocelli ask --run (\\S+) (\\S+) \"(.+)\"");

  @TempDir static Path folder;

  private static ProcessBuilder command(String... words) {
    return new ProcessBuilder(words).directory(folder.toFile()).redirectErrorStream(true);
  }

  private static String ended(Process process, Path output, int code) throws IOException, InterruptedException {
    if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
    }
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertThat(process.exitValue()).as(text).isEqualTo(code);
    return text;
  }

  private static String call(String... words) throws IOException, InterruptedException {
    Path output = Files.createTempFile(folder, "output", "");
    return ended(command(words).redirectOutput(output.toFile()).start(), output, 0);
  }

  private static String[] quickstart() {
    List<String> words = new ArrayList<>(List.of(REPOSITORY.resolve("ocelli").toString(), "quickstart", "--scenes", "60", "--out", "q"));
    words.addAll(List.of("--features", "features", "--set", "stage1.passes=6", "--set", "stage1.batch=8", "--set", "generation.max_tokens=12"));
    return words.toArray(String[]::new);
  }

  @Test
  void aStoppedOneGoesOnToItsReport() throws Exception {
    assumeTrue(File.separatorChar == '/', "the launcher is a shell script");
    Path output = folder.resolve("stopped");
    Process first = command(quickstart()).redirectOutput(output.toFile()).start();
    Path metrics = folder.resolve("q/run/metrics.jsonl");
    long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES);
    while (first.isAlive() && System.nanoTime() < until && !(Files.exists(metrics) && Files.size(metrics) > 0)) {
      Thread.sleep(100);
    }
    first.destroy();
    assertThat(ended(first, output, 143)).contains("the same command goes on from there");

    String whole = call(quickstart());
    assertThat(whole).contains("Going on with the run", "Test: new pictures", "Unseen: ", "report.html");
    Matcher ask = ASK.matcher(whole);
    assertThat(ask.find()).as(whole).isTrue();
    assertThat(call(REPOSITORY.resolve("ocelli").toString(), "ask", "--run", ask.group(1), ask.group(2), ask.group(3))).isNotBlank();

    // The browser builds the page from the file alone, and finds pictures and curves in it.
    assumeTrue(isThere("chromium"), "no chromium");
    String page =
        call("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + folder.resolve("profile"),
            "--host-resolver-rules=MAP * 0.0.0.0", "--dump-dom", folder.resolve("q/report.html").toUri().toString());
    assertThat(page).contains("<svg", "Right answers", "</html>");
  }

  private static boolean isThere(String program) throws IOException, InterruptedException {
    return new ProcessBuilder("sh", "-c", "command -v " + program).redirectErrorStream(true).start().waitFor() == 0;
  }
}
