package dev.ocelli.cli;

import dev.ocelli.UserError;
import dev.ocelli.download.Download;
import dev.ocelli.download.DownloadReport;
import dev.ocelli.download.DownloadSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ocelli data download}. */
@Command(
    name = "download",
    mixinStandardHelpOptions = true,
    description = {
      "Fetches the pictures of a table of captions and addresses (Conceptual Captions as published) into a folder to train on.",
      "Sites are asked one request after a pause, as their robots.txt allows and not while Retry-After forbids. What came must be a picture;"
          + " it is made smaller and saved as JPEG, and of like pictures the first stays. Ctrl-C stops, also a kill; the same command goes"
          + " on from there. At the end stands a table of what failed and why; failed.csv has each row."
    },
    footer = {
      "",
      "Examples:",
      "  ocelli data download cc.tsv --out photos --limit 50000",
      "  ocelli data download cc.tsv --out tars --format tars"
    })
final class DataDownload implements Callable<Integer> {
  /** Where pictures end. */
  enum Format {
    FOLDER,
    TARS;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Console console;

  @Parameters(paramLabel = "TABLE", description = "A file with a caption, a tab and an address a line, or the other way round.")
  private Path table;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "The folder to make: new, or of an earlier call.")
  private Path out;

  @Option(names = "--limit", paramLabel = "N", description = "Draw N rows of the table (default: all).")
  private int limit = Integer.MAX_VALUE;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "42", description = "Of that draw (default: 42).")
  private long seed;

  @Option(
      names = "--format",
      paramLabel = "F",
      defaultValue = "folder",
      description = "${COMPLETION-CANDIDATES}: captions.csv with images/, or WebDataset tars of 10,000 (default: folder).")
  private Format format;

  @Option(
      names = "--side",
      paramLabel = "N",
      defaultValue = "384",
      description = "Make pictures smaller whose shorter side has more pixels than this (default: 384).")
  private int side;

  @Option(names = "--parallel", paramLabel = "N", defaultValue = "32", description = "Requests at the same time (default: 32).")
  private int parallel;

  @Option(names = "--per-host", paramLabel = "N", defaultValue = "2", description = "Requests at the same time to one host (default: 2).")
  private int perHost;

  @Option(
      names = "--pause",
      paramLabel = "S",
      defaultValue = "0.25",
      description = "Seconds from one request to a host to the next; a longer Crawl-delay is obeyed (default: 0.25).")
  private double pause;

  @Option(names = "--timeout", paramLabel = "S", defaultValue = "30", description = "Seconds that one answer may take (default: 30).")
  private int timeout;

  @Option(
      names = "--allow-host",
      paramLabel = "HOST",
      split = ",",
      description = "host or host:port that may be in a private network, for intranets and tests. Others are refused there. May be repeated.")
  private List<String> allowed = List.of();

  @Option(names = "--retry-failed", description = "Try rows anew that failed for what may have passed: no connection, errors of a site.")
  private boolean retry;

  @Option(names = "--json", description = "Print what there is now as JSON.")
  private boolean json;

  DataDownload(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (!Files.isRegularFile(table)) {
      throw UserError.of("There is no file %s. Give the table: a caption, a tab and an address a line.", table);
    }
    if (!(pause >= 0 && pause <= 3600)) {
      throw UserError.of("--pause is %s s; it must be from 0 to 3600.", pause);
    }
    DownloadSettings settings =
        new DownloadSettings(
            limit, seed, format == Format.TARS, side, parallel, perHost, Duration.ofNanos((long) (pause * 1e9)), Duration.ofSeconds(timeout),
            allowed, retry);
    try (StopSignal stop = new StopSignal("Stopping; the same command goes on from here. Once more ends at once.", console::say)) {
      Download.Result result = Download.into(table, out, settings, console.progress(), stop);
      print(result);
      return result.finished() ? Ocelli.FINE : stop.exitCode();
    }
  }

  private void print(Download.Result result) {
    DownloadReport report = result.report();
    if (json) {
      console.json(row(result));
      return;
    }
    console.out().printf(
        "%s: %d pictures of %d rows%s%s%n",
        out, report.pictures(), report.rows(), report.tars() > 0 ? " in " + report.tars() + " tars" : "",
        result.finished() ? "" : "; stopped, the same command goes on");
    lines(report).forEach(console.out()::println);
    if (result.finished() && report.pictures() > 0 && format == Format.FOLDER) {
      console.out().println("Train on it: ocelli train --data " + out + " --out RUN");
    }
  }

  /** The table of what failed, the most frequent first. */
  private static List<String> lines(DownloadReport report) {
    List<String> lines = new ArrayList<>();
    report.failed().entrySet().stream()
        .sorted((a, b) -> b.getValue().rows() - a.getValue().rows())
        .forEach(
            e -> {
              lines.add(String.format(Locale.ROOT, "%9d  %-16s %s", e.getValue().rows(), e.getKey().code(), e.getKey().words()));
              lines.add(" ".repeat(28) + e.getValue().example());
            });
    return lines;
  }

  private Map<String, Object> row(Download.Result result) {
    DownloadReport report = result.report();
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("out", out.toString());
    row.put("finished", result.finished());
    row.put("rows", report.rows());
    row.put("pictures", report.pictures());
    row.put("tars", report.tars());
    Map<String, Object> failed = new LinkedHashMap<>();
    report.failed().forEach((failure, reason) -> failed.put(failure.code(), reason));
    row.put("failed", failed);
    return row;
  }
}
