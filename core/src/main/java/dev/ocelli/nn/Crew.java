package dev.ocelli.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that share short loops with the thread that asks: hundreds of times a token, so they wait awake for the next loop and sleep only
 * when none comes for a while. They run plain Java and never call libtorch.
 */
public final class Crew implements AutoCloseable {
  /** Does a loop's iterations from {@code from} (inclusive) to {@code to} (exclusive). */
  public interface Work {
    void run(int from, int to);
  }

  private static final int SPINS = 4000;

  private static final class Loop {
    final Work work;
    final int count;
    final int chunk;
    final AtomicInteger next = new AtomicInteger();
    final AtomicInteger left;
    volatile Throwable failure;

    Loop(Work work, int count, int chunk) {
      this.work = work;
      this.count = count;
      this.chunk = chunk;
      left = new AtomicInteger(count);
    }

    void share() {
      for (int from = next.getAndAdd(chunk); from < count; from = next.getAndAdd(chunk)) {
        int to = Math.min(count, from + chunk);
        try {
          work.run(from, to);
        } catch (RuntimeException | Error e) {
          failure = e;
        }
        left.addAndGet(from - to);
      }
    }
  }

  private final class Member extends Thread {
    volatile boolean asleep;

    Member(int number) {
      super("ocelli-crew-" + number);
      setDaemon(true);
    }

    @Override
    public void run() {
      Loop done = null;
      while (!closed) {
        Loop now = loop;
        for (int i = 0; now == done && i < SPINS; i++) {
          Thread.onSpinWait();
          now = loop;
        }
        if (now == done) {
          asleep = true;
          if (loop == done && !closed) {
            LockSupport.park(Crew.this);
          }
          asleep = false;
        } else {
          done = now;
          now.share();
        }
      }
    }
  }

  private final List<Member> members = new ArrayList<>();
  private volatile Loop loop;
  private volatile boolean closed;

  /**
   * @param threads how many work on a loop, the one that asks included
   */
  public Crew(int threads) {
    for (int i = 1; i < threads; i++) {
      Member member = new Member(i);
      members.add(member);
      member.start();
    }
  }

  /** How many threads work on a loop. */
  public int threads() {
    return members.size() + 1;
  }

  /**
   * Runs a loop of {@code count} iterations on all threads and returns when it is done. One thread at a time may ask.
   *
   * @param least iterations that are worth sharing: fewer are done by the asking thread
   */
  public void run(int count, int least, Work work) {
    if (members.isEmpty() || count <= least) {
      work.run(0, count);
      return;
    }
    // Small enough that a thread which the system holds up keeps little for the others to wait for.
    Loop mine = new Loop(work, count, Math.max(least, count / (4 * threads())));
    loop = mine;
    for (Member member : members) {
      if (member.asleep) {
        LockSupport.unpark(member);
      }
    }
    mine.share();
    for (int i = 0; mine.left.get() > 0; i++) {
      if (i < SPINS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
    if (mine.failure instanceof RuntimeException e) {
      throw e;
    }
    if (mine.failure instanceof Error e) {
      throw e;
    }
  }

  @Override
  public void close() {
    closed = true;
    members.forEach(LockSupport::unpark);
  }
}
