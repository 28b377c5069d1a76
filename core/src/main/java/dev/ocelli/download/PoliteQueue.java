package dev.ocelli.download;

import dev.ocelli.net.WebAddress;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Requests that wait for their turn, host by host: to each host only so many at the same time, the next not before a pause has passed or the
 * host wants to hear from us again. Many threads take from it.
 */
final class PoliteQueue {
  /**
   * One request to make.
   *
   * @param row the row that it serves
   * @param hops redirects behind it
   * @param attempt from 0
   */
  record Job(int row, WebAddress address, int hops, int attempt) {}

  /** Requests that failed one after the other until a host is given up. */
  private static final int MOST_TROUBLE = 6;

  /** What is known of a host. */
  private static final class Host {
    final int number;
    final Deque<Job> waiting = new ArrayDeque<>();
    int active;
    /** By {@link System#nanoTime()}. */
    long next;
    /** What {@link #next} was set to for the job taken last. */
    long rested;
    long pause;
    int trouble;
    String givenUp;

    Host(int number, long now, long pause) {
      this.number = number;
      this.next = now;
      this.pause = pause;
    }
  }

  private final int perHost;
  private final long pause;
  private final int room;
  private final Map<String, Host> hosts = new HashMap<>();
  /** Those with work that may be under way; by when, then by age. */
  private final TreeSet<Host> ready;
  private int open;
  private boolean complete;
  private boolean stopped;

  /**
   * @param perHost requests to one host at the same time
   * @param pause nanoseconds from the begin of one request to a host to that of the next
   * @param room how many jobs may be open before {@link #add} waits
   */
  PoliteQueue(int perHost, long pause, int room) {
    this.perHost = perHost;
    this.pause = pause;
    this.room = room;
    long begin = System.nanoTime();
    ready = new TreeSet<>(Comparator.<Host>comparingLong(host -> host.next - begin).thenComparingInt(host -> host.number));
  }

  /**
   * Adds a new job; waits while there are too many.
   *
   * @return whether more may come
   */
  synchronized boolean add(Job job) throws InterruptedException {
    while (open >= room && !stopped) {
      wait();
    }
    open++;
    enqueue(job, 0);
    return !stopped;
  }

  /** No new jobs will come; those under way may still lead to others. */
  synchronized void complete() {
    complete = true;
    notifyAll();
  }

  /** Ends all waiting at once. */
  synchronized void stop() {
    stopped = true;
    notifyAll();
  }

  /** The next job whose turn it is; null where there will be none. */
  synchronized Job take() throws InterruptedException {
    while (!stopped && (open > 0 || !complete)) {
      Host host = ready.isEmpty() ? null : ready.first();
      long now = System.nanoTime();
      if (host == null) {
        wait();
      } else if (host.next - now > 0) {
        TimeUnit.NANOSECONDS.timedWait(this, host.next - now);
      } else {
        ready.remove(host);
        Job job = host.waiting.poll();
        host.active++;
        host.next = now + host.pause;
        host.rested = host.next;
        offer(host);
        return job;
      }
    }
    return null;
  }

  /** A job that was taken makes no request after all, so that its host needs no rest. */
  synchronized void unasked(Job job) {
    Host host = host(job.address().host());
    if (host.next == host.rested) {
      ready.remove(host);
      host.next = System.nanoTime();
      offer(host);
      notifyAll();
    }
  }

  /** A job's request is over and so is the job. */
  synchronized void end(Job job) {
    leave(job);
    open--;
    notifyAll();
  }

  /**
   * A job's request is over, and another follows.
   *
   * @param after nanoseconds that the next one's host isn't to hear from us
   */
  synchronized void follow(Job job, Job next, long after) {
    leave(job);
    enqueue(next, after);
    notifyAll();
  }

  /** Why nothing more is asked of a host, or null. */
  synchronized String givenUp(String name) {
    Host host = hosts.get(name);
    return host == null ? null : host.givenUp;
  }

  synchronized void giveUp(String name, String why) {
    host(name).givenUp = why;
  }

  /** The host answered. */
  synchronized void well(String name) {
    host(name).trouble = 0;
  }

  /** The host didn't answer as it should; after several times one after the other it is given up. */
  synchronized void trouble(String name, String what) {
    Host host = host(name);
    if (++host.trouble >= MOST_TROUBLE && host.givenUp == null) {
      host.givenUp = host.trouble + " requests failed in a row, the last: " + what;
    }
  }

  /** The host asks for a longer pause between requests. */
  synchronized void slowDown(String name, long nanos) {
    Host host = host(name);
    if (nanos > host.pause) {
      ready.remove(host);
      host.pause = nanos;
      host.next = Math.max(host.next, System.nanoTime() + nanos);
      offer(host);
    }
  }

  private Host host(String name) {
    return hosts.computeIfAbsent(name, n -> new Host(hosts.size(), System.nanoTime(), pause));
  }

  private void enqueue(Job job, long after) {
    Host host = host(job.address().host());
    ready.remove(host);
    host.waiting.add(job);
    if (after > 0) {
      host.next = Math.max(host.next, System.nanoTime() + after);
    }
    offer(host);
    notifyAll();
  }

  private void leave(Job job) {
    Host host = host(job.address().host());
    host.active--;
    offer(host);
  }

  private void offer(Host host) {
    if (!host.waiting.isEmpty() && host.active < perHost) {
      ready.add(host);
    }
  }
}
