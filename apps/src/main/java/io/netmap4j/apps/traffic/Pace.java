package io.netmap4j.apps.traffic;

import java.util.concurrent.locks.LockSupport;

/** How many packets a sender may send now. For the sender's thread. */
public interface Pace {
  /**
   * Waits a little where there is something to wait for.
   *
   * @return 0 to {@code wanted}; what is granted counts as sent
   */
  int grant(int wanted);

  /** No limit but the ring's. */
  static Pace unlimited() {
    return wanted -> wanted;
  }

  /**
   * So many packets a second, in small even bursts; time lost to a full ring is not made up for.
   */
  static Pace rate(double packetsPerSecond) {
    return rate(packetsPerSecond, 0);
  }

  /**
   * The same, for one of several senders that share a rate.
   *
   * @param delayNanos when the first packet is due, so that they take turns
   */
  static Pace rate(double packetsPerSecond, double delayNanos) {
    return new Pace() {
      private final double nanosEach = 1e9 / packetsPerSecond;
      private final int chunk = (int) Math.min(4096, Math.max(1, packetsPerSecond / 300));
      private double due = System.nanoTime() + delayNanos;

      @Override
      public int grant(int wanted) {
        int n = Math.min(wanted, chunk);
        double early = due - System.nanoTime();
        if (n == 0) {
          return 0;
        }
        if (early > 0) {
          LockSupport.parkNanos((long) Math.min(early, 10e6));
          return 0;
        }
        due += n * nanosEach + Math.max(0, -early - 50e6);
        return n;
      }
    };
  }
}
