package dev.ocelli.cli;

import dev.ocelli.Progress;
import java.io.PrintStream;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Progress as a plain line now and then, for logs.
 *
 * @param nanos a clock
 */
record LineProgress(PrintStream err, LongSupplier nanos) implements Progress {
  private static final long EVERY_NS = 10_000_000_000L;

  @Override
  public Task start(String task, long done, long total, String unit) {
    return new Line(task, done, total, unit, nanos.getAsLong());
  }

  private final class Line implements Task {
    private final String task;
    private final long before;
    private final long total;
    private final String unit;
    private final long begin;
    private long lastSaid;
    private long done;
    private long saidDone;
    private String beside = "";

    Line(String task, long before, long total, String unit, long begin) {
      this.task = task;
      this.before = before;
      done = before;
      this.total = total;
      this.unit = unit;
      this.begin = begin;
      lastSaid = begin;
    }

    @Override
    public synchronized void advance(long amount) {
      done += amount;
      long now = nanos.getAsLong();
      if (now - lastSaid >= EVERY_NS) {
        lastSaid = now;
        print(now);
      }
    }

    @Override
    public synchronized void say(String text) {
      beside = text;
    }

    @Override
    public synchronized void close() {
      // Work that took no time needs no line.
      if (lastSaid != begin && saidDone != done) {
        print(nanos.getAsLong());
      }
    }

    private void print(long now) {
      saidDone = done;
      double seconds = (now - begin) / 1e9;
      double rate = seconds > 0 ? (done - before) / seconds : 0;
      StringBuilder line = new StringBuilder(task).append(": ").append(done);
      line.append(total >= 0 ? "/" + total : "").append(' ').append(unit);
      line.append(String.format(Locale.ROOT, ", %.1f/s", rate));
      if (total > done && rate > 0) {
        line.append(", ").append(duration((total - done) / rate)).append(" left");
      } else {
        line.append(", ").append(duration(seconds));
      }
      err.println(line.append(beside.isEmpty() ? "" : ", " + beside));
    }
  }

  static String duration(double seconds) {
    long s = Math.round(seconds);
    return s < 60 ? s + " s" : s < 3600 ? s / 60 + " min " + s % 60 + " s" : s / 3600 + " h " + s % 3600 / 60 + " min";
  }
}
