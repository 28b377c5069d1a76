package dev.ocelli.download;

import dev.ocelli.AtomicFile;
import dev.ocelli.download.PoliteQueue.Job;
import dev.ocelli.net.FetchError;
import dev.ocelli.net.WebClient;
import dev.ocelli.net.WebReply;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Makes the queue's requests and says how each row ended. Many threads run it at once.
 *
 * @param ended hears of each row once
 * @param unpacking as many permits as pictures may be unpacked at the same time, which takes memory and a core
 */
record Fetching(
    DownloadSettings settings, DownloadFolder folder, WebClient client, RobotsFiles robots, PoliteQueue queue, Semaphore unpacking,
    Consumer<Entry> ended) {
  static final String AGENT = "ocelli";

  private static final int MOST_HOPS = 5;
  private static final int ATTEMPTS = 3;
  private static final int SMALLEST = 32;
  private static final long LONGEST_WAIT = TimeUnit.MINUTES.toSeconds(10);
  private static final Set<String> FORBIDDING = Set.of("noai", "noimageai", "noindex", "noimageindex", "none");

  /** Works until the queue has nothing more. */
  void run() throws InterruptedException {
    for (Job job = queue.take(); job != null; job = queue.take()) {
      request(job);
    }
  }

  private void request(Job job) throws InterruptedException {
    String host = job.address().host();
    String why = queue.givenUp(host);
    if (why != null) {
      queue.unasked(job);
      end(job, Failure.GIVEN_UP, why);
      return;
    }
    try {
      Robots rules = robots.known(job.address());
      if (rules == null) {
        look(job);
      } else if (!rules.allows(job.address().target())) {
        queue.unasked(job);
        end(job, Failure.ROBOTS, "robots.txt");
      } else {
        answered(job, client.get(job.address(), new WebClient.Request(AGENT, "image/*", DownloadSettings.LARGEST, until())));
      }
    } catch (FetchError e) {
      failed(job, e);
    } catch (IllegalArgumentException e) {
      // One row out of millions must not end the others.
      end(job, Failure.ADDRESS, "is no valid address: " + e.getMessage());
    }
  }

  private long until() {
    return System.nanoTime() + settings.timeout().toNanos();
  }

  /** Reads the site's robots.txt first; the job's own request waits for its next turn. */
  private void look(Job job) {
    if (!robots.begin(job.address())) {
      queue.follow(job, job, TimeUnit.MILLISECONDS.toNanos(50)); // another thread is at it
      return;
    }
    RobotsFiles.Answer answer = null;
    try {
      answer = robots.fetch(client, job.address(), until());
    } finally {
      robots.end(job.address(), answer == null ? null : answer.rules());
    }
    if (answer.rules() == null) {
      again(job, Failure.ROBOTS, "robots.txt: " + answer.detail(), answer.retryAfter());
      return;
    }
    queue.well(job.address().host());
    queue.slowDown(job.address().host(), (long) (answer.rules().delay() * 1e9));
    queue.follow(job, job, 0);
  }

  private void answered(Job job, WebReply reply) throws InterruptedException {
    String host = job.address().host();
    int status = reply.status();
    if (status == 429 || status == 408 || status >= 500) {
      again(job, Failure.STATUS, "status " + status, RetryAfter.seconds(reply.header("Retry-After")));
      return;
    }
    queue.well(host);
    if (status == 200 && forbids(reply.headers().get("X-Robots-Tag"))) {
      end(job, Failure.ROBOTS, "X-Robots-Tag");
    } else if (status == 200) {
      keep(job, reply);
    } else if (reply.location() == null) {
      end(job, Failure.STATUS, "status " + status);
    } else if (job.hops() == MOST_HOPS) {
      end(job, Failure.REDIRECTS, "more than " + MOST_HOPS);
    } else {
      queue.follow(job, new Job(job.row(), job.address().redirected(reply.location()), job.hops() + 1, job.attempt()), 0);
    }
  }

  private void keep(Job job, WebReply reply) throws InterruptedException {
    Picture picture;
    unpacking.acquire();
    try {
      picture = Picture.of(reply.body(), reply.header("Content-Type"), settings.side(), SMALLEST);
    } catch (Picture.Unfit e) {
      end(job, e.failure(), e.getMessage());
      return;
    } finally {
      unpacking.release();
    }
    // The file first: a line in the journal says that it is whole. Its name is the row's, so that doing it again changes nothing.
    AtomicFile.writeUnforced(folder.picture(job.row()), picture.jpeg());
    Entry.Kept kept = new Entry.Kept(picture.sha256(), picture.hash(), picture.jpeg().length, picture.width(), picture.height());
    ended.accept(new Entry(job.row(), null, "", kept));
    queue.end(job);
  }

  private void failed(Job job, FetchError e) {
    switch (e.kind()) {
      case STOPPED -> Thread.currentThread().interrupt();
      case CONNECTION -> again(job, Failure.CONNECTION, e.getMessage(), -1);
      case TOO_SLOW -> again(job, Failure.SLOW, e.getMessage(), -1);
      case UNKNOWN_HOST -> end(job, Failure.UNKNOWN_HOST, e.getMessage());
      case ADDRESS -> end(job, Failure.ADDRESS, e.getMessage());
      case PORT, PRIVATE -> end(job, Failure.PRIVATE, e.getMessage());
      case TOO_LARGE -> end(job, Failure.LARGE, e.getMessage());
      case REDIRECTS -> end(job, Failure.REDIRECTS, e.getMessage());
    }
  }

  /**
   * Tries once more after a while, or lets it be.
   *
   * @param retryAfter seconds that the host asks for, -1 where it doesn't
   */
  private void again(Job job, Failure failure, String detail, long retryAfter) {
    String host = job.address().host();
    if (retryAfter > LONGEST_WAIT) {
      queue.giveUp(host, detail + ", asks to wait " + retryAfter + " s");
      end(job, Failure.GIVEN_UP, detail + ", asks to wait " + retryAfter + " s");
      return;
    }
    queue.trouble(host, detail);
    if (job.attempt() + 1 == ATTEMPTS) {
      end(job, failure, detail);
      return;
    }
    long wait = retryAfter >= 0 ? TimeUnit.SECONDS.toNanos(retryAfter) : TimeUnit.SECONDS.toNanos(1) << 2 * job.attempt();
    queue.follow(job, new Job(job.row(), job.address(), job.hops(), job.attempt() + 1), wait);
  }

  private void end(Job job, Failure failure, String detail) {
    ended.accept(Entry.failed(job.row(), failure, detail));
    queue.end(job);
  }

  /** Whether the site asks that nobody, or not we, learn from the picture. */
  static boolean forbids(List<String> tags) {
    if (tags == null) {
      return false;
    }
    for (String tag : tags) {
      // "noai", or for one reader only: "ocelli: noai, noindex"
      int colon = tag.indexOf(':');
      boolean ours = colon < 0 || tag.substring(0, colon).strip().equalsIgnoreCase(AGENT);
      for (String word : tag.substring(colon + 1).split(",")) {
        if (ours && FORBIDDING.contains(word.strip().toLowerCase(Locale.ROOT))) {
          return true;
        }
      }
    }
    return false;
  }
}
