package dev.ocelli.bench;

import dev.ocelli.nn.Crew;
import java.util.concurrent.atomic.AtomicLong;

/** How fast all cores together read memory: no product that reads its weights once can be faster. */
public final class MemoryBandwidth {
  private final long[] memory;

  /** @param megabytes to read; many times the caches */
  public MemoryBandwidth(int megabytes) {
    memory = new long[Math.multiplyExact(megabytes, 1_000_000 / Long.BYTES)];
  }

  /** One pass over the memory, in bytes a second. */
  public double measure(Crew crew) {
    AtomicLong total = new AtomicLong();
    long begin = System.nanoTime();
    crew.run(memory.length / 4096, 16, (from, to) -> total.addAndGet(sum(from * 4096, to * 4096)));
    double seconds = (System.nanoTime() - begin) / 1e9;
    if (total.get() != 0) {
      throw new IllegalStateException("Memory that was all zeros has the sum " + total);
    }
    return memory.length / 4096 * 4096L * Long.BYTES / seconds;
  }

  private long sum(int from, int to) {
    long sum = 0;
    for (int i = from; i < to; i++) {
      sum += memory[i];
    }
    return sum;
  }
}
