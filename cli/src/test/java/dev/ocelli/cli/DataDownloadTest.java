package dev.ocelli.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ocelli.Sha256;
import dev.ocelli.testing.PictureSite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The download as a user calls it, and what a kill leaves behind. Fetching itself is tested in core's DownloadTest. */
class DataDownloadTest {
  @TempDir Path root;

  private Call download(Path table, String out, String... more) {
    String[] start = {"data", "download", table.toString(), "--out", root.resolve(out).toString(), "--pause", "0"};
    return Call.of(root, Stream.concat(Stream.of(start), Stream.of(more)).toArray(String[]::new));
  }

  @Test
  void saysWhatCameAndWhatFailed() throws IOException {
    try (PictureSite site = new PictureSite(20, 80)) {
      Path table = site.table(root.resolve("cc.tsv"));
      Files.writeString(table, Files.readString(table) + "inside\thttp://10.0.0.1/a.jpg\n");
      Call call = download(table, "out", "--allow-host", site.hosts());
      assertThat(call.code()).as(call.err()).isZero();
      assertThat(call.out())
          .contains("20 pictures of 21 rows")
          .contains("1  private")
          .contains("row 21, http://10.0.0.1/a.jpg: leads to a private network")
          .contains("ocelli train --data");
      JsonNode row = new ObjectMapper().readTree(download(table, "out", "--allow-host", site.hosts(), "--json").out());
      assertThat(row.at("/pictures").asInt()).isEqualTo(20);
      assertThat(row.at("/failed/private/rows").asInt()).isEqualTo(1);
      assertThat(row.at("/finished").asBoolean()).isTrue();
      assertThat(site.visits()).isEqualTo(20);

      row = new ObjectMapper().readTree(download(table, "few", "--allow-host", site.hosts(), "--limit", "5", "--seed", "1", "--json").out());
      assertThat(row.at("/rows").asInt()).isEqualTo(5);
      // Nothing is allowed that wasn't named.
      assertThat(download(table, "none").out()).contains("0 pictures of 21 rows", "21  private");
      assertThat(site.visits()).isLessThanOrEqualTo(25);
    }
  }

  @Test
  void mistakesAreToldShortly() throws IOException {
    assertThat(download(root.resolve("none.tsv"), "a").err()).startsWith("ocelli: There is no file").hasLineCount(1);
    Path csv = Files.writeString(root.resolve("a.tsv"), "image,caption\n");
    assertThat(download(csv, "a").err()).contains("has no line with a caption, a tab and an address");
    assertThat(download(csv, "a", "--per-host", "0").err()).contains("--per-host is 0");
    Call call = Call.of(root, "data", "download", csv.toString(), "--out", "x", "--pause", "-1");
    assertThat(call.err()).contains("--pause is -1.0 s");
    assertThat(root.resolve("a")).doesNotExist();
  }

  /** Killed three times without warning: nothing is lost, nothing comes twice, and the folder is what it would have been without. */
  @Test
  @Tag("system")
  void goesOnAfterKills() throws IOException, InterruptedException {
    int pictures = 400;
    try (PictureSite site = new PictureSite(pictures, 320)) {
      Path table = site.table(root.resolve("cc.tsv"));
      String[] settings = {"--allow-host", site.hosts(), "--parallel", "8"};
      Path killed = root.resolve("killed");
      int before = 0;
      for (int kill = 1; kill <= 3; kill++) {
        Process process = start(table, killed, settings);
        int enough = before + 60;
        while (process.isAlive() && site.visits() < enough) {
          Thread.sleep(2);
        }
        assertThat(process.isAlive()).as(Files.readString(root.resolve("log"))).isTrue();
        process.destroyForcibly();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(killed.resolve("captions.csv")).as("nothing half done is shown").doesNotExist();
        before = site.visits();
      }
      assertThat(start(table, killed, settings).waitFor()).as(Files.readString(root.resolve("log"))).isZero();
      assertThat(site.visits()).as("asked for again is only what was under way").isLessThanOrEqualTo(pictures + 3 * 8);
      assertThat(Files.readAllLines(killed.resolve("captions.csv"))).hasSize(pictures + 1);
      Call whole = download(table, "whole", settings);
      assertThat(whole.code()).as(whole.err()).isZero();
      assertThat(contents(killed)).isEqualTo(contents(root.resolve("whole")));
    }
  }

  private Process start(Path table, Path out, String... settings) throws IOException {
    String java = System.getProperty("java.home") + "/bin/java";
    String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> command = new ArrayList<>(List.of(java, "-Xmx1g", "-cp", classes, Ocelli.class.getName(), "data", "download", table.toString()));
    command.addAll(List.of("--out", out.toString(), "--pause", "0"));
    command.addAll(List.of(settings));
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(root.resolve("log").toFile()).start();
  }

  /** All files but the journal, whose order is that of the answers, and what is hidden. */
  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(f -> Files.isRegularFile(f) && !f.toString().endsWith(".jsonl")).toList()) {
        contents.put(folder.relativize(file).toString(), Sha256.of(file));
      }
    }
    return contents;
  }

  /** 50,000 addresses on 200 hosts of this machine. The figures stand in docs/download.md. */
  @Test
  @Tag("long")
  void fiftyThousandAddresses() throws IOException, InterruptedException {
    int pictures = 50_000;
    try (PictureSite site = new PictureSite(pictures, 240)) {
      Path table = site.table(root.resolve("cc.tsv"));
      long begin = System.nanoTime();
      Process process = start(table, root.resolve("many"), "--allow-host", site.hosts(), "--json");
      long most = 0;
      while (process.isAlive()) {
        most = Math.max(most, peak(process.pid()));
        Thread.sleep(200);
      }
      double seconds = (System.nanoTime() - begin) / 1e9;
      String log = Files.readString(root.resolve("log"));
      System.out.printf("50,000 addresses: %.0f s, %.0f a second, most memory %d MB%n%s%n", seconds, pictures / seconds, most >> 10, log);
      assertThat(process.exitValue()).as(log).isZero();
      assertThat(Files.readAllLines(root.resolve("many/captions.csv"))).hasSizeGreaterThan(pictures * 99 / 100);
      assertThat(most).as("KB").isLessThan(1_600_000);
    }
  }

  /** The most memory that the process has had, in KB; 0 where the system doesn't say. */
  private static long peak(long pid) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
      return lines.filter(line -> line.startsWith("VmHWM")).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElse(0);
    } catch (IOException | java.io.UncheckedIOException gone) {
      return 0;
    }
  }
}
