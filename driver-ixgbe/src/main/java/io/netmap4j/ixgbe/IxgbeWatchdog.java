package io.netmap4j.ixgbe;

import io.netmap4j.spi.Events;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Faults that the card does not report: DMA reads that were refused, TX queues that hang.
 * Housekeeping checks for them under its lock; any thread may read the counts.
 */
final class IxgbeWatchdog {
  private static final Logger LOG = LoggerFactory.getLogger(IxgbeWatchdog.class);

  /** How long a TX queue may make no progress. Tests shorten it. */
  static volatile long limitNanos = 5_000_000_000L;

  private final String name;
  private final IxgbeDevice device;
  private final long[] marks;
  private final long[] since;
  private volatile long hangs;
  private volatile long refusals;

  IxgbeWatchdog(String name, IxgbeDevice device, int txRings) {
    this.name = name;
    this.device = device;
    this.marks = new long[txRings];
    this.since = new long[txRings];
  }

  void watchBus() {
    if (device.wasRefused()) {
      refusals++;
      LOG.error(
          "{}: the card was refused a read of memory (PCI status: received master abort): it was given an address that"
              + " is not mapped for it, or made one up; packets are lost, others may hang. Where: dmesg | grep DMAR"
              + " (AMD: AMD-Vi); mended by a reset of the port",
          name);
    }
  }

  /** A queue that has carrier and packets, and makes no progress for 5 s, hangs: say so once. */
  void watchTransmit(IxgbeTxRing[] rings, boolean carrier) {
    for (int q = 0; q < rings.length; q++) {
      long progress = carrier ? rings[q].progress() : IxgbeTxRing.NO_WORK;
      if (progress == IxgbeTxRing.NO_WORK || progress != marks[q]) {
        marks[q] = progress;
        since[q] = System.nanoTime();
      } else if (since[q] != 0 && System.nanoTime() - since[q] > limitNanos) {
        LOG.warn(
            "{}: tx ring {} has sent nothing for {} s although packets are pending",
            name,
            q,
            limitNanos / 1e9);
        since[q] = 0;
        hangs++;
        Events.stall(name, "tx ring " + q, limitNanos / 1_000_000);
      }
    }
  }

  /** Starts the limit of every queue anew. */
  void restart() {
    Arrays.fill(since, System.nanoTime());
  }

  /** How often a tx ring was found hanging. */
  long hangs() {
    return hangs;
  }

  /** How often the card was found to have been refused a read. */
  long refusals() {
    return refusals;
  }
}
