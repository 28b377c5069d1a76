package dev.ocelli.cli;

import dev.ocelli.Progress;
import java.io.PrintStream;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress as a bar with rate and time left, for a terminal. */
record BarProgress(PrintStream err) implements Progress {
  private static final int INTERVAL_MS = 250;

  @Override
  public Task start(String task, long done, long total, String unit) {
    ProgressBar bar =
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(total)
            .startsFrom(done, Duration.ZERO)
            .setUnit(" " + unit, 1)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(INTERVAL_MS)
            .setMaxRenderedLength(Terminal.columns() - 1)
            .setConsumer(new ConsoleProgressBarConsumer(err, Terminal.columns() - 1))
            .showSpeed(new DecimalFormat("0.0", DecimalFormatSymbols.getInstance(Locale.ROOT)))
            .build();
    return new Task() {
      @Override
      public void advance(long amount) {
        bar.stepBy(amount);
      }

      @Override
      public void say(String text) {
        bar.setExtraMessage(" " + text);
      }

      @Override
      public void close() {
        bar.close();
      }
    };
  }
}
