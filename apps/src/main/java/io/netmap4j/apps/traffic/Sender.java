package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;

/**
 * The transmit loop: wait for room, fill slots, hand them over, again. Everything in it is netmap's
 * API; nothing is allocated for a packet. For one thread.
 */
public final class Sender {
  private final NetmapPort port;
  private final UdpFrame frame;
  private final Pace pace;
  private final int burst;
  private final Tally tally;
  private final int slotsEach;
  private final int[] written;

  /**
   * @param burst most packets put into one ring before the next sync
   */
  public Sender(NetmapPort port, UdpFrame frame, Pace pace, int burst, Tally tally) {
    this.port = port;
    this.frame = frame;
    this.pace = pace;
    this.burst = burst;
    this.tally = tally;
    this.slotsEach = frame.slots(port.memory().bufSize());
    this.written = new int[port.endTxRing()];
  }

  /**
   * Sends {@code count} packets, 0 for no end, and waits until they have left: {@link Ports#drain}.
   */
  public void run(long count, Stop stop) {
    long left = count == 0 ? Long.MAX_VALUE : count;
    tally.begin();
    try {
      while (left > 0 && !stop.requested()) {
        int ready = port.poll(NetmapPort.POLLOUT, 100); // sends what is pending, waits for room
        Ports.check(port, ready);
        for (int r = port.firstTxRing(); r < port.endTxRing() && left > 0; r++) {
          left -= fill(port.tx(r), (int) Math.min(left, burst));
        }
      }
      Ports.drain(port);
    } finally {
      // What is still in the ring has not been sent.
      int unsent = Ports.pending(port) / slotsEach;
      tally.subtract(unsent, (long) unsent * frame.size());
      tally.end();
    }
  }

  /** Puts up to {@code most} packets into the ring. @return how many */
  private int fill(NetmapRing ring, int most) {
    int space = ring.space();
    int n = pace.grant(Math.min(most, space / slotsEach));
    if (n > 0) {
      int slot = ring.head();
      for (int k = 1; k <= n; k++) {
        slot = put(ring, slot, k == n ? Netmap.NS_REPORT : 0);
      }
      ring.advance(slot);
      tally.add(n, (long) n * frame.size(), space - n * slotsEach);
    }
    if (ring.space() < slotsEach) {
      ring.cur(ring.tail()); // wake me when there is more room than now
    }
    return n;
  }

  /** One packet, over as many slots as it needs. @return the slot after it */
  private int put(NetmapRing ring, int slot, int flags) {
    if (slotsEach > 1) {
      return frame.put(ring, slot, flags);
    }
    long buffer = ring.buffer(slot);
    boolean fresh =
        written[ring.ringId()]
            < ring.numSlots(); // buffers keep what was sent, so one round fills them all
    if (fresh) {
      written[ring.ringId()]++;
      ring.putBytes(slot, 0, frame.template(), 0, frame.size());
    }
    if (fresh || frame.varies()) {
      frame.stamp(buffer);
    }
    ring.lenAndFlags(slot, frame.size(), flags);
    return ring.next(slot);
  }
}
