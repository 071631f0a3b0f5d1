package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;

/**
 * Puts frames into one TX ring, as many slots for each as it needs, and hands them over. For one
 * thread.
 */
final class FrameFeed {
  /** Where a frame's bytes come from. */
  interface Frame {
    /** Copies a part of it to the beginning of a slot's buffer. */
    void copyTo(int from, NetmapRing ring, int slot, int bytes);
  }

  private final NetmapPort port;
  private final NetmapRing ring;
  private final Tally tally;
  private final Stop stop;
  private final Runnable waiting;

  // Put into the ring since the last sync.
  private int unsynced;
  private long unsyncedBytes;

  /**
   * @param waiting called about every 100 ms while there is no room, and after each sync
   */
  FrameFeed(NetmapPort port, Tally tally, Stop stop, Runnable waiting) {
    this.port = port;
    this.ring = Ports.firstTxRing(port);
    this.tally = tally;
    this.stop = stop;
    this.waiting = waiting;
  }

  /** The slots that a frame takes. */
  int slots(int length) {
    return (int) Math.max(1, ((long) length + ring.bufSize() - 1) / ring.bufSize());
  }

  /** Waits until the ring has room for a frame of that length, or a stop is requested. */
  void awaitRoom(int length) {
    int slots = slots(length);
    while (ring.space() < slots && !stop.requested()) {
      ring.cur(ring.tail()); // wake me when there is more room than now
      count();
      Ports.check(port, port.poll(NetmapPort.POLLOUT, 100));
      waiting.run();
    }
  }

  /** Puts a frame into the ring, which has room for it. */
  void put(int length, Frame frame) {
    int slot = ring.head();
    int slots = slots(length);
    int from = 0;
    for (int k = 1; k <= slots; k++) {
      int part = Math.min(length - from, ring.bufSize());
      frame.copyTo(from, ring, slot, part);
      ring.lenAndFlags(slot, part, k == slots ? 0 : Netmap.NS_MOREFRAG);
      from += part;
      slot = ring.next(slot);
    }
    ring.advance(slot);
    unsynced++;
    unsyncedBytes += length;
  }

  /** Frames put into the ring since the last sync. */
  int unsynced() {
    return unsynced;
  }

  /** Hands over what is in the ring. */
  void flush() {
    if (unsynced > 0) {
      count();
      Ports.checkSync(port, port.txSync());
      waiting.run();
    }
  }

  private void count() {
    if (unsynced > 0) {
      tally.add(unsynced, unsyncedBytes, ring.space());
    }
    unsynced = 0;
    unsyncedBytes = 0;
  }
}
