package io.netmap4j.ixgbe;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Threads;
import io.netmap4j.spi.Events;
import io.netmap4j.spi.NicDevice;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What must not be done by a sync and must not be forgotten: link state, a device that no longer
 * answers, counters before they wrap, the watchdog. A thread does it from {@link #start} to {@link
 * #stop}. Who touches the device's registers in between, except in a sync, holds this object's
 * monitor.
 */
final class IxgbeHousekeeping {
  private static final Logger LOG = LoggerFactory.getLogger(IxgbeHousekeeping.class);

  /** Often enough for 36-bit counters (55 s) and for a program that waits for the link. */
  private static final long INTERVAL_MILLIS = 20;

  /** Rounds between two readings of the counters: 1 s. */
  private static final int COUNTERS_EVERY = 50;

  /** When a check takes longer, the card (or its model) stood still meanwhile. */
  private static final long STALL_NANOS = 500_000_000;

  private final NicDevice nic;
  private final IxgbeDevice device;
  private final IxgbeAdapter adapter;
  private final IxgbeCounters counters;
  private final IxgbeWatchdog watchdog;
  private final IxgbeTxRing[] txRings;
  private final IxgbeRxRing[] rxRings;
  private Thread thread;
  private boolean running;
  private LinkState lastLink = LinkState.DOWN;

  /** What the card had dropped when it was last looked at, and when that was. */
  private long drops;

  private long dropsAt = System.nanoTime();

  IxgbeHousekeeping(
      NicDevice nic,
      IxgbeDevice device,
      IxgbeAdapter adapter,
      IxgbeTxRing[] txRings,
      IxgbeRxRing[] rxRings) {
    this.nic = nic;
    this.device = device;
    this.adapter = adapter;
    this.counters = new IxgbeCounters(Math.max(txRings.length, rxRings.length));
    this.watchdog = new IxgbeWatchdog(nic.name(), device, txRings.length);
    this.txRings = txRings;
    this.rxRings = rxRings;
  }

  /** Clears what the card counted for its last user. Before {@link #start}. */
  void discardCounters() {
    counters.discard(nic);
  }

  synchronized void start() {
    running = true;
    checkLink();
    thread = new Thread(this::run, "netmap4j-housekeeping-" + nic.name());
    thread.setDaemon(true);
    thread.start();
  }

  /** Returns when the thread has ended; an interrupt of the caller's is kept. */
  void stop() {
    Thread ending;
    synchronized (this) {
      ending = thread;
      running = false;
      notifyAll();
    }
    if (ending != null) {
      Threads.join(ending);
    }
  }

  private synchronized void run() {
    for (int round = 1; running; round++) {
      try {
        wait(INTERVAL_MILLIS);
      } catch (InterruptedException e) {
        LOG.debug("{}: interrupted; housekeeping ends when the port is closed", nic.name());
      }
      if (running) {
        try {
          round(round % COUNTERS_EVERY == 0);
        } catch (NetmapException | InternalError e) {
          adapter.deviceLost(e);
        }
      }
    }
  }

  private void round(boolean withCounters) {
    long before = System.nanoTime();
    if (!adapter.dead()) {
      device.watchLink();
    }
    checkLink();
    if (System.nanoTime() - before > STALL_NANOS) {
      watchdog.restart(); // a card that stood still could not report
    }
    if (withCounters && !adapter.dead()) {
      readCounters();
      watchdog.watchTransmit(txRings, adapter.carrier());
      watchDrops();
    }
  }

  private void watchDrops() {
    long now = counters.drops();
    long at = System.nanoTime();
    if (now > drops) {
      Events.dropBurst(nic.name(), now - drops, (at - dropsAt) / 1_000_000);
    }
    drops = now;
    dropsAt = at;
  }

  /** For syncs to read. */
  private LinkState found(LinkState link) {
    if (!link.equals(lastLink)) {
      lastLink = link;
      Events.linkChange(nic.name(), link);
    }
    adapter.linkState(link.up());
    return link;
  }

  /** Link state for syncs to read, and whether the device answers at all. */
  synchronized void checkLink() {
    if (device.gone()) {
      adapter.deviceLost(new NetmapException(Libc.ENXIO, "STATUS reads all ones"));
    } else {
      found(device.link());
    }
  }

  /** The link now, read from the card; down when the port is closed or the device is dead. */
  synchronized LinkState link() {
    if (!running || adapter.dead()) {
      return LinkState.DOWN;
    }
    try {
      return found(device.link());
    } catch (NetmapException | InternalError e) {
      adapter.deviceLost(e);
      return LinkState.DOWN;
    }
  }

  private void readCounters() {
    counters.read(nic);
    watchdog.watchBus();
  }

  /** Adds up what a reset or a stop is about to clear. */
  void lastCounters() {
    counters.read(nic);
  }

  /** Totals by name; read from the card first while it is open and answers. */
  Map<String, Long> totals() {
    synchronized (this) {
      if (running && !adapter.dead()) {
        try {
          readCounters();
        } catch (NetmapException | InternalError e) {
          adapter.deviceLost(e);
        }
      }
    }
    Map<String, Long> totals = counters.totals();
    long bad = 0;
    for (IxgbeRxRing ring : rxRings) {
      bad += ring == null ? 0 : ring.badWriteBacks();
    }
    totals.put("rx_bad_write_backs", bad);
    totals.put("tx_hangs", watchdog.hangs());
    totals.put("dma_refused", watchdog.refusals());
    return totals;
  }

  /**
   * @throws NetmapException EIO when the port is closed; the caller holds the monitor
   */
  void requireRunning() {
    if (!running) {
      throw new NetmapException(Libc.EIO, nic.name() + " is closed");
    }
  }
}
