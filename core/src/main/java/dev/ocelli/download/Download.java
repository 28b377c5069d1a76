package dev.ocelli.download;

import dev.ocelli.FolderLock;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.download.DownloadFolder.State;
import dev.ocelli.net.FetchError;
import dev.ocelli.net.WebAddress;
import dev.ocelli.net.WebClient;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

/**
 * Fetches the pictures of a table of captions and addresses into a data folder. What has ended is kept row by row, so that the same call goes
 * on after any stop, and the result doesn't depend on which answer came first.
 */
public final class Download {
  private static final int WINDOW = 10_000;

  /** So many rows in a row without any connection mean that it is ours that is down. */
  private static final int MOST_OFFLINE = 500;

  /**
   * How a call ended.
   *
   * @param finished whether all rows have ended
   * @param report what there is now
   */
  public record Result(boolean finished, DownloadReport report) {}

  private final DownloadSettings settings;
  private final DownloadFolder folder;
  private final Progress progress;
  private final BooleanSupplier stop;
  private final WebClient.Resolver resolver;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private int offline;

  private Download(DownloadSettings settings, DownloadFolder folder, Progress progress, BooleanSupplier stop, WebClient.Resolver resolver) {
    this.settings = settings;
    this.folder = folder;
    this.progress = progress;
    this.stop = stop;
    this.resolver = resolver;
  }

  /**
   * Fetches what isn't there yet.
   *
   * @param table lines of a caption and an address
   * @param out new, or begun by an earlier call
   * @param stop asked often: true ends the call soon, to go on later
   */
  public static Result into(Path table, Path out, DownloadSettings settings, Progress progress, BooleanSupplier stop) {
    return into(table, out, settings, progress, stop, InetAddress::getAllByName);
  }

  static Result into(
      Path table, Path out, DownloadSettings settings, Progress progress, BooleanSupplier stop, WebClient.Resolver resolver) {
    DownloadFolder folder = new DownloadFolder(out);
    folder.refuseOthers();
    AddressTable rows = AddressTable.open(table, settings.limit(), settings.seed());
    try (FolderLock lock = FolderLock.take(out, "ocelli data download")) {
      return new Download(settings, folder, progress, stop, resolver).run(rows);
    }
  }

  private Result run(AddressTable table) {
    State state = folder.begin(table, settings);
    if (settings.retry() && settings.tars() && state != State.FETCHING) {
      throw UserError.of("%s is packed into tars already, so that nothing can be added. Choose another --out.", folder.path());
    }
    try (Journal journal = new Journal(folder.journal(), table.rows())) {
      Ending ending = new Ending(table, settings, folder, journal, progress);
      if (state == State.FETCHING || settings.retry()) {
        if (!fetch(table, journal)) {
          return new Result(false, ending.soFar());
        }
        folder.note(table, settings, State.ENDING);
      }
      DownloadReport report = ending.end();
      folder.note(table, settings, State.FINISHED);
      return new Result(true, report);
    }
  }

  /** Whether all rows have ended. */
  private boolean fetch(AddressTable table, Journal journal) {
    PoliteQueue queue = new PoliteQueue(settings.perHost(), settings.pause().toNanos(), WINDOW);
    EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, threads(), NioIoHandler.newFactory());
    ExecutorService waiting = Executors.newCachedThreadPool(threads());
    try (Progress.Task task = progress.start("download", table.chosen(), "addresses")) {
      int[] ended = new int[2];
      WebClient client = new WebClient(loops, waiting, settings.allowed(), resolver);
      Semaphore unpacking = new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors()));
      Fetching fetching =
          new Fetching(
              settings, folder, client, new RobotsFiles(), queue, unpacking,
              entry -> {
                journal.add(entry);
                watch(entry);
                synchronized (ended) {
                  ended[entry.failure() == null ? 0 : 1]++;
                  task.advance(1);
                  task.say(String.format(Locale.ROOT, "%d pictures, %d failed", ended[0], ended[1]));
                }
              });
      List<Thread> threads = new ArrayList<>();
      threads.add(thread("ocelli-addresses", () -> feed(table, journal, queue, fetching, task)));
      for (int i = 0; i < settings.parallel(); i++) {
        threads.add(thread("ocelli-download", fetching::run));
      }
      threads.forEach(Thread::start);
      return waitFor(threads, queue);
    } finally {
      waiting.shutdownNow();
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  /** Puts the rows that haven't ended into the queue. */
  private void feed(AddressTable table, Journal journal, PoliteQueue queue, Fetching fetching, Progress.Task task) throws InterruptedException {
    boolean[] interrupted = new boolean[1];
    table.forEach(
        row -> {
          if (ended(journal.at(row.number()))) {
            task.advance(1);
            return true;
          }
          if (row.address() == null) {
            fetching.ended().accept(Entry.failed(row.number(), Failure.ROW, ""));
            return true;
          }
          WebAddress address;
          try {
            address = WebAddress.of(row.address());
          } catch (FetchError e) {
            fetching.ended().accept(Entry.failed(row.number(), Failure.ADDRESS, e.getMessage()));
            return true;
          }
          try {
            return queue.add(new PoliteQueue.Job(row.number(), address, 0, 0));
          } catch (InterruptedException e) {
            interrupted[0] = true;
            return false;
          }
        });
    if (!interrupted[0]) {
      queue.complete();
    }
  }

  private boolean ended(Entry entry) {
    if (entry == null) {
      return false;
    }
    if (entry.failure() != null) {
      return !(settings.retry() && entry.failure().passes());
    }
    try {
      // A power cut may have lost the file, or what is in it.
      return Files.size(folder.picture(entry.row())) == entry.picture().size();
    } catch (IOException e) {
      return false;
    }
  }

  private synchronized void watch(Entry entry) {
    Failure why = entry.failure();
    if (why == Failure.UNKNOWN_HOST || why == Failure.CONNECTION || why == Failure.SLOW) {
      if (++offline == MOST_OFFLINE) {
        throw UserError.of(
            "The last %d addresses gave no connection at all. Is this machine online? Then the same command with --retry-failed goes on.",
            MOST_OFFLINE);
      }
    } else if (why != Failure.GIVEN_UP) {
      offline = 0;
    }
  }

  /** Whether the threads came to their end by themselves. */
  private boolean waitFor(List<Thread> threads, PoliteQueue queue) {
    boolean stopping = false;
    try {
      for (Thread thread : threads) {
        while (thread.isAlive()) {
          thread.join(100);
          if (!stopping && (stop.getAsBoolean() || failure.get() != null)) {
            stopping = true;
            queue.stop();
            threads.forEach(Thread::interrupt);
          }
        }
      }
    } catch (InterruptedException e) {
      queue.stop();
      threads.forEach(Thread::interrupt);
      Thread.currentThread().interrupt();
      return false;
    }
    if (failure.get() instanceof Error error) {
      throw error;
    }
    if (failure.get() != null) {
      throw (RuntimeException) failure.get();
    }
    return !stopping;
  }

  private interface Work {
    void run() throws InterruptedException;
  }

  private Thread thread(String name, Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              } catch (RuntimeException | Error e) {
                // What breaks off because we stop is done again by the next call.
                if (!Thread.currentThread().isInterrupted()) {
                  failure.compareAndSet(null, e);
                }
              }
            },
            name);
    thread.setDaemon(true);
    return thread;
  }

  private static ThreadFactory threads() {
    return work -> {
      Thread thread = new Thread(work, "ocelli-net");
      thread.setDaemon(true);
      return thread;
    };
  }
}
