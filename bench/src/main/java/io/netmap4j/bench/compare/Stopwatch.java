package io.netmap4j.bench.compare;

import java.util.Arrays;

/**
 * Times windows, each between two blocks of work that always takes as long: a window counts only if
 * the processor ran at its normal speed before and after. For one thread.
 */
final class Stopwatch {
  /** Additions of a block: about a microsecond. */
  private static final int BLOCK = 1000;

  /** How much longer than the quickest decile a block may take. */
  private static final double TOLERANCE = 1.1;

  /** Tries for each window that is to count. */
  private static final int TRIES = 4;

  /** Pairs of readings for the clock's overhead. */
  private static final int READINGS = 1001;

  private final double ticksPerNano;
  private long sum = 1;

  /** A window of packets. */
  interface Window {
    /** What must be there before the first of some windows. */
    default void begin() {}

    /** What must be there before; not timed. */
    void prepare();

    /**
     * @param packets a multiple of {@code batch}
     * @param batch at most so many for each call of the driver
     */
    void run(int packets, int batch);
  }

  /**
   * @param tscHertz ticks of the time stamp counter a second; 0 gives nanoseconds
   */
  Stopwatch(long tscHertz) {
    this.ticksPerNano = tscHertz == 0 ? 1 : tscHertz / 1e9;
  }

  /**
   * Packets of a window: about 416. Of a ring of 512 slots DPDK's vector path keeps 64 unarmed, and
   * the rest must be enough.
   */
  static int packets(int batch) {
    return Math.max(1, 416 / batch) * batch;
  }

  /**
   * Times so many windows that count; fewer when most of four times as many were disturbed.
   *
   * @throws IllegalStateException when none counts
   */
  Answer time(Window window, int batch, int windows) {
    int packets = packets(batch);
    window.begin();
    long[] times = new long[windows * TRIES];
    long[] blocks = new long[windows * TRIES];
    int tried = 0;
    long limit = 0;
    int counted = 0;
    while (counted < windows && tried < times.length) {
      for (int end = tried + Math.min(windows, times.length - tried); tried < end; tried++) {
        window.prepare();
        long t0 = System.nanoTime();
        block();
        long t1 = System.nanoTime();
        window.run(packets, batch);
        long t2 = System.nanoTime();
        block();
        long t3 = System.nanoTime();
        times[tried] = t2 - t1;
        blocks[tried] = Math.max(t1 - t0, t3 - t2);
      }
      limit = (long) (percentile(Arrays.copyOf(blocks, tried), 10) * TOLERANCE);
      counted = 0;
      for (int i = 0; i < tried; i++) {
        counted += blocks[i] <= limit ? 1 : 0;
      }
    }
    long[] good = new long[counted];
    for (int i = 0, n = 0; i < tried; i++) {
      if (blocks[i] <= limit) {
        good[n++] = times[i];
      }
    }
    double each = ticksPerNano / packets;
    double mean = Arrays.stream(good).average().orElseThrow();
    return new Answer(
        percentile(good, 50) * each,
        mean * each,
        percentile(good, 5) * each,
        percentile(good, 95) * each,
        good.length,
        tried - good.length,
        packets,
        clock());
  }

  /** What a pair of readings with nothing between them shows, in ticks. */
  private double clock() {
    long[] pairs = new long[READINGS];
    for (int i = 0; i < pairs.length; i++) {
      long before = System.nanoTime();
      pairs[i] = System.nanoTime() - before;
    }
    return percentile(pairs, 50) * ticksPerNano;
  }

  /** Each addition needs the one before it; no loop of them can be shortened. */
  private void block() {
    long x = sum;
    for (int i = 0; i < BLOCK; i++) {
      x += x >>> 63 ^ i;
    }
    sum = x;
  }

  /**
   * @param values are sorted by this; at least one
   */
  private static long percentile(long[] values, int percent) {
    Arrays.sort(values);
    return values[(int) ((long) (values.length - 1) * percent / 100)];
  }
}
