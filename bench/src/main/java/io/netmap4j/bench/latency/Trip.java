package io.netmap4j.bench.latency;

import io.netmap4j.linux.Mem;

/**
 * What is asked of one run of round trips.
 *
 * @param count packets
 * @param gapNanos from the moment one is due to that of the next; 0 for as fast as they come back
 * @param window packets under way at most: what is due beyond that waits, and its time runs
 * @param times address of {@code count} longs that take the time of each packet in ns, from when it
 *     was due; −1 for one that did not come back
 */
record Trip(long count, double gapNanos, int window, long times) {
  /** After so long without one, packets that are not back are lost. */
  static final long PATIENCE_NANOS = 10_000_000_000L;

  /** With memory for its times, which {@link #free} frees. */
  static Trip of(long count, double gapNanos, int window) {
    long times = Mem.allocate(count * Long.BYTES);
    Mem.set(times, count * Long.BYTES, (byte) -1);
    return new Trip(count, gapNanos, window, times);
  }

  /** The time of a packet. */
  long time(long number) {
    return Mem.getLong(times + number * Long.BYTES);
  }

  void free() {
    Mem.free(times);
  }
}
