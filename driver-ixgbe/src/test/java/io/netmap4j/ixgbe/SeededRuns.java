package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.SoakProgress;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * Runs of a test by seed, several at a time, since they mostly wait. {@code -Dnetmap4j.link.seed=N}
 * is the first seed.
 */
final class SeededRuns {
  private static final int AT_ONCE = 8;
  private static final int FIRST = Integer.getInteger("netmap4j.link.seed", 0);

  private SeededRuns() {}

  /** Seeds that follow each other would begin alike. */
  static Random random(int seed) {
    return new Random(seed * 0x9e3779b97f4a7c15L);
  }

  /** Fails when one does, and then tells each seed that has failed and why. */
  static void each(int runs, IntConsumer test) {
    SoakProgress progress = new SoakProgress("runs", runs);
    AtomicInteger done = new AtomicInteger();
    Map<Integer, Throwable> failures = new ConcurrentSkipListMap<>();
    ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
    for (int i = FIRST; i < FIRST + runs; i++) {
      int seed = i;
      pool.execute(
          () -> {
            try {
              test.accept(seed);
            } catch (Throwable e) {
              failures.put(seed, e);
            }
            progress.at(done.incrementAndGet());
          });
    }
    pool.shutdown();
    try {
      assertThat(pool.awaitTermination(2, TimeUnit.HOURS)).as("ended").isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted with failures " + failures, e);
    } finally {
      pool.shutdownNow();
    }
    if (!failures.isEmpty()) {
      AssertionError all = new AssertionError(failures.size() + " of " + runs + ": " + failures);
      failures.values().forEach(all::addSuppressed);
      throw all;
    }
  }
}
